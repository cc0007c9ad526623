-- ctx:getevents: counts, timeouts, what is left in the queue, and waits that
-- could never end (design, section 4, invariants 3 and 8).
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(16))
local buf = assert(aio.buffer(4096))
local zero = assert(aio.open("/dev/zero"))
local pipe = { aio.pipe("nonblock") }

local function ready(n)
  local list = {}
  for i = 1, n do
    list[i] = aio.pread { fd = zero, buf = buf:slice(i, 1), data = i }
  end
  ctx:submit(list)
  return list
end

local function datas(evs)
  local list = {}
  for i, ev in ipairs(evs) do list[i] = ev.data end
  return table.concat(list, " ")
end

-- ---- defaults and counts ----

do
  local list = ready(3)
  local evs = ctx:getevents()
  tap.is(datas(evs), "1 2 3", "by default: all that is there")
  tap.is(evs[1].obj, list[1], "obj")
  tap.is(ctx.last_events, evs, "last_events is what was handed out last")
  tap.is(ctx.inflight, 0, "nothing is in flight any more")
  ready(4)
  tap.is(datas(ctx:getevents(2)), "1 2 3 4", "min 2: all in flight")
  ready(4)
  tap.is(datas(ctx:getevents(1, 3)), "1 2 3", "nr 3")
  tap.is(datas(ctx:getevents(nil, nil, nil)), "4", "nils are defaults")
  ready(2)
  tap.is(datas(ctx:getevents(0)), "1 2", "min 0")
  tap.is(datas(ctx:getevents(0)), "", "min 0 does not wait")
  tap.is(datas(ctx:getevents(0, 0)), "", "nr 0")
  ready(2)
  tap.is(datas(ctx:getevents(2, 1000000, 10)), "1 2", "a large nr")
  ready(2)
  tap.is(datas(ctx:getevents(5, nil, 0)), "1 2", "nr is at least min")
  ready(1)
  tap.is(datas(ctx:getevents(1, 10, 10, "more")), "1", "further arguments")
end

-- ---- timeouts ----

do
  tap.is(#ctx:getevents(1, 1, 0), 0, "0 does not wait")
  tap.is(#ctx:getevents(1, 1, 1e-300), 0, "tiny waits for at least 1 ns")
  local start = aio.now()
  tap.is(#ctx:getevents(1, 1, 0.03), 0, "30 ms")
  tap.ok(aio.now() - start >= 30000000, "are waited for")
  tap.is(#ctx.last_events, 0, "last_events is empty then")
end

-- ---- a wait that could never end ----

local function never(pattern, name, ...)
  tap.raises(pattern, name, ctx.getevents, ctx, ...)
end

never("waiting for 1 events without a timeout would never end: 0 in flight",
  "nothing is in flight")
never("waiting for 5 events", "more than are in flight", 5)
never("never end", "also with nr", 2, 100)
ready(2)
never("waiting for 3 events without a timeout would never end: 2 in flight",
  "2 in flight, min 3", 3)
tap.errno("EINVAL", "what the kernel refuses does end", ctx:getevents(4, 3))
tap.errno("EINVAL", "min below 0 as well", ctx:getevents(-1))
tap.errno("EINVAL", "nr below 0 as well", ctx:getevents(0, -1))
tap.is(select(2, ctx:getevents(-1)),
  "io_getevents: Invalid argument (EINVAL): min_nr is negative (-1)",
  "the message")
tap.is(datas(ctx:getevents(2)), "1 2", "no event was lost by that")
do
  local poll = aio.poll(pipe[1], "in")
  ctx:submit(poll)
  tap.is(#ctx:getevents(1, 1, 0), 0, "a wait on a poll is legal")
  ctx:cancel(poll)
  tap.is(ctx:getevents(1)[1].res, 0, "without a timeout, too")
end

-- ---- what others left in the queue ----

local function leave(n)
  ready(n)
  for _ in ctx:each(n) do break end -- luacheck: ignore 512
end

do
  leave(4)
  tap.is(ctx.inflight, 3, "a break in each leaves 3")
  tap.is(datas(ctx:getevents(1, 2)), "2 3", "getevents hands them out first")
  ready(2)
  tap.is(datas(ctx:getevents(3, 3)), "4 1 2", "then what is new")
  leave(3)
  tap.errno("EINVAL", "an error", ctx:getevents(2, 1))
  never("would never end", "or a refusal", 3)
  tap.is(datas(ctx:getevents(2)), "2 3", "keeps the queue")
  leave(3)
  tap.is(datas(ctx:getevents(5, 5, 0.001)), "2 3", "a timeout: what is there")
  leave(2)
  tap.is(datas(ctx:getevents(0, 0, 0)), "", "nr 0: none of the queue")
  tap.is(datas(ctx:getevents(0, 1, 0)), "2", "nr 1: one of it")
end

-- ---- many ----

do
  local big = assert(aio.setup(2000))
  local list = {}
  for i = 1, 2000 do
    list[i] = aio.pread { fd = zero, buf = buf:slice(i, 1), data = i }
  end
  tap.is(big:submit(list), 2000, "2000 at once")
  local seen, sum = {}, 0
  for _, ev in ipairs(big:getevents(2000, 2000, 10)) do
    seen[ev.obj] = (seen[ev.obj] or 0) + 1
    sum = sum + ev.data
  end
  tap.is(sum, 2000 * 2001 // 2, "every event once")
  tap.is(seen[list[1000]], 1, "with its iocb")
  tap.is(big:submit(list), 2000, "and again")
  local rounds = 0
  while big.inflight > 0 do
    tap.ok(#big:getevents(1, 700, 10) > 0, "in parts")
    rounds = rounds + 1
  end
  tap.is(rounds, 3, "of 700")
end

-- ---- data ----

do
  local key = setmetatable({}, {})
  for _, value in ipairs { key, false, 0, "", print, ctx } do
    ctx:submit(aio.pread { fd = zero, buf = buf, data = value })
    tap.is(ctx:getevents()[1].data, value, "data: " .. type(value))
  end
  ctx:submit(aio.pread(zero, buf))
  tap.is(ctx:getevents()[1].data, nil, "no data")
end

tap.done()
