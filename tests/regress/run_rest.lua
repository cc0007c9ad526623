-- A callback that took events of its batch itself left ctx:run with a wrong
-- count: callbacks were not called, and their events came back in `rest`.
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(16))
local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(8))
local called = 0

local function submit(callback)
  ctx:submit(aio.pread { fd = zero, buf = buf, callback = callback })
end

submit()
submit()
submit(function(c) c:reap(1) end)
submit(function() called = called + 1 end)
local n, rest = ctx:run(4)
tap.is(n, 2, "both callbacks")
tap.is(called, 1, "the one behind as well")
tap.is(#rest, 1, "the rest: the one without a callback")
tap.is(rest[1].obj.callback, nil, "has none")
tap.is(ctx.inflight, 0, "nothing is left")
tap.done()
