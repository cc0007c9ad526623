-- Timers: expirations are only ever checked for "not before".
local aio = require "aio"
local tap = require "aio.tap"

-- Reads a timer that is due within a minute, waiting for it.
local function wait_for(t)
  local w <close> = assert(aio.waiter())
  local count, why = nil, "it did not expire within a minute"
  assert(w:add(t))
  for _ in w:wait(60) do
    count, why = t:read()
  end
  return count, why
end

local function once()
  local began = aio.now()
  local t <close> = assert(aio.timer(0.02))
  tap.is(wait_for(t), 1, "it expires")
  tap.ok(aio.now() - began >= 20000000, "not before its time")
  tap.errno("EAGAIN", "once", t:read())
  tap.is(tostring(t), "timer (stopped)", "then it is stopped")
end

local function at_once()
  local t <close> = assert(aio.timer(0))
  tap.is(wait_for(t), 1, "0 is now, not never")
  local tiny <close> = assert(aio.timer(1e-300))
  tap.is(wait_for(tiny), 1, "the smallest time is 1 ns")
end

local function every()
  local t <close> = assert(aio.timer(0, 0.001))
  local count = 0
  while count < 3 do
    count = count + assert(wait_for(t))
  end
  tap.ok(count >= 3, "it expires again and again")
  tap.like(tostring(t), "every 0.001 s", "and says so")
end

local function setting()
  local t <close> = assert(aio.timer(100))
  tap.like(tostring(t), "^timer %(due in %d+%.%d+ s%)$", "tostring: when")
  tap.errno("EAGAIN", "not yet", t:read())
  tap.is(t:set(0), t, "set answers the timer")
  tap.is(wait_for(t), 1, "it was set anew")
  t:set(0)
  t:set(100, 7)
  tap.errno("EAGAIN", "set forgets what was not read", t:read())
  tap.like(tostring(t), "due in %d+%.%d+ s, every 7 s", "tostring: interval")
  t:set()
  tap.is(tostring(t), "timer (stopped)", "set without a time stops it")
  t:set(0, 0)
  tap.is(wait_for(t), 1, "an interval of 0 is none")
  tap.is(tostring(t), "timer (stopped)", "so that it stops")
  local never <close> = assert(aio.timer())
  tap.is(tostring(never), "timer (stopped)", "a new one may be stopped")
end

local function unread()
  local t <close> = assert(aio.timer(0))
  local w <close> = assert(aio.waiter())
  w:add(t)
  for _ in w:wait(60) do
    tap.is(tostring(t), "timer (expired)", "tostring: it has expired")
  end
  tap.is(t:read(), 1, "and tostring takes nothing")
end

local function misuse()
  tap.raises("negative", "a negative time", aio.timer, -1)
  tap.raises("NaN", "NaN", aio.timer, 0 / 0)
  tap.raises("#2.*negative", "a negative interval", aio.timer, 1, -1)
  tap.raises("number", "a string", aio.timer, "1")
  tap.raises("first", "an interval alone", aio.timer, nil, 1)
  local t = assert(aio.timer(math.huge, 1e300))
  tap.like(tostring(t), "due in", "for ever is a time, too")
  tap.raises("negative", "set to a negative time", t.set, t, -0.5)
  tap.is(t:pollfd(), t:fileno(), "pollfd is its number")
  tap.is(t:events(), "r", "cqueues polls it for reading")
  tap.is(t:timeout(), nil, "without a limit")
  tap.is(t:close(), true, "close answers true")
  tap.is(t:close(), true, "also the second time")
  tap.is(tostring(t), "timer (closed)", "tostring of a closed one")
  for _, name in ipairs {"read", "set", "fileno", "pollfd"} do
    tap.raises("timer is closed", name .. " of a closed one", t[name], t)
  end
end

once()
at_once()
every()
setting()
unread()
misuse()
tap.done()
