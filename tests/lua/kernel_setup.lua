-- io_setup, io_destroy and how much fits (kernel.md, sections 1, 2 and 13.2).
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local limits = aio.limits()
local max = limits.aio_max_nr

local function refused(want, nr, why)
  tap.errno(want, ("io_setup(%d): %s"):format(nr, why), aio.setup(nr))
end

refused("EINVAL", 0, "nothing")
if max < 4194304 then
  refused("EAGAIN", max + 1, "over aio-max-nr")
  refused("EAGAIN", 4194304, "the largest that is not too large")
  refused("EAGAIN", 0x80000000, "doubled, it is 0")
else
  tap.skip("fs.aio-max-nr is " .. max, 3)
end
refused("EINVAL", 4194305, "too large for any ring")
refused("EINVAL", 0x10000000, "too large")
refused("EINVAL", 0x7fffffff, "too large")
refused("EINVAL", 0xffffffff, "too large")

local ctx = assert(aio.setup(8))
refused("EAGAIN", max, "all of the quota, of which we have some already")

-- ---- the size of the ring ----

local function cpus()
  local text = kernel.ask("cat /sys/devices/system/cpu/possible") or ""
  local last = text:match("^0%-(%d+)$") or text:match("^(0)$")
  return last and math.tointeger(last) + 1
end

local function ring_size(nr, ncpu)
  local bytes = 32 + 32 * (math.max(nr, 4 * ncpu) * 2 + 2)
  local pages = (bytes + limits.page_size - 1) // limits.page_size
  return (pages * limits.page_size - 32) // 32
end

local ring, ncpu = ctx.ring, cpus()
if ring.usable and ncpu then
  for _, nr in ipairs { 1, 62, 63, 64, 100, 128, 256, 512, 1000, 1024 } do
    local c = assert(aio.setup(nr))
    tap.is(c.ring.nr, ring_size(nr, ncpu), "ring of io_setup(" .. nr .. ")")
  end
  tap.is(ring.magic, aio.AIO_RING_MAGIC, "magic")
  tap.is(ring.compat, aio.AIO_RING_COMPAT_FEATURES, "compat")
  tap.is(ring.incompat, aio.AIO_RING_INCOMPAT_FEATURES, "incompat")
  tap.is(ring.head, ring.tail, "empty")
else
  tap.skip("the ring can't be read here, or the number of CPUs", 14)
end

-- ---- full ----

local r, w = aio.pipe("nonblock")

local function polls(n)
  local list = {}
  for i = 1, n do list[i] = aio.poll(r, "in") end
  return list
end

do
  local many = polls(400 + 16 * (ncpu or 64))
  local n = ctx:submit(many)
  while ctx:submit(many, nil, n + 1) do n = n + ctx.last_submit.taken end
  tap.ok(n >= 8 and n < #many,
    "what fits is accepted, at least what was asked for: " .. n)
  tap.errno("EAGAIN", "when nothing fits", ctx:submit(many[n + 1]))
  w:write("x")
  tap.is(#ctx:getevents(n, n, 10), n, "and never an event is lost")
  tap.is(ctx:submit(many[n + 1]), 1, "then there is room")
  tap.is(#ctx:reap(10) + #ctx:getevents(0, 10, 0), 1, "(ready at once)")
  r:read(10)
end

if ring.usable then
  local many = polls(3)
  ctx:submit(many)
  w:write("x")
  tap.is(ctx.ring.ready, 3, "ready events in the ring")
  tap.is(#ctx:getevents(1, 1, 10), 1, "one by the kernel")
  tap.is(#ctx:reap(1), 1, "one from the ring")
  tap.is(#ctx:getevents(1, 100000, 10), 1,
    "the rest by the kernel: nr over the ring's is cut")
  tap.is(ctx.ring.head, ctx.ring.tail, "empty")
  r:read(10)
else
  tap.skip("the ring can't be used here", 5)
end

-- ---- io_destroy ----

do
  ctx:submit(polls(4))
  tap.is(ctx:destroy(), 4, "io_destroy with polls in flight cancels them")
  local c = assert(aio.setup(8))
  tap.is(kernel.outcome(c, aio.poll(w, "out")), "res 4",
    "a new context, perhaps at the same address, works")
end

-- ---- limits of the process, in another one ----

local child = [[
local aio = require "aio"
local function limit(what)
  return os.execute("prlimit --" .. what .. " --pid $PPID >/dev/null 2>&1")
end
local ctx = limit("memlock=0") and aio.setup(8)
print(ctx and "0" or "none")
local status = io.open("/proc/self/status"):read("a")
local name = os.getenv("TMPDIR") .. "/setup_child.dat"
local f = assert(aio.open(name, "rdwr,creat"))
local small = limit("fsize=6000")
local function write(offset)
  ctx:submit(aio.pwrite(f, aio.buffer(4096), 4096, offset))
  return ctx:getevents(1, 1, 10)[1].res
end
print(small and write(4096) or "none")
print(small and write(8192) or "none")
os.remove(name)
local kib = math.tointeger(status:match("VmSize:%s*(%d+)"))
local set = limit("as=" .. (kib + 600) * 1024)
print(set and select(3, aio.setup(20000)) or "none")
os.exit(0)
]]

local function limited()
  local name = kernel.dir .. "/setup_child.lua"
  local f = assert(io.open(name, "w"))
  f:write(child)
  f:close()
  local p = io.popen(("TMPDIR='%s' %s '%s' 2>/dev/null"):format(kernel.dir,
    kernel.interpreter(), name))
  local memlock, crossing, beyond, space = p:read("l", "l", "l", "l")
  p:close()
  os.remove(name)
  return memlock, crossing, beyond, space
end

if os.getenv("SAN") and os.getenv("SAN") ~= "" then
  tap.skip("ASan needs its address space", 4)
else
  local memlock, crossing, beyond, space = limited()
  if memlock == "none" or crossing == "none" or space == "none" then
    tap.skip("prlimit can't set limits here", 4)
  else
    tap.is(crossing, "1904", "a write across RLIMIT_FSIZE: a short count")
    tap.is(beyond, tostring(-aio.EFBIG), "beyond it: EFBIG, no SIGXFSZ kills")
    tap.is(memlock, "0", "RLIMIT_MEMLOCK 0 does not matter")
    tap.is(space, tostring(aio.ENOMEM), "RLIMIT_AS too small: ENOMEM")
  end
end
tap.skip("a wrong *ctxp, a second io_destroy, the ring unmapped: tests/c",
  "what safe Lua can't express")
tap.skip("the exec and exit of a process with slow reads: needs root",
  "rows about processes in state D")
tap.done()
