-- A submit that raises at its second iocb had left the file of the first one
-- in a slot of the context, without a hold on it: the context's end let go of
-- it a second time. (Found by tests/lua/fuzz.lua.)
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(8))
local f, efd = assert(aio.open "/dev/zero"), assert(aio.eventfd())
local good = aio.pread { fd = f, buf = aio.buffer(16), eventfd = efd }
local bad = aio.pread(f, aio.buffer(16), 17)
tap.raises("nbytes: 17 is past", "the second is refused", ctx.submit, ctx,
  good, bad)
tap.is(good.inflight, false, "the first is not in flight")
for _, object in ipairs { good, bad, f, efd } do object:close() end
getmetatable(ctx).__gc(ctx)
tap.is(tostring(ctx), "context (destroyed)", "and the context ends well")
tap.done()
