-- IOCB_CMD_POLL, eventfd and epoll (kernel.md, sections 8 and 13.1).
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local ctx = assert(aio.setup(64))
local path = kernel.file("poll.dat", 4096)
local IN, OUT, HUP = aio.POLLIN, aio.POLLOUT, aio.POLLHUP
local ALL = 0xffff

local function poll(fd, events)
  return function() return aio.poll(fd, events) end
end

-- ---- masks ----

do
  local r, w = aio.pipe("nonblock")
  w:write("x")
  kernel.rows(ctx, {
    { "pipe with data", "res 1", poll(r, "in") },
    { "pipe with data, all bits asked", "res 65", poll(r, ALL) },
    { "pipe, writable", "res 4", poll(w, "out") },
    { "the bits of 16", "res 65", poll(r, "in,rdnorm,rdband,pri") },
  })
  w:close()
  kernel.rows(ctx, {
    { "closed writer and data", "res 17", poll(r, "in") },
    { "hup is implied", "res 16", poll(r, 0) },
  })
  r:close()
  local reader, writer = aio.pipe()
  reader:close()
  kernel.rows(ctx, {
    { "err is implied", "res 8", poll(writer, 0) },
    { "no reader", "res 12", poll(writer, "out") },
  })
end

do
  local f = assert(aio.open(path, "rdwr"))
  kernel.rows(ctx, {
    { "regular file", "res 1", poll(f, "in") },
    { "regular file, in and out", "res 5", poll(f, "in,out") },
    { "regular file, events 0", "submit EINVAL", poll(f, 0) },
    { "regular file, pri only", "submit EINVAL", poll(f, "pri") },
  })
  local waiter = assert(aio.waiter())
  tap.errno("EPERM", "epoll can't watch a regular file", waiter:add(f))
end

-- ---- one-shot ----

do
  local r, w = aio.pipe("nonblock")
  local one = aio.poll(r, "in")
  tap.is(ctx:submit(one), 1, "a poll is asynchronous")
  tap.is(#ctx:getevents(0, 10, 0), 0, "nothing yet")
  w:write("a")
  tap.is(#ctx:getevents(1, 10, 10), 1, "a write fires it")
  w:write("b")
  tap.is(ctx.inflight, 0, "once")
  tap.is(kernel.outcome(ctx, one), "res 1", "with data left: at once")
  r:read(10)
  ctx:submit(one)
  w:close()
  tap.is(ctx:getevents(1, 1, 10)[1].res & HUP, HUP, "the writer's close")
end

-- ---- what it can wait for ----

local function asynchronous(name, fd, events)
  local cb = aio.poll(fd, events)
  tap.is(ctx:submit(cb), 1, name .. ": accepted")
  tap.is(#ctx:getevents(0, 1, 0), 0, name .. ": not ready, waits")
  return function(fire, mask)
    fire()
    local ev = ctx:getevents(1, 1, 10)[1]
    tap.is(ev and ev.res & mask, mask, name .. ": fires")
  end
end

do
  local efd = assert(aio.eventfd())
  asynchronous("eventfd", efd, "in")(function() efd:write(1) end, IN)
  local w = assert(aio.waiter())
  local inner = assert(aio.eventfd())
  w:add(inner, "in")
  asynchronous("epoll", w, "in")(function() inner:write(1) end, IN)
  local r, wr = aio.pipe("nonblock")
  repeat until not wr:write(("x"):rep(4096))
  asynchronous("full pipe", wr, "out")(function()
    repeat until #(r:read(65536) or "") == 0
  end, OUT)
  local timer = assert(aio.timer(1000))
  local cb = aio.poll(timer, "in")
  ctx:submit(cb)
  tap.is(ctx:cancel(cb), true, "timer: waits")
  ctx:getevents(1, 1, 10)
  tap.is(kernel.outcome(ctx, aio.poll(assert(aio.timer(1e-9)), "in")),
    "res 1", "timer: fires")
  local mounts = assert(aio.open("/proc/self/mounts"))
  cb = aio.poll(mounts, "pri")
  tap.is(ctx:submit(cb), 1, "/proc/self/mounts: accepted")
  ctx:cancel(cb)
  tap.is(ctx:getevents(1, 1, 10)[1].res, 0, "/proc/self/mounts: waits")
  tap.skip("sockets, signalfd, inotify, pidfd: tests/c",
    "what Lua has no function for")
end

-- ---- eventfd and epoll ----

local function ready(w)
  local n = 0
  for _ in w:wait(0) do n = n + 1 end
  return n
end

do
  local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(8))
  local level, edge = assert(aio.waiter()), assert(aio.waiter())
  local efd = assert(aio.eventfd())
  level:add(efd, "in")
  edge:add(efd, "in,et")
  local function complete()
    ctx:submit(aio.pread { fd = zero, buf = buf, eventfd = efd })
    ctx:getevents(1, 1, 10)
  end
  complete()
  tap.is(ready(level), 1, "reaping leaves a stale readable eventfd")
  tap.is(ready(level), 1, "level-triggered: ready until it is read")
  tap.is(ready(edge), 1, "edge-triggered: ready once")
  tap.is(ready(edge), 0, "and no more")
  complete()
  tap.is(ready(edge), 1, "a new completion makes a new edge, also unread")
  tap.is(efd:read(), 2, "one read clears the whole count")
  tap.is(ready(level), 0, "then it is not ready")
  local semaphore = assert(aio.eventfd(0, "nonblock,semaphore"))
  edge:add(semaphore, "in,et")
  semaphore:write(2)
  tap.is(ready(edge), 1, "semaphore: one edge")
  tap.is(semaphore:read() + semaphore:read(), 2, "for 2 reads of 1")
  tap.errno("EAGAIN", "then 0", semaphore:read())
end

-- ---- io_submit that blocks (section 4): a read of an empty pipe ----

do
  local fifo = kernel.dir .. "/poll.fifo"
  if os.execute("mkfifo '" .. fifo .. "'") then
    local f, buf = assert(aio.open(fifo, "rdwr")), assert(aio.buffer(8))
    local signals = assert(aio.signals("SIGUSR1"))
    local stop = kernel.again("kill -USR1 $PPID", "echo late >'" .. fifo .. "'")
    tap.is(ctx:submit(aio.pread(f, buf)), 1, "a blocked submit, a signal: 1")
    stop()
    tap.is(ctx:getevents(1, 1, 10)[1].err, "EINTR", "and res -EINTR")
    signals:close()
    os.remove(fifo)
  else
    tap.skip("no mkfifo here", 2)
  end
end

kernel.remove()
tap.done()
