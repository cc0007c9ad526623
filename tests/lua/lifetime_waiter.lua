-- Taken is not delivered, and nothing outlives its descriptor: what happens
-- to a waiter's events when loops end early, objects close, and finalizers run
-- in between.
-- luacheck: ignore 512 (loops that break are the subject)
local aio = require "aio"
local tap = require "aio.tap"

local function round(w, ...)
  local list = {}
  for _, events, data in w:wait(...) do
    list[#list + 1] = ("%s:%s"):format(data, events)
  end
  return table.concat(list, " ")
end

-- A waiter over n eventfds that are ready; data: 1 to n.
local function watch(n, events)
  local w, list = assert(aio.waiter()), {}
  for i = 1, n do
    list[i] = assert(aio.eventfd(1))
    assert(w:add(list[i], events, i))
  end
  return w, list
end

local function leftovers(events)
  local w <close> = watch(4, events)
  for _, _, i in w:wait() do
    tap.is(i, 1, events .. ": the first")
    break
  end
  tap.is(tostring(w), "waiter (4 watched, 3 ready)", "break leaves the rest")
  tap.is(w:timeout(), 0, "which cqueues is to ask for at once")
  tap.raises("oops", "so does an error", function()
    for _ in w:wait() do error("oops") end
  end)
  local co = coroutine.wrap(function()
    for _, _, i in w:wait() do coroutine.yield(i) end
  end)
  tap.is(co(), 3, "so does a coroutine that is left alone")
  tap.is(round(w), "4:in", "the rest comes first")
  tap.is(co(), nil, "and nothing twice")
end

local function level()
  local w <close>, list = watch(3, "in")
  for _ in w:wait() do break end
  list[2]:read()
  tap.is(round(w), "3:in", "left over, but ready no more: not handed out")
  tap.like(round(w), "[13]:in [31]:in", "what is still ready comes again")
  for _ in w:wait() do break end
  list[1]:read()
  list[3]:read()
  tap.is(round(w, 0), "", "nothing is ready any more")
end

local function nested()
  local w <close> = watch(5, "in,oneshot")
  local seen = {}
  for _, _, i in w:wait() do
    seen[#seen + 1] = i
    for _, _, j in w:wait(0, 2) do
      seen[#seen + 1] = j
    end
  end
  tap.is(table.concat(seen, " "), "1 2 3 4 5", "nested loops share the events")
end

local function removed()
  local w <close>, list = watch(5, "in,oneshot")
  local seen = {}
  for _, _, i in w:wait() do
    seen[#seen + 1] = i
    if i == 1 then
      w:remove(list[2])
      list[3]:close()
      w:modify(list[4], "out,oneshot")
    end
  end
  tap.is(table.concat(seen, " "), "1 5", "removed, closed, modified: dropped")
  tap.is(round(w, 0), "4:out", "a modified one is looked at anew")
  tap.is(tostring(w), "waiter (3 watched, 0 ready)", "two have left")
  tap.errno("ENOENT", "the removed one is not watched", w:modify(list[2]))
end

local function closed_in_loop()
  local w = watch(3, "in")
  local count = 0
  for _ in w:wait() do
    count = count + 1
    w:close()
  end
  tap.is(count, 1, "closing the waiter ends its loop")
end

local function anchors()
  local w <close> = assert(aio.waiter())
  local weak = setmetatable({}, {__mode = "v"})
  local function add(name)
    weak[name] = assert(aio.eventfd(1))
    weak[name .. " data"] = {}
    w:add(weak[name], "in", weak[name .. " data"])
    return weak[name]
  end
  add("kept")
  w:remove(add("removed"))
  add("closed"):close()
  collectgarbage()
  tap.is(tostring(w), "waiter (1 watched, 0 ready)", "the waiter")
  tap.ok(weak.kept and weak["kept data"], "keeps what it watches")
  for _ in w:wait(0) do end
  collectgarbage()
  collectgarbage()
  tap.ok(not weak.removed and not weak["removed data"],
    "not what was removed")
  tap.ok(not weak.closed and not weak["closed data"],
    "nor what was closed")
  w:close()
  collectgarbage()
  collectgarbage()
  tap.is(next(weak), nil, "a closed waiter keeps nothing")
end

local function garbage()
  local w <close> = watch(8, "in")
  local before, after
  local function turn(n)
    for _ = 1, n do
      for e in w:wait(0) do
        e:read()
        e:write(1)
      end
    end
  end
  turn(10)
  collectgarbage()
  collectgarbage("stop")
  before = collectgarbage("count")
  turn(1000)
  after = collectgarbage("count")
  collectgarbage("restart")
  tap.is(after - before, 0, "8000 events make no garbage")
end

local function later(f) -- some garbage, whose finalizer calls f
  setmetatable({}, {__gc = f})
end

-- A waiter's life, in which finalizers that close and wait run in any call.
-- How many events were handed out, and how many of a closed descriptor.
local function life(random)
  local w <close>, live, handed, wrong = assert(aio.waiter()), {}, 0, 0
  local function close(i)
    if live[i] then
      live[i] = live[i]:close() and nil
    end
  end
  local function change(i)
    local kind = random(4)
    if not live[i] then
      live[i] = assert(aio.eventfd(1))
      assert(w:add(live[i], kind > 2 and "in" or "in,oneshot", i))
    elseif kind == 1 then
      later(function() close(i) end)
    elseif kind == 2 then
      w:modify(live[i], random(2) == 1 and "in,out" or "in,et")
    end
  end
  for step = 1, 100 do
    change(random(10))
    if step % 7 == 0 then
      later(function() for _ in w:wait(0, 1) do handed = handed + 1 end end)
    end
    for e, _, i in w:wait(0, random(20)) do
      handed = handed + 1
      wrong = wrong + (live[i] == e and 0 or 1)
      later(function() close(random(10)) end)
      if random(5) == 1 then break end
    end
  end
  return handed, wrong
end

local function churn(mode)
  local handed, wrong = 0, 0
  math.randomseed(42)
  for _ = 1, 60 do
    local more, bad = life(math.random)
    handed, wrong = handed + more, wrong + bad
  end
  tap.is(wrong, 0, mode .. ": nothing closed is handed out")
  tap.ok(handed > 6000, "(of " .. handed .. " events)")
end

-- The waiter is collected before or after what it watches.
local function order()
  for i = 1, 50 do
    local w, e = aio.waiter(), aio.eventfd(1)
    if i % 2 == 0 then
      e, w = aio.eventfd(1), aio.waiter()
    end
    w:add(e, "in", {w, e})
    for _ in w:wait() do break end
  end
  collectgarbage()
  collectgarbage()
  tap.ok(true, "waiters and what they watch are collected in any order")
end

for _, events in ipairs {"in", "in,et", "in,oneshot"} do
  leftovers(events)
end
level()
nested()
removed()
closed_in_loop()
anchors()
garbage()
order()
collectgarbage("generational")
churn("generational")
collectgarbage("incremental")
collectgarbage("setpause", 0)
churn("no pause")
-- Left open: lua_close has to cope.
aio.waiter():add(aio.eventfd(1))
tap.done()
