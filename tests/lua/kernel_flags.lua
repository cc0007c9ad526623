-- aio_rw_flags and IOCB_FLAG_RESFD (kernel.md, sections 5 and 13.1).
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local ctx = assert(aio.setup(64))
local path = kernel.file("flags.dat", 8192)
local buf = assert(aio.buffer(4096))
local buffered = assert(aio.open(path, "rdwr"))
local direct, no_direct = kernel.direct(path)
local zero = assert(aio.open("/dev/zero", "rdwr"))
local r, w = aio.pipe()
local memory = aio.open("/dev/shm", "tmpfile,rdwr")
local no_tmpfs = not (memory and kernel.fs("/dev/shm") == "tmpfs")
  and "no writable tmpfs in /dev/shm" or nil
if memory then memory:write(("z"):rep(8192)) end

local function read(f, flags)
  return function()
    return aio.pread { fd = f, buf = buf, rw_flags = flags }
  end
end

local function write(f, flags)
  return function()
    return aio.pwrite { fd = f, buf = buf, rw_flags = flags }
  end
end

local function warm()
  buffered:read(8192, 0)
  return read(buffered, "nowait")()
end

local known = kernel.only("ext4", "xfs")
local NOT_SUPPORTED, DONE = "submit EOPNOTSUPP", "res 4096"

-- Flags that change nothing that can be seen: {name, since}.
local harmless = {
  { "hipri" }, { "dsync", 4, 13 }, { "sync", 4, 13 }, { "append", 4, 16 },
  { "noappend", 6, 9 }, { "nosignal", 6, 18 },
}

local function everywhere(flag, old)
  kernel.rows(ctx, {
    { flag .. ", buffered read", DONE, read(buffered, flag), old },
    { flag .. ", buffered write", DONE, write(buffered, flag), old },
    { flag .. ", direct read", DONE, read(direct, flag),
      old or no_direct },
    { flag .. ", direct write", DONE, write(direct, flag),
      old or no_direct },
    { flag .. ", tmpfs read", DONE, read(memory, flag), old or no_tmpfs },
    { flag .. ", tmpfs write", DONE, write(memory, flag), old or no_tmpfs },
    { flag .. ", /dev/zero", DONE, read(zero, flag), old },
  })
end

for _, h in ipairs(harmless) do
  everywhere(h[1], h[2] and kernel.since(h[2], h[3]))
end

local ext4 = kernel.only("ext4")
kernel.rows(ctx, {
  { "nowait, buffered read, warm", DONE, warm, known },
  { "nowait, buffered write on ext4", "res -EOPNOTSUPP",
    write(buffered, "nowait"), ext4 },
  { "nowait, buffered write on xfs", DONE, write(buffered, "nowait"),
    kernel.only("xfs") },
  { "nowait, direct read", DONE, read(direct, "nowait"),
    known or no_direct },
  { "nowait, direct write", { DONE, "res -EAGAIN" },
    write(direct, "nowait"), known or no_direct },
  { "nowait, tmpfs read", NOT_SUPPORTED, read(memory, "nowait"), no_tmpfs },
  { "nowait, tmpfs write", NOT_SUPPORTED, write(memory, "nowait"),
    no_tmpfs },
  { "nowait, /dev/zero", DONE, read(zero, "nowait"), kernel.since(6, 4) },
  { "nowait, an empty pipe", "res -EAGAIN", read(r, "nowait") },
  { "append and noappend", "submit EINVAL",
    write(buffered, "append,noappend"), kernel.since(6, 9) },
  { "atomic, buffered read", NOT_SUPPORTED, read(buffered, "atomic") },
  { "atomic, buffered write", NOT_SUPPORTED, write(buffered, "atomic") },
  { "atomic, direct read", NOT_SUPPORTED, read(direct, "atomic"),
    no_direct },
  { "atomic, direct write on ext4", { NOT_SUPPORTED, DONE },
    write(direct, "atomic"), ext4 or no_direct },
  { "atomic, direct write on xfs", DONE, write(direct, "atomic"),
    kernel.only("xfs") or no_direct or kernel.since(6, 16) },
  { "atomic, tmpfs write", NOT_SUPPORTED, write(memory, "atomic"),
    no_tmpfs },
  { "atomic, /dev/zero read", NOT_SUPPORTED, read(zero, "atomic") },
  { "dontcache, buffered read", DONE, read(buffered, "dontcache"),
    known or kernel.since(6, 14) },
  { "dontcache, buffered write", DONE, write(buffered, "dontcache"),
    known or kernel.since(6, 14) },
  { "dontcache, direct read", DONE, read(direct, "dontcache"),
    known or no_direct or kernel.since(6, 14) },
  { "dontcache, tmpfs read", NOT_SUPPORTED, read(memory, "dontcache"),
    no_tmpfs },
  { "dontcache, tmpfs write", NOT_SUPPORTED, write(memory, "dontcache"),
    no_tmpfs },
  { "dontcache, /dev/zero", NOT_SUPPORTED, read(zero, "dontcache") },
  { "unknown 0x200", NOT_SUPPORTED, read(buffered, 0x200) },
  { "unknown 0x400", NOT_SUPPORTED, read(buffered, 0x400) },
  { "unknown 0x80000000", NOT_SUPPORTED, read(zero, 0x80000000) },
})

do -- what APPEND and NOAPPEND are for
  local f = assert(aio.open(path, "rdwr,trunc"))
  local a = assert(aio.open(path, "rdwr,append"))
  f:write("12345678")
  local text = aio.buffer(4)
  local function put(file, flag)
    return function()
      return aio.pwrite { fd = file, buf = text, rw_flags = flag }
    end
  end
  kernel.rows(ctx, { { "append at offset 0", "res 4", put(f, "append") } })
  tap.is(f:size(), 12, "is appended")
  local old = kernel.since(6, 9)
  kernel.rows(ctx, {
    { "noappend on O_APPEND", "res 4", put(a, "noappend"), old } })
  tap.is(f:size(), 12, "honours the offset")
end

-- ---- RESFD ----

local efd = assert(aio.eventfd())

local function signalled(...)
  assert(ctx:submit(...))
  return ctx:getevents(nil, nil, 10)
end

do
  local list = {}
  for i = 1, 10 do
    list[i] = aio.pread { fd = zero, buf = buf:slice(i * 8, 8),
      eventfd = efd }
  end
  ctx:submit(list)
  ctx:getevents(10, 10, 10)
  tap.is(efd:read(), 10, "10 completions: the eventfd counts 10")
  ctx:submit(aio.iocb { fd = -1, eventfd = efd })
  tap.errno("EAGAIN", "a refused submit adds nothing", efd:read())
  local poll = aio.poll { fd = r, events = "in", eventfd = efd }
  ctx:submit(poll)
  ctx:cancel(poll)
  ctx:getevents(1, 1, 10)
  tap.is(efd:read(), 1, "a canceled poll adds one")
end

do
  efd:write(0xfffffffffffffffe)
  tap.is(#signalled(aio.pread { fd = zero, buf = buf, eventfd = efd }), 1,
    "a full eventfd: events arrive")
  tap.ok(efd:read(), "and it is readable")
  efd = assert(aio.eventfd())
  local poll = aio.poll { fd = efd, events = "in", eventfd = efd }
  ctx:submit(poll)
  efd:write(1)
  tap.is(ctx:getevents(1, 1, 10)[1].revents, "in", "an eventfd polls itself")
  tap.is(efd:read(), 2, "and counts its own signal")
  local other = assert(aio.eventfd())
  ctx:submit(aio.poll { fd = r, events = "in", eventfd = other })
  other:close()
  w:write("x")
  tap.is(#ctx:getevents(1, 1, 10), 1, "an eventfd closed in flight")
end

kernel.remove()
tap.done()
