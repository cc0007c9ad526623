-- Taken is not delivered: loops that break, fail, yield, nest, or whose
-- coroutine is dropped leave their events to the next taker; loops whose
-- context ends in the middle hand out what was taken.
-- luacheck: ignore 512 (loops that break are the subject)
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(64))
local zero = assert(aio.open "/dev/zero")

-- n requests that are done, data and offset i.
local function submit(n, callback, own)
  for i = 1, n do
    (own or ctx):submit(aio.pread { fd = zero, buf = aio.buffer(16),
      offset = i, data = i, callback = callback })
  end
end

-- What the rest is, as "3 4 5".
local function rest(own)
  local list = {}
  for _, ev in ipairs((own or ctx):reap()) do list[#list + 1] = ev.data end
  return table.concat(list, " ")
end

local function each_ends()
  submit(4)
  for cb in ctx:each(4) do
    tap.is(cb.data, 1, "each hands out the oldest")
    break
  end
  tap.is(ctx.inflight, 3, "break leaves the rest")
  tap.raises("oops", "an error", function()
    for _ in ctx:each() do error "oops" end
  end)
  local co = coroutine.wrap(function()
    for cb in ctx:each() do coroutine.yield(cb.data) end
  end)
  tap.is(co(), 3, "a coroutine that is left alone")
  tap.is(rest(), "4", "each leaves what it has not handed out")
  tap.is(co(), nil, "and the coroutine finds nothing")
end

local function dropped_coroutines()
  for i = 1, 50 do
    submit(3)
    local co = coroutine.create(function()
      local _ <close> = setmetatable({}, { __close = function() end })
      for cb in ctx:each(3) do coroutine.yield(cb) end
    end)
    coroutine.resume(co)
    if i % 2 == 0 then coroutine.close(co) end
    co = nil
    collectgarbage()
    if co or rest() ~= "2 3" then return tap.ok(false, "dropped " .. i) end
  end
  tap.ok(true, "coroutines dropped in the middle of each lose nothing")
end

local function nested()
  submit(6)
  local order = {}
  for a in ctx:each(4, 4) do
    order[#order + 1] = a.data
    for b in ctx:each(0, 1, 0) do order[#order + 1] = -b.data end
  end
  tap.is(table.concat(order, " "), "1 -2 3 -4", "nested loops share events")
  tap.is(rest(), "5 6", "and leave what is beyond their number")
end

local function submitting()
  local n = 0
  submit(2)
  for cb in ctx:each(2) do
    n = n + 1
    if n < 100 then ctx:submit(cb:at(n)) end
  end
  tap.is(n, 2, "what the body submits is for the next batch")
  tap.is(#ctx:getevents(2), 2, "which gets it")
end

local function taken_by_others()
  submit(5)
  local seen = {}
  for cb in ctx:each(5) do
    seen[#seen + 1] = cb.data
    if cb.data == 2 then tap.is(rest(), "3 4 5", "reap inside of each") end
  end
  tap.is(table.concat(seen, " "), "1 2", "ends the loop")
  submit(3)
  for cb in ctx:each(3) do
    if cb.data == 1 then
      tap.is(#ctx:getevents(2), 2, "getevents does so, too")
    end
  end
  tap.is(ctx.inflight, 0, "nothing is left")
end

local function destroyed_in_each()
  local own = assert(aio.setup(64))
  submit(5, nil, own)
  local r, w = assert(aio.pipe())
  own:submit(aio.poll(r, "in"))
  local seen, untaken = {}, nil
  for cb in own:each(5) do
    seen[#seen + 1] = cb.data
    for inner in own:each(0) do
      seen[#seen + 1] = inner.data
      if not untaken then untaken = own:destroy() end
    end
  end
  tap.is(untaken, 1, "destroy counts what was not taken")
  tap.is(table.concat(seen, " "), "1 2 3 4 5", "what was is handed out")
  tap.raises("destroyed", "then it is over", own.reap, own)
  tap.is(tostring(own), "context (destroyed)", "and it says so")
  w:close()
end

local function callbacks()
  local seen = {}
  submit(2, function(_, cb) seen[#seen + 1] = cb.data end)
  submit(1)
  submit(1, function() error "in the callback" end)
  submit(1, function(_, cb) seen[#seen + 1] = cb.data + 100 end)
  tap.raises("in the callback", "an error in a callback", ctx.run, ctx, 5)
  tap.is(table.concat(seen, " "), "1 2", "those before it were called")
  local n, others = ctx:run(0)
  tap.is(n, 1, "the others are with the next run")
  tap.is(seen[3], 101, "which calls them")
  tap.is(#others, 1, "what has no callback is returned")
  submit(3, function(c, cb)
    if cb.data == 1 then c:run() end
    seen[#seen + 1] = cb.data
  end)
  ctx:run(3)
  tap.is(table.concat(seen, " ", 4), "2 3 1", "run inside of run")
end

local function callback_destroys()
  local own, count = assert(aio.setup(64)), 0
  submit(4, function(c)
    count = count + 1
    if count == 2 then c:destroy() end
  end, own)
  tap.is(own:run(4), 4, "a callback that destroys: all taken are called")
  own = assert(aio.setup(64))
  submit(4, function(c, cb)
    if cb.data == 2 then getmetatable(c).__gc(c) end
  end, own)
  tap.raises("destroyed", "finalized there: an error, no crash", own.run, own,
    4)
end

local function yielding_callbacks()
  submit(2, function() coroutine.yield() end)
  local good, message = coroutine.resume(coroutine.create(function()
    ctx:run(2)
  end))
  tap.ok(not good and message:find "yield", "a callback can't yield")
  ctx:reap()
  tap.is(ctx.inflight, 0, "the other event is there")
end

local function memory_errors()
  submit(3)
  local _, events = pcall(ctx.getevents, ctx, 3)
  tap.ok(events == ctx.last_events, "what was handed out last stays readable")
  tap.is(#ctx.last_events, 3, "all of it")
end

local function endless()
  local r, w = assert(aio.pipe())
  tap.raises("would never end", "nothing is in flight", ctx.getevents, ctx, 1)
  tap.raises("would never end", "each", ctx.each, ctx)
  tap.raises("would never end", "run", ctx.run, ctx, 2)
  tap.raises("would never end", "pgetevents", ctx.pgetevents, ctx, 1)
  local poll = aio.poll(r, "in")
  ctx:submit(poll)
  tap.raises("2 events", "more than is in flight", ctx.getevents, ctx, 2)
  tap.is(#ctx:getevents(1, 1, 0), 0, "with a timeout it may be asked")
  w:write "x"
  tap.is(#ctx:getevents(1), 1, "a poll that fires")
  tap.is(ctx.inflight, 0, "nothing is left")
end

local function owners()
  local r, w = assert(aio.pipe())
  local cb, other = aio.poll(r, "in"), assert(aio.setup(8))
  local copy = cb:copy()
  ctx:submit(cb)
  tap.raises("in flight already", "twice", ctx.submit, ctx, cb)
  tap.raises("in flight already", "in another context", other.submit, other,
    cb)
  tap.raises("in flight already", "one of a list: none is submitted",
    other.submit, other, { copy, cb })
  tap.raises("in flight already", "twice in a list", other.submit, other,
    { copy, copy })
  tap.is(other.inflight, 0, "nothing was")
  tap.raises("in flight", "at", cb.at, cb, 0)
  tap.raises("in flight", "a field", function() cb.data = 1 end)
  tap.raises("in flight", "prepared anew", cb.pread, cb, zero, aio.buffer(1))
  tap.errno("EINVAL", "cancel in the wrong context", other:cancel(cb))
  tap.is(other:submit(copy), 1, "a copy goes")
  w:write "x"
  tap.is(ctx:getevents(1)[1].obj, cb, "each has its own event")
  tap.is(other:getevents(1)[1].obj, copy, "with its own iocb")
  tap.is(other:destroy(), 0, "nothing is left there")
  cb.data = "changed"
  tap.is(cb.data, "changed", "delivered, it may be changed")
end

each_ends()
dropped_coroutines()
nested()
submitting()
taken_by_others()
destroyed_in_each()
callbacks()
callback_destroys()
yielding_callbacks()
memory_errors()
endless()
owners()
tap.done()
