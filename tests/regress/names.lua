-- Names with an embedded zero were cut at it; a mask took any number for a
-- signal; an unknown field did not say of which function.
local aio = require "aio"
local tap = require "aio.tap"

tap.raises("zero byte", "an opcode", aio.iocb, { opcode = "pread\0x" })
tap.raises("unknown field", "a key", aio.pread, { ["fd\0x"] = 1 })
local cb = aio.iocb()
tap.raises("has no field", "a field", function() cb["data\0x"] = 1 end)
tap.is(cb.data, nil, "is not set")
tap.raises("#1 to '.*pread' %(unknown field 'x'%)", "names the function",
  aio.pread, { x = 1 })
local ctx = assert(aio.setup(1))
tap.raises("#5 to '.*pgetevents' %(1000 is no signal%)", "no signal",
  ctx.pgetevents, ctx, 0, 1, 0, { 1000 })
tap.done()
