-- Finalizers run inside of any call that allocates: here they submit, take,
-- close and destroy while the call around them is in the middle of its work.
-- No request may be lost or handed out twice, whatever comes when.
local aio = require "aio"
local tap = require "aio.tap"

local zero = assert(aio.open("/dev/zero", "rdwr"))
local slow = os.getenv "AIOSH_UNDER" == "valgrind"
local ctx, seen, inside, hits

local function got(cb)
  seen[cb] = (seen[cb] or 0) + 1
end

local function all(events)
  for _, ev in ipairs(events or {}) do got(ev.obj) end
  return #(events or {})
end

-- ---- what finalizers do ----

local deeds = {}

function deeds.reap()
  all(ctx:reap(2))
end

function deeds.getevents()
  all(ctx:getevents(0, 3, 0))
end

function deeds.each()
  for cb in ctx:each(0, 2, 0) do got(cb) end
end

function deeds.submit()
  ctx:submit(aio.pread(zero, aio.buffer(64)))
end

function deeds.run()
  local _, rest = ctx:run(0, 2, 0)
  all(rest)
end

function deeds.look()
  return tostring(ctx:list()), ctx.last_submit, ctx.ring
end

function deeds.files()
  aio.open("/dev/zero"):close()
  aio.buffer(512):close()
  collectgarbage "step"
end

function deeds.destroy()
  return ctx:destroy()
end

function deeds.finalize()
  return debug.getmetatable(ctx).__gc(ctx)
end

-- ---- what they interrupt ----

local calls = {}

function calls.getevents()
  all(ctx:getevents(4, 6, 0))
end

-- valgrind does not know that call.
calls.pgetevents = not slow and function()
  all(ctx:pgetevents(1, 100, 0, {}))
end or nil

function calls.reap()
  all(ctx:reap())
end

function calls.each()
  for cb in ctx:each(1, nil, 0) do
    got(cb)
    local _ = { {}, {}, tostring(cb) }
  end
end

function calls.run()
  local _, rest = ctx:run(1, nil, 0)
  all(rest)
end

function calls.list()
  return tostring(ctx:list())
end

function calls.submit()
  local own = setmetatable({}, { __index = { pollfd = function()
    local _ = { {}, {}, {} }
    return zero:fileno()
  end } })
  ctx:submit(aio.pread(own, aio.buffer(64)), aio.pread(zero, aio.buffer(64)))
end

function calls.refused() -- its message is made after the call
  ctx:submit(aio.pread(-1, aio.buffer(64)))
end

function calls.fields()
  return ctx.ring, ctx.last_submit, tostring(ctx), ctx:eventfd()
end

-- ---- one after the other ----

-- With these parameters the collector's next cycle begins when 4 % more memory
-- is in use, and is done in one step; before that, share (0 to 1) of the 4 % is
-- used up. So the deed is done somewhere in the call that follows, if that
-- allocates so much.
local function arm(deed, share)
  collectgarbage("incremental", 104, 1000, 30)
  collectgarbage()
  setmetatable({}, { __gc = function()
    if not inside then return end
    hits = hits + 1
    local good, message = pcall(deed)
    assert(good or message:find "destroyed", message)
  end })
  local bytes = collectgarbage "count" * 1024 * 0.04
  return ("x"):rep(bytes * share // 2 | 0) -- and as much in between
end

local callback = function(_, cb) got(cb) end

local function submit(n, with)
  for i = 1, n do
    ctx:submit(aio.pread { fd = zero, buf = aio.buffer(64),
      callback = i % 2 == 0 and with or nil, data = i })
  end
end

-- How many were handed out, and how many of them twice.
local function balance()
  local delivered, twice = 0, 0
  for _, n in pairs(seen) do
    delivered = delivered + n
    twice = twice + (n > 1 and 1 or 0)
  end
  return delivered, twice
end

local function one(call, deed, share)
  ctx = ctx or assert(aio.setup(64))
  seen = {}
  submit(8, callback)
  arm(deed, share)
  inside = true
  local good, message = pcall(call)
  inside = false
  collectgarbage("incremental", 200, 100, 13)
  assert(good or message:find "destroyed", message)
  while ctx.inflight > 0 do all(ctx:getevents(ctx.inflight)) end
  local delivered, twice = balance()
  return twice == 0 and delivered
end

local rounds = slow and 3 or 25

local function pair(name, call, what, deed)
  local wrong, raised = 0, nil
  for i = 1, rounds do
    local good, delivered = pcall(one, call, deed, i / rounds)
    raised = not good and delivered or raised
    if not good or not delivered or delivered < 8 or delivered > 11 then
      wrong = wrong + 1
    end
  end
  tap.is(raised or wrong, 0, ("%s, while a finalizer does %s"):format(name,
    what))
end

-- Where the context ends in the middle, what is left over is only counted.
local function ending(name, call, deed)
  local wrong = 0
  for i = 1, slow and 1 or 4 do
    ctx = assert(aio.setup(64))
    seen = {}
    submit(8, callback)
    local lost
    arm(function() lost = deed() end, 0.5 + i / 10)
    inside = true
    pcall(call)
    inside = false
    collectgarbage("incremental", 200, 100, 13)
    pcall(function() all(ctx:reap()) end)
    local delivered, twice = balance()
    pcall(ctx.close, ctx)
    local sum = delivered + (lost or 0)
    if twice > 0 or lost and sum < 8 or sum > 10 then wrong = wrong + 1 end
  end
  ctx = nil
  tap.is(wrong, 0, name .. ", while a finalizer destroys the context")
end

local function sorted(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names)
  return ipairs(names)
end

hits = 0
for _, name in sorted(calls) do
  for _, what in sorted(deeds) do
    if what ~= "destroy" and what ~= "finalize" then
      pair(name, calls[name], what, deeds[what])
    end
  end
end
tap.ok(hits > 20, hits .. " finalizers ran inside of a call")
ctx:close()
hits = 0
for _, name in sorted(calls) do ending(name, calls[name], deeds.destroy) end
for _, name in sorted(calls) do ending(name, calls[name], deeds.finalize) end
tap.ok(hits > 0, hits .. " of them destroyed the context there")
tap.done()
