-- A context in a waiter fell silent although there were events: those that a
-- break left in the queue, and those that had come before it was added. And
-- nothing told of requests that can't wake the waiter.
local aio = require "aio"
local tap = require "aio.tap"

local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(8))

local function submit(ctx, n)
  for _ = 1, n do assert(ctx:submit(aio.pread(zero, buf))) end
end

local function ready(waiter)
  local n = 0
  for _ in waiter:wait(0) do n = n + 1 end
  return n
end

local ctx, waiter = assert(aio.setup(16)), assert(aio.waiter())
waiter:add(ctx, "in")
submit(ctx, 4)
local taken = 0
for _ in ctx:each(4) do
  taken = taken + 1
  if taken == 1 then break end
end
tap.is(ready(waiter), 1, "a break leaves three in the queue")
tap.is(#ctx:reap(2), 2, "two of them")
tap.is(ready(waiter), 1, "one is left")
submit(ctx, 1)
for _ in ctx:each(1, 1) do end
tap.is(ready(waiter), 1, "a new one behind it is left")
tap.is(#ctx:getevents(), 1, "taken")
tap.is(ready(waiter), 0, "silent")

submit(ctx, 2)
pcall(function() for cb in ctx:each(2) do error(cb) end end)
tap.is(ready(waiter), 1, "an error leaves one")
for _ in ctx:each() do
  submit(ctx, 1)
end
tap.is(ready(waiter), 1, "submitted in the body")
ctx:run()
tap.is(ready(waiter), 0, "silent again")

local late = assert(aio.setup(16))
submit(late, 2)
waiter:add(late, "in")
tap.is(ready(waiter), 1, "events that were there before it was added")
late:getevents(1, 1)
tap.is(ready(waiter), 1, "one is left")
late:reap()
tap.is(ready(waiter), 0, "none")

local child = io.popen(arg[-1] .. [[ -e '
  local ctx, r = aio.setup(4), aio.pipe()
  ctx:submit(aio.poll(r, "in"), aio.poll{fd=r, events="in",
    eventfd=aio.eventfd()})
  aio.waiter():add(ctx, "in")' 2>&1]])
tap.like(child:read("a"), "^aio: the events of 1 requests do not wake",
  "requests that can't wake the waiter are told")
child:close()
tap.done()
