-- ctx:cancel: true means accepted, the event comes the normal way (design,
-- section 4).
local aio = require "aio"
local tap = require "aio.tap"

local ctx, other = assert(aio.setup(16)), assert(aio.setup(4))
local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(64))
local r, w = aio.pipe("nonblock")

local function poll()
  local cb = aio.poll { fd = r, events = "in", data = "poll" }
  assert(ctx:submit(cb))
  return cb
end

-- ---- accepted ----

do
  local cb = poll()
  tap.is(ctx:cancel(cb), true, "accepted")
  tap.is(cb.inflight, true, "still in flight")
  tap.is(ctx.inflight, 1, "also for the context")
  tap.errno("EINVAL", "once", ctx:cancel(cb))
  local ev = ctx:getevents()[1]
  tap.is(ev.obj, cb, "its event")
  tap.is(ev.res, 0, "res 0")
  tap.is(ev.revents, "", "no bit is set")
  tap.is(ev.err, nil, "that is no error")
  tap.like(tostring(ev), "^poll %-> 0 %(canceled%)", "tostring")
  tap.is(cb.inflight, false, "delivered")
  tap.is(ctx:submit(cb), 1, "it can be submitted again")
  ctx:cancel(cb)
  for iocb, res in ctx:each() do
    tap.ok(iocb == cb and res == 0, "each hands it out as well")
  end
end

do -- one of many
  local list = { poll(), poll(), poll() }
  tap.is(ctx:cancel(list[2]), true, "the second of three")
  tap.is(ctx:getevents()[1].obj, list[2], "is the one that ends")
  tap.is(ctx.inflight, 2, "the others stay")
  w:write("x")
  for _, ev in ipairs(ctx:getevents(2)) do
    tap.is(ev.revents, "in", "and fire")
  end
  r:read(1)
end

-- ---- refused ----

do
  local cb = aio.poll(r, "in")
  local message = select(2, ctx:cancel(cb))
  tap.like(message, "io_cancel: Invalid argument %(EINVAL%)", "the message")
  tap.errno("EINVAL", "never submitted", ctx:cancel(cb))
  cb = poll()
  tap.errno("EINVAL", "in flight elsewhere", other:cancel(cb))
  tap.errno("EINVAL", "a copy", ctx:cancel(cb:copy()))
  w:write("x")
  tap.errno("EINVAL", "fired already", ctx:cancel(cb))
  ctx:submit(aio.poll(r, "in"))
  for iocb in ctx:each(2) do -- luacheck: ignore 512
    tap.errno("EINVAL", "delivered", ctx:cancel(iocb))
    break
  end
  local queued = ctx:list()[1].obj
  tap.errno("EINVAL", "taken, in the queue", ctx:cancel(queued))
  tap.is(queued.inflight, true, "where it stays")
  tap.is(#ctx:getevents(), 1, "until it is handed out")
  r:read(1)
  local read = aio.pread(zero, buf)
  ctx:submit(read)
  tap.errno("EINVAL", "a read", ctx:cancel(read))
  tap.is(ctx:getevents()[1].res, 64, "which completes")
end

-- ---- misuse ----

tap.raises("#2 to '.*cancel' .*iocb expected, got no value", "nothing",
  ctx.cancel, ctx)
tap.raises("#2 to '.*cancel' .*iocb expected, got number", "a number",
  ctx.cancel, ctx, 1)
tap.raises("#2 to '.*cancel' .*iocb expected, got buffer", "a buffer",
  ctx.cancel, ctx, buf)

do -- closed objects
  local cb = poll()
  cb:close()
  tap.is(ctx:cancel(cb), true, "an iocb closed in flight can be canceled")
  tap.is(ctx:getevents()[1].res, 0, "and its event comes")
  cb = poll()
  r:close()
  tap.is(ctx:cancel(cb), true, "also where the file is closed")
  tap.is(ctx:getevents()[1].obj, cb, "its event")
end

tap.done()
