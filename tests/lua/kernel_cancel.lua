-- io_cancel (kernel.md, sections 7 and 13.2).
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local ctx, other = assert(aio.setup(64)), assert(aio.setup(8))
local r, w = aio.pipe("nonblock")
local path = kernel.file("cancel.dat", 65536)
local buf = assert(aio.buffer(65536))

local function next_event()
  return ctx:getevents(1, 1, 10)[1]
end

do
  local efd = assert(aio.eventfd())
  local poll = aio.poll { fd = r, events = "in", eventfd = efd }
  ctx:submit(poll)
  tap.errno("EINVAL", "in flight in another context", other:cancel(poll))
  tap.errno("EINVAL", "a copy of it", ctx:cancel(poll:copy()))
  tap.is(ctx:cancel(poll), true, "a poll in flight: accepted")
  tap.errno("EINVAL", "the same again", ctx:cancel(poll))
  local ev = next_event()
  tap.is(ev.obj, poll, "its event comes through the ring")
  tap.is(ev.res, 0, "res 0")
  tap.is(ev.res2, 0, "res2 0")
  tap.is(efd:read(), 1, "its eventfd is signalled")
  tap.errno("EINVAL", "done", ctx:cancel(poll))
end

do
  local poll = aio.poll(r, "in")
  tap.errno("EINVAL", "never submitted", ctx:cancel(poll))
  ctx:submit(poll)
  w:write("x")
  tap.errno("EINVAL", "fired, not reaped", ctx:cancel(poll))
  tap.is(next_event().revents, "in", "which has its normal event")
  r:read(1)
end

local function not_cancelable(name, iocb)
  ctx:submit(iocb)
  tap.errno("EINVAL", name, ctx:cancel(iocb))
  tap.ok(next_event().res >= 0, "and it completes")
end

do
  local f = kernel.direct(path) or assert(aio.open(path, "rdwr"))
  not_cancelable("pread", aio.pread(f, buf))
  not_cancelable("pwrite", aio.pwrite(f, buf))
  not_cancelable("preadv", aio.preadv(f, { buf }))
  not_cancelable("fsync", aio.fsync(f))
  not_cancelable("fdsync", aio.fdsync(f))
end

tap.skip("aio_key, bad addresses, a bad context: tests/c", 1)
kernel.remove()
tap.done()
