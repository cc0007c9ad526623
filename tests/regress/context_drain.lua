-- A context whose eventfd had been signalled before it came into a waiter was
-- ready without an event; where the ring can't be used, for ever.
local aio = require "aio"
local tap = require "aio.tap"

local ctx, waiter = assert(aio.setup(16)), assert(aio.waiter())
local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(8))

local function ready()
  local found = false
  for _ in waiter:wait(0) do found = true end
  return found
end

ctx:eventfd()
ctx:submit(aio.pread(zero, buf), aio.pread(zero, buf))
ctx:getevents(2)
waiter:add(ctx, "in")
tap.is(ready(), false, "both were taken before")
ctx:submit(aio.pread(zero, buf))
tap.is(ready(), true, "a new one")
ctx:getevents()
tap.is(ready(), false, "is taken")
tap.done()
