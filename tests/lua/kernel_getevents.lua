-- io_getevents and io_pgetevents (kernel.md, sections 6 and 13.2).
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local ctx = assert(aio.setup(64))
local zero = assert(aio.open("/dev/zero"))
local buf = assert(aio.buffer(64))
local pipe = { aio.pipe("nonblock") }
local pending = aio.poll(pipe[1], "in") -- never fires
ctx:submit(pending)

local function ready(n)
  for i = 1, n do
    ctx:submit(aio.pread(zero, buf:slice(i, 1)))
  end
end

local function count(...)
  local evs, message = ctx:getevents(...)
  return evs and #evs or message
end

-- ---- counts ----

tap.is(count(0, 10, 0), 0, "min 0, empty, timeout 0: 0")
tap.is(count(0, 10, 5), 0, "min 0, empty, timeout 5 s: 0 at once")
tap.is(count(0, 10), 0, "min 0, empty, no timeout: 0 at once")
tap.is(count(0, 0, 0), 0, "nr 0: 0")
tap.errno("EINVAL", "min over nr", ctx:getevents(2, 1, 0))
tap.errno("EINVAL", "the same with a timeout", ctx:getevents(2, 1, 0.01))
tap.errno("EINVAL", "min -1", ctx:getevents(-1, 1, 0))
tap.errno("EINVAL", "nr -1", ctx:getevents(0, -1, 0))
ready(2)
tap.is(count(5, 10, 0), 2, "min 5, 2 there, timeout 0: 2")
ready(1)
tap.is(count(2, 10, 0.05), 1, "min 2, 1 there, timeout 50 ms: 1")
ready(3)
tap.is(count(1, 2, 10), 2, "3 there, nr 2: 2")
tap.is(count(1, 2, 10), 1, "then 1")
tap.is(count(1, 1, 1e-9), 0, "1 ns")

do
  local start = aio.now()
  tap.is(count(1, 10, 0.05), 0, "a timeout of 50 ms")
  tap.ok(aio.now() - start >= 50000000, "is not shorter")
end

-- ---- signals ----

local signals = assert(aio.signals("SIGUSR1"))

local function drain_signals()
  while signals:read() do end
end

local function interrupted(name, call)
  local stop = kernel.again("kill -USR1 $PPID")
  local evs, message, errno = call()
  stop()
  drain_signals()
  if name then tap.errno("EINTR", name, evs, message, errno) end
  return evs
end

interrupted("a signal with a handler, 0 events: EINTR", function()
  return ctx:getevents(1, 1, 60)
end)
interrupted("the same in io_pgetevents", function()
  return ctx:pgetevents(1, 1, 60)
end)
interrupted("the same with a mask that lets it through", function()
  return ctx:pgetevents(1, 1, 60, { "SIGUSR2" })
end)
ready(1)
tap.is(#interrupted(nil, function() return ctx:getevents(2, 2, 60) end), 1,
  "min 2, 1 there, a signal: 1")

-- The child sends something, then fires the poll through a FIFO.
local fifo_name = kernel.dir .. "/getevents.fifo"
local fifo = os.execute("mkfifo '" .. fifo_name .. "'")
  and assert(aio.open(fifo_name, "rdonly,nonblock"))

local function while_waiting(send, wait)
  local waits = aio.poll(fifo, "in")
  ctx:submit(waits)
  local p = io.popen(("p=$PPID; { sleep 0.05; %s; echo x; } >'%s'"):format(
    send, fifo_name))
  local evs, message = wait()
  p:close()
  if not evs then ctx:getevents(1, 1, 10) end
  while fifo:read(10) == "" do end
  drain_signals()
  return evs and #evs == 1 and evs[1].obj == waits and "the event"
    or evs and #evs .. " events" or message:match("%((%u+)%)")
end

if fifo then
  tap.is(while_waiting("kill -USR1 $p", function()
    return ctx:pgetevents(1, 1, 60, { "SIGUSR1" })
  end), "the event", "io_pgetevents with the signal blocked: no EINTR")
  for _, name in ipairs { "WINCH", "CHLD", "URG" } do
    tap.is(while_waiting("kill -" .. name .. " $p", function()
      return ctx:getevents(1, 1, 60)
    end), "the event", "SIG" .. name .. ", which nobody handles: no effect")
  end
  local got = while_waiting("kill -STOP $p; kill -CONT $p", function()
    return ctx:getevents(1, 1, 60)
  end)
  if arg[-1]:match("aiosh$") then
    tap.is(got, "the event", "aiosh: stop and continue: goes on waiting")
  else
    tap.ok(got == "EINTR" or got == "the event",
      "another host: stop and continue: EINTR: " .. got)
  end
  fifo:close()
  os.remove(fifo_name)
else
  tap.skip("no mkfifo here", 5)
end

-- ---- eventfds and order ----

do
  local efd, list = assert(aio.eventfd()), {}
  for i = 1, 64 do
    list[i] = aio.pread { fd = zero, buf = buf:slice(i - 1, 1),
      eventfd = efd }
  end
  local n = ctx:submit(list)
  tap.is(count(n, n, 10), n, "64 completions")
  tap.is(efd:read(), n, "one readable eventfd with the counter 64")
end

tap.skip("bad pointers, sizes of the sigset, tv_nsec: tests/c", 1)
tap.skip("several waiters need threads: tests/c", 1)
tap.skip("timeouts below 0 raise before the kernel blocks for ever", 1)
kernel.remove()
tap.done()
