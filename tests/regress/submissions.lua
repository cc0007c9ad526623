-- last_submit took a count of -1 for "no submit yet"; a flag RESFD that the
-- user had cleared was set again.
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(1))
tap.is(ctx.last_submit, nil, "no submit yet")
tap.errno("EINVAL", "a count of -1", ctx:submit({}, -1))
tap.is(ctx.last_submit and ctx.last_submit.asked, -1, "last_submit has it")

local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(8))
local efd = assert(aio.eventfd())
ctx:submit(aio.pread { fd = zero, buf = buf, eventfd = efd, flags = 0 })
tap.is(#ctx:getevents(), 1, "eventfd without its flag")
tap.errno("EAGAIN", "is not signalled", efd:read())
tap.done()
