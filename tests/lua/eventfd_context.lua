-- ctx:eventfd(), and a context in a waiter (design, sections 4 and 6).
local aio = require "aio"
local tap = require "aio.tap"

local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(64))
local r, w = aio.pipe("nonblock")

local function ready(ctx, n)
  for i = 1, n do
    assert(ctx:submit(aio.pread { fd = zero, buf = buf, data = i }))
  end
end

-- What a waiter has to say, at once.
local function round(waiter)
  local n = 0
  for _ in waiter:wait(0) do n = n + 1 end
  return n
end

-- ---- ctx:eventfd() ----

do
  local ctx = assert(aio.setup(16))
  ready(ctx, 1)
  local efd = ctx:eventfd()
  tap.like(tostring(efd), "^eventfd ", "an eventfd")
  tap.is(ctx:eventfd(), efd, "the same each time")
  tap.errno("EAGAIN", "what was submitted before does not signal", efd:read())
  ready(ctx, 3)
  tap.is(#ctx:getevents(4), 4, "all events come")
  tap.is(efd:read(), 3, "one signal for each from now on")
  local own = assert(aio.eventfd())
  ctx:submit(aio.pread { fd = zero, buf = buf, eventfd = own })
  ctx:getevents()
  tap.is(own:read(), 1, "one with its own eventfd signals that")
  tap.errno("EAGAIN", "and not the context's", efd:read())
  ready(ctx, 2)
  ctx:reap()
  for _ = 1, 3 do ctx:reap() end
  tap.is(efd:read(), 2, "nobody but its user reads it")
  local cb = aio.pread(zero, buf)
  ctx:submit(cb)
  ctx:getevents()
  tap.is(cb.eventfd, nil, "the iocb itself has none")
  tap.is(cb.flags, 0, "nor the flag")
  efd:close()
  ready(ctx, 1)
  tap.is(#ctx:getevents(), 1, "closed: requests go on, without signals")
  local second = ctx:eventfd()
  tap.ok(second ~= efd, "a new one when asked for")
  ready(ctx, 1)
  ctx:getevents()
  tap.is(second:read(), 1, "which is signalled")
  ctx:destroy()
  tap.raises("the context is destroyed", "not of a destroyed one", ctx.eventfd,
    ctx)
  tap.errno("EAGAIN", "but the eventfd lives on", second:read())
end

do -- closed while requests that signal it are in flight
  local ctx = assert(aio.setup(16))
  local efd = ctx:eventfd()
  ctx:submit(aio.poll(r, "in"))
  efd:close()
  w:write("x")
  tap.is(#ctx:getevents(1, 1, 10), 1, "an eventfd closed in flight")
  r:read(1)
end

-- ---- as an object to wait for ----

do
  local ctx = assert(aio.setup(16))
  tap.is(math.type(ctx:pollfd()), "integer", "pollfd")
  tap.is(ctx:pollfd(), ctx:eventfd():fileno(), "is that of its eventfd")
  tap.is(ctx:events(), "r", "events")
  tap.is(ctx:timeout(), nil, "timeout")
end

local function in_waiter(ctx, name)
  local waiter = assert(aio.waiter())
  local function is(want, what)
    tap.is(round(waiter), want, name .. ": " .. what)
  end
  waiter:add(ctx, "in", "mine")
  is(0, "nothing")
  ready(ctx, 3)
  is(1, "ready")
  is(1, "as long as nobody takes")
  ctx:getevents(1, 1)
  is(1, "one of three taken: still ready")
  ctx:getevents(2, 2)
  is(0, "all taken: drained")
  ready(ctx, 2)
  is(1, "ready again")
  ctx:reap()
  is(0, "drained by reap")
  ready(ctx, 2)
  for _ in ctx:each() do ctx:reap(0) end
  is(0, "drained by each")
  ready(ctx, 2)
  ctx:run(0)
  is(0, "drained by run")
  ready(ctx, 4)
  ctx:getevents(1, 3)
  is(1, "three of four taken")
  ctx:getevents()
  is(0, "all")
  for obj, events, data in waiter:wait(0) do
    tap.ok(false, ("%s %s %s"):format(obj, events, data))
  end
  ready(ctx, 1)
  for obj, events, data in waiter:wait() do
    tap.ok(obj == ctx and events == "in" and data == "mine",
      name .. ": the context itself is handed out")
  end
  ctx:getevents()
  local own = assert(aio.eventfd())
  ctx:submit(aio.pread { fd = zero, buf = buf, eventfd = own })
  is(0, "one with its own eventfd says nothing")
  ctx:getevents()
  is(0, "also when it is taken")
  return waiter
end

do
  local ctx = assert(aio.setup(16))
  local waiter = in_waiter(ctx, "new")
  ctx:destroy()
  tap.is(round(waiter), 0, "a destroyed context is not ready")
end

do -- its user had the eventfd before, and did not read it
  local ctx = assert(aio.setup(16))
  ctx:eventfd()
  ready(ctx, 5)
  ctx:getevents(5)
  in_waiter(ctx, "stale signals")
end

do -- its user had read it
  local ctx = assert(aio.setup(16))
  local efd = ctx:eventfd()
  ready(ctx, 5)
  efd:read()
  ctx:getevents(5)
  in_waiter(ctx, "signals that were read")
end

do -- requests in flight when it is added
  local ctx = assert(aio.setup(16))
  ctx:eventfd()
  ready(ctx, 3)
  ctx:getevents(1, 1)
  local waiter = assert(aio.waiter())
  waiter:add(ctx, "in")
  tap.is(round(waiter), 1, "two were there when it was added")
  ctx:getevents(2)
  tap.is(round(waiter), 0, "and were taken")
  ctx:submit(aio.poll(r, "in"))
  tap.is(round(waiter), 0, "a poll waits")
  w:write("x")
  tap.is(round(waiter), 1, "and fires")
  tap.is(#ctx:getevents(), 1, "its event")
  tap.is(round(waiter), 0, "drained")
  r:read(1)
end

do -- edge-triggered: a new completion is a new edge
  local ctx = assert(aio.setup(16))
  local waiter = assert(aio.waiter())
  waiter:add(ctx, "in,et")
  ready(ctx, 2)
  tap.is(round(waiter), 1, "an edge")
  tap.is(round(waiter), 0, "once")
  ctx:getevents(1, 1)
  ready(ctx, 1)
  tap.is(round(waiter), 1, "another")
end

tap.done()
