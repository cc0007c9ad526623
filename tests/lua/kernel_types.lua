-- Opcodes by type of file: pipes, sockets, eventfds, devices, directories,
-- procfs (kernel.md, sections 4, 9 and 13.1).
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local ctx = assert(aio.setup(64))
local buf, small = assert(aio.buffer(4096)), assert(aio.buffer(4))
local path = kernel.file("types.dat", 8192)

local function open(name, flags)
  local f, message = aio.open(name, flags)
  return f, not f and message or nil
end

local r, w = aio.pipe("nonblock")
local empty = { aio.pipe() }
local orphan = { aio.pipe("nonblock") }
orphan[1]:close()
local full = { aio.pipe("nonblock") }
repeat until not full[2]:write(("x"):rep(4096))
local efd, efd_none = aio.eventfd(5), aio.eventfd(0)
local zero, null = open("/dev/zero", "rdwr"), open("/dev/null", "rdwr")
local devfull, random = open("/dev/full", "rdwr"), open("/dev/urandom")
local directory = open(kernel.dir)
local status, environ = open("/proc/self/status"), open("/proc/self/environ")
local mem, mounts = open("/proc/self/mem"), open("/proc/self/mounts")
local sysfs, no_sysfs = open("/sys/kernel/mm/transparent_hugepage/enabled")
local waiter, timer = aio.waiter(), aio.timer(1000)
local memory = open("/dev/shm", "tmpfile,rdwr")
local tty, no_tty = open("/dev/ptmx", "rdwr,nonblock")

local function pread(f, ...)
  local args = table.pack(f, ...)
  args[2] = args[2] or buf
  return function() return aio.pread(table.unpack(args, 1, args.n + 1)) end
end

local function pwrite(f, b)
  return function() return aio.pwrite(f, b or buf) end
end

local function fsync(f)
  return function() return aio.fsync(f) end
end

local function poll(f, events)
  return function() return aio.poll(f, events or "in") end
end

w:write("hello")
kernel.rows(ctx, {
  -- pipes; blocking ones block io_submit
  { "pipe with data: read", "res 5", pread(r) },
  { "empty O_NONBLOCK pipe: read", "res -EAGAIN", pread(r) },
  { "full O_NONBLOCK pipe: write", "res -EAGAIN", pwrite(full[2]) },
  { "empty pipe, RWF_NOWAIT: read", "res -EAGAIN", function()
    return aio.pread { fd = empty[1], buf = buf, rw_flags = "nowait" }
  end },
  { "pipe: write", "res 4", pwrite(w, small) },
  { "pipe: read at an offset, which is ignored", "res 4",
    pread(r, buf, 4096, 12345) },
  { "pipe without reader: write", "res -EPIPE", pwrite(orphan[2]) },
  { "pipe: fsync", "submit EINVAL", fsync(r) },
  -- eventfds
  { "eventfd: read of 8 bytes", "res 8", pread(efd, buf, 8),
    kernel.since(5, 7) },
  { "eventfd: read of fewer", "res -EINVAL", pread(efd, small),
    kernel.since(5, 7) },
  { "eventfd at 0 (O_NONBLOCK): read", "res -EAGAIN",
    pread(efd_none, buf, 8), kernel.since(5, 7) },
  { "eventfd: write", "submit EINVAL", pwrite(efd) },
  { "eventfd: fsync", "submit EINVAL", fsync(efd) },
  -- devices
  { "/dev/zero: read", "res 4096", pread(zero) },
  { "/dev/zero: write", "res 4096", pwrite(zero) },
  { "/dev/zero: fsync", "submit EINVAL", fsync(zero) },
  { "/dev/zero: poll", "res 1", poll(zero) },
  { "/dev/null: read", "res 0", pread(null) },
  { "/dev/null: write", "res 4096", pwrite(null) },
  { "/dev/null: poll", "res 5", poll(null, "in,out") },
  { "/dev/full: read", "res 4096", pread(devfull) },
  { "/dev/full: write", "submit EINVAL", pwrite(devfull) },
  { "/dev/urandom: read", "res 4096", pread(random), kernel.since(5, 19) },
  { "/dev/urandom: poll", "res 1", poll(random) },
  -- directories
  { "directory: read", "submit EINVAL", pread(directory) },
  { "directory: write", "submit EBADF", pwrite(directory) },
  { "directory: fsync", "res 0", fsync(directory) },
  { "directory: fdsync", "res 0",
    function() return aio.fdsync(directory) end },
  { "directory: poll", "res 1", poll(directory) },
  { "directory: poll in,out", "res 5", poll(directory, "in,out") },
  -- procfs and sysfs
  { "/proc/self/status: read", "submit EINVAL", pread(status) },
  { "/proc/self/environ: read", "submit EINVAL", pread(environ) },
  { "/proc/self/mem: read", "submit EINVAL", pread(mem),
    not mem and "/proc/self/mem can't be opened" or nil },
  { "/proc/self/status: fsync", "submit EINVAL", fsync(status) },
  { "/proc/self/status: poll", "res 1", poll(status) },
  { "sysfs: poll of its file", { "res 1", "res 11", "res 9" },
    poll(sysfs), no_sysfs },
  -- other descriptors
  { "epoll: read", "submit EINVAL", pread(waiter) },
  { "epoll: fsync", "submit EINVAL", fsync(waiter) },
  { "timerfd: fsync", "submit EINVAL", fsync(timer) },
  { "memfd or unnamed tmpfs file: write", "res 4096", pwrite(memory),
    not memory and "no /dev/shm" or nil },
  { "the same: read", "res 4096", pread(memory),
    not memory and "no /dev/shm" or nil },
  { "the same: fsync", "res 0", fsync(memory),
    not memory and "no /dev/shm" or nil },
  { "tty: fsync", "submit EINVAL", fsync(tty), no_tty },
  { "tty not ready: poll", "submit EINVAL", poll(tty), no_tty },
  { "tty ready: poll answers at once", "res 4", poll(tty, "out"), no_tty },
})

local function reads(f, name)
  local outcome = f and kernel.outcome(ctx, aio.pread(f, buf)) or "res 1"
  tap.ok(tonumber(outcome:match("^res (%d+)$")) or 0 > 0,
    name .. ": read works: " .. outcome)
end

reads(mounts, "/proc/self/mounts")
if sysfs then
  reads(sysfs, "sysfs")
else
  tap.skip(no_sysfs, "sysfs: read works")
end

do -- a FIFO opened for both has two wait queues
  local name = kernel.dir .. "/types.fifo"
  if os.execute("mkfifo '" .. name .. "'") then
    local fifo = assert(aio.open(name, "rdwr,nonblock"))
    os.remove(name)
    kernel.rows(ctx, {
      { "FIFO O_RDWR not ready: poll", "submit EINVAL", poll(fifo),
        kernel.since(5, 5) },
      { "FIFO O_RDWR ready: poll", "res 4", poll(fifo, "out") } })
  else
    tap.skip("no mkfifo here", 2)
  end
end

do -- the file position, and appending
  local f = assert(io.open(path, "r+"))
  f:setvbuf("no")
  f:read(10)
  ctx:submit(aio.pread(f, buf), aio.pwrite(f, buf, 100, 4000))
  ctx:getevents(2, 2, 10)
  tap.is(f:seek("cur"), 10, "no request moves the file position")
  f:close()
  local a = assert(aio.open(path, "rdwr,append,trunc"))
  for _ = 1, 2 do
    tap.is(kernel.outcome(ctx, aio.pwrite(a, small, 4, 100)), "res 4",
      "O_APPEND: a write at offset 100")
  end
  tap.is(a:size(), 8, "is appended")
end

-- ---- what is finished when io_submit returns ----

local function synchronous(name, iocb)
  ctx:submit(iocb)
  tap.is(ctx.last_submit.done_at_return, 1, name .. ": finished at return")
  ctx:getevents(1, 1, 10)
end

if ctx.ring.usable then
  local f = assert(aio.open(path, "rdwr"))
  synchronous("buffered read", aio.pread(f, buf))
  synchronous("buffered write", aio.pwrite(f, buf))
  synchronous("/dev/zero", aio.pread(zero, buf))
  synchronous("empty O_NONBLOCK pipe", aio.pread(r, buf))
  synchronous("poll of a file", aio.poll(f, "in"))
  synchronous("a read of nothing", aio.pread(f, buf, 0))
  ctx:submit(aio.poll(efd_none, "in"))
  tap.is(ctx.last_submit.done_at_return, 0, "a poll that waits is not")
else
  tap.skip("without a ring nobody knows", 7)
end

kernel.remove()
tap.done()
