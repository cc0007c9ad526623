-- One waiter for everything: a pipe, a timer, and the completions of a context.
--   usage: aiosh examples/events.lua

local ctx = assert(aio.setup(8))
local r, w = aio.pipe()
local timer = aio.timer(0.01, 0.01)
local waiter = aio.waiter()
waiter:add(r, "in", "pipe")
waiter:add(timer, "in", "timer")
waiter:add(ctx, "in", "context")

local zero, buf = assert(aio.open("/dev/zero")), aio.buffer(512)
local ticks = 0

local on = {
  timer = function()
    ticks = ticks + timer:read()
    w:write("tick " .. ticks)
  end,
  pipe = function()
    print("pipe: " .. r:read(64))
    if ctx.inflight == 0 then ctx:submit(aio.pread(zero, buf)) end
  end,
  context = function()
    for _, ev in ipairs(ctx:reap()) do print("context: " .. tostring(ev)) end
  end,
}

while ticks < 5 do
  for _, _, name in waiter:wait(5) do on[name]() end
end
