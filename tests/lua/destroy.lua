-- ctx:destroy: what it counts, and what is left to take (design, section 4).
local aio = require "aio"
local tap = require "aio.tap"

local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(64))
local r, w = aio.pipe("nonblock")

local function reads(n)
  local list = {}
  for i = 1, n do
    list[i] = aio.pread { fd = zero, buf = buf:slice(i, 1), data = i }
  end
  return list
end

do
  local ctx = assert(aio.setup(8))
  tap.is(ctx:destroy(), 0, "an idle one: 0")
  tap.is(tostring(ctx), "context (destroyed)", "tostring")
  tap.raises("#1 to '.*destroy' .*the context is destroyed", "twice",
    ctx.destroy, ctx)
end

do -- what nobody had taken
  local ctx = assert(aio.setup(16))
  local list, data = reads(3), {}
  list[4] = aio.poll { fd = r, events = "in", data = data }
  list[5] = list[4]:copy()
  tap.is(ctx:submit(list), 5, "3 reads and 2 polls")
  tap.is(ctx:destroy(), 5, "5 events that nobody had taken")
  tap.is(ctx.inflight, 0, "nothing is in flight")
  for i, cb in ipairs(list) do
    tap.is(cb.inflight, false, "iocb " .. i .. " is free")
  end
  tap.is(list[4].data, data, "and has its data")
  list[4].data = nil
  tap.is(buf.inflight, 0, "the buffer is free")
  tap.ok(pcall(buf.fill, buf, 1), "and can be changed")
  local again = assert(aio.setup(16))
  tap.is(again:submit(list[1]), 1, "an iocb can go to another context")
  tap.is(again:getevents()[1].obj, list[1], "and comes back from it")
  w:write("x")
  tap.is(#again:getevents(0, 10, 0), 0, "the polls are gone")
  r:read(1)
  again:destroy()
end

do -- what was taken and is in the queue
  local ctx = assert(aio.setup(16))
  ctx:submit(reads(5))
  for _ in ctx:each(4, 4) do break end -- luacheck: ignore 512
  tap.is(ctx.inflight, 4, "1 in the ring, 3 in the queue")
  tap.is(ctx:destroy(), 1, "destroy counts the one in the ring")
  tap.is(ctx.inflight, 3, "the queue stays")
  tap.is(#ctx:list(), 3, "and is listed")
  tap.is(ctx.last_submit.taken, 5, "last_submit stays")
  tap.raises("the context is destroyed", "submit", ctx.submit, ctx)
  local evs = ctx:reap(1)
  tap.is(evs[1].data, 2, "reap hands out of it")
  tap.is(ctx:getevents(1, 1)[1].data, 3, "so does getevents")
  tap.is(select(2, ctx:run(0))[1].data, 4, "and run")
  tap.raises("the context is destroyed", "until it is empty", ctx.reap, ctx)
  tap.is(ctx.inflight, 0, "nothing is left")
  tap.is(#ctx.last_events, 1, "last_events stays")
end

do -- close is the same, and harmless afterwards
  local ctx <close> = assert(aio.setup(4))
  ctx:submit(aio.poll(r, "in"))
  tap.is(ctx:close(), 1, "close answers the same")
  tap.is(ctx:close(), nil, "and nothing the second time")
end

do -- dropped with polls in flight: stays until they are taken
  local weak = setmetatable({}, { __mode = "k" })
  do
    local ctx = assert(aio.setup(4))
    weak[ctx] = true
    ctx:submit(aio.poll(r, "in"))
  end
  collectgarbage()
  collectgarbage()
  w:write("x")
  collectgarbage()
  collectgarbage()
  collectgarbage()
  tap.is(next(weak), nil, "dropped with a poll in flight: goes when it is done")
end

tap.done()
