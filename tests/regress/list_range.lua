-- ctx:list() did not tell the range of a request.
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(4))
local r = assert(aio.pipe())
local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(512))
ctx:submit(aio.poll(r, "in"), aio.pread(zero, buf, 512, 4096),
  aio.preadv(zero, { buf }, 512))
local list = ctx:list()
tap.is(list[1].range, nil, "a poll has none")
tap.is(list[2].range, "512 @4096", "a read")
tap.is(list[3].range, "1 segments @512", "a vectored read")
tap.like(tostring(list), "pread 512 @4096  /dev/zero", "as in the text")
tap.done()
