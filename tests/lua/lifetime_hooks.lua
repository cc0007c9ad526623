-- Ctrl-C at every instruction: a hook, as aiosh's handler sets it, raises at
-- the k-th call, return or instruction of a loop that submits and takes, for
-- every k. Afterwards every request is accounted for.
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(64))
local zero = assert(aio.open "/dev/zero")
local r = assert(aio.open("/dev/null", "rdwr"))
local slow = os.getenv "AIOSH_UNDER" == "valgrind"
local requests

-- A request, and how often its result was seen. Whether it was ever taken by
-- the kernel is seen in its buffer.
local function new(callback)
  local one = { seen = 0, buf = aio.buffer(16):fill(255) }
  one.cb = aio.pread { fd = zero, buf = one.buf, data = one,
    callback = callback }
  requests[#requests + 1] = one
  return one.cb
end

local function see(events)
  for _, ev in ipairs(events) do ev.data.seen = ev.data.seen + 1 end
end

-- ---- loops ----

local loops = {}

function loops.getevents()
  for _ = 1, 2 do
    ctx:submit(new(), new())
    see(ctx:getevents(1, 1))
    see(ctx:getevents(1, 4, 1))
  end
end

function loops.reap()
  for _ = 1, 2 do
    ctx:submit { new(), new() }
    see(ctx:reap(1))
    see(ctx:reap())
  end
end

function loops.each()
  for _ = 1, 2 do
    ctx:submit(new(), new(), aio.poll(r, "out"))
    for cb in ctx:each(2) do
      if cb.data then cb.data.seen = cb.data.seen + 1 end
    end
  end
end

local function callback(_, cb)
  cb.data.seen = cb.data.seen + 1
end

function loops.run()
  for _ = 1, 2 do
    ctx:submit(new(callback), new(callback))
    ctx:run(2)
  end
end

function loops.coroutine(arm)
  local co = coroutine.create(function()
    ctx:submit(new(), new())
    for cb in ctx:each(2) do
      cb.data.seen = cb.data.seen + 1
      coroutine.yield(cb)
    end
  end)
  arm(co)
  repeat
    local good, more = coroutine.resume(co)
    if not good then error(more, 0) end
  until not more
end

-- ---- interrupts ----

-- Runs the loop with the k-th event of its hook raising; whether it ended
-- before that.
local function interrupted(loop, k)
  local n = 0
  local function hook()
    n = n + 1
    if n == k then
      debug.sethook()
      error("interrupted!", 0)
    end
  end
  local function arm(co)
    debug.sethook(co, hook, "cr", 1)
  end
  local good, message = pcall(function()
    arm(coroutine.running())
    loop(arm)
    debug.sethook()
  end)
  debug.sethook()
  if not good and message ~= "interrupted!" then error(message, 0) end
  return good
end

-- What was handed out in the moment of the interrupt can be read still.
local function late()
  for _, ev in ipairs(ctx.last_events or {}) do
    if ev.data and ev.data.seen == 0 then ev.data.seen = 1 end
  end
end

local function take_rest()
  while ctx.inflight > 0 do
    for _, ev in ipairs(ctx:getevents(ctx.inflight)) do
      if ev.data then ev.data.seen = ev.data.seen + 1 end
    end
  end
end

-- How many were done without a result, or with two.
local function unaccounted()
  local lost = 0
  for _, one in ipairs(requests) do
    local done = one.buf:get() == ("\0"):rep(16)
    if one.seen ~= (done and 1 or 0) then lost = lost + 1 end
  end
  return lost
end

local function every_instruction(name, most)
  local worst, k, ended = 0, 0
  repeat
    k = k + (slow and 7 or 1)
    requests = {}
    ended = interrupted(loops[name], k)
    late()
    take_rest()
    worst = math.max(worst, unaccounted())
  until ended
  tap.ok(worst <= most, ("%s, interrupted at %d instructions: %d lost"):format(
    name, k, worst))
end

every_instruction("getevents", 0)
every_instruction("reap", 0)
every_instruction("each", 0)
every_instruction("run", 0)
every_instruction("coroutine", 0)
tap.done()
