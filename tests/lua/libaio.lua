-- libaio's names: the calls, their -errno, and where they differ from libaio
-- on purpose (issue 3, design section 7).
local aio = require "aio"
local tap = require "aio.tap"
local L = require "aio.libaio"
local kernel = dofile("tests/lua/support/kernel.lua")

local EINVAL, EAGAIN, EBADF = -aio.EINVAL, -aio.EAGAIN, -aio.EBADF
local NOW = { tv_sec = 0, tv_nsec = 0 }
local zero = assert(aio.open("/dev/zero"))
local buf = assert(aio.buffer(4096))

local function reader(data, nbytes)
  local cb = L.iocb()
  L.io_prep_pread(cb, zero, buf, nbytes or 512, 0)
  cb.data = data
  return cb
end

-- ---- contexts ----

local ctx = L.io_context_t()
tap.is(tostring(ctx), "io_context_t (0)", "a context is zero at first")
tap.is(L.io_setup(0, ctx), EINVAL, "io_setup: 0 events")
tap.is(L.io_setup(-1, ctx), EINVAL, "io_setup: -1 events")
local limit = aio.limits().aio_max_nr
if limit and limit < 4194304 then
  tap.is(L.io_setup(limit + 1, ctx), EAGAIN, "io_setup: too many")
else
  tap.skip("fs.aio-max-nr is unknown or huge", "io_setup: too many")
end
tap.is(L.io_setup(8, ctx), 0, "io_setup")
tap.is(tostring(ctx), "io_context_t, context (8 events, 0 in flight)",
       "a context with events")
tap.is(L.io_setup(8, ctx), EINVAL, "io_setup: not zero")
tap.raises("^io_setup: io_context_t expected, got nil", "io_setup: no context",
           L.io_setup, 8)
tap.raises("^io_setup: maxevents: integer expected", "io_setup: no number",
           L.io_setup, "8", ctx)
tap.raises("^io_setup: maxevents: does not fit an int", "io_setup: no int",
           L.io_setup, 1 << 32, ctx)

-- ---- io_submit, io_getevents ----

do
  local cb, ev = reader("tag"), { "old", "old", "old" }
  tap.is(L.io_submit(ctx, 1, { cb, "not looked at" }), 1, "io_submit: 1")
  tap.is(L.io_getevents(ctx, 1, 8, ev, nil), 1, "io_getevents: 1")
  tap.ok(ev[1].obj == cb, "obj is the iocb")
  tap.is(ev[1].data, "tag", "data")
  tap.is(ev[1].res, 512, "res")
  tap.is(ev[1].res2, 0, "res2")
  tap.is(#ev, 1, "older entries are gone")
  tap.like(tostring(ev[1]), "^pread 512 @0 %-> 512", "an event has a text")
  tap.is(L.io_getevents(ctx, 0, 8, ev, NOW), 0, "io_getevents: none")
  tap.is(#ev, 0, "and none in the list")
end

do
  local ios, ev = {}, {}
  for i = 1, 5 do ios[i] = reader(i) end
  tap.is(L.io_submit(ctx, 5, ios), 5, "io_submit: 5")
  tap.is(L.io_getevents(ctx, 2, 2, ev, NOW), 2, "io_getevents: nr is the most")
  tap.is(ev[1].data + ev[2].data, 3, "the first two")
  tap.is(L.io_getevents(ctx, 3, 8, ev, { tv_nsec = 1 }), 3, "the rest")
  tap.is(ev[1].data + ev[2].data + ev[3].data, 12, "the other three")
end

do -- what is refused
  local bad = reader()
  bad.aio_fildes = -1
  tap.is(L.io_submit(ctx, 1, { bad }), EBADF, "io_submit: a bad descriptor")
  tap.is(L.io_submit(ctx, 3, { reader(), bad, reader() }), 1,
         "io_submit: stops at the bad one")
  local ev = {}
  tap.is(L.io_getevents(ctx, 0, 8, ev, NOW), 1, "the one before it is done")
  tap.is(L.io_submit(ctx, 0, nil), 0, "io_submit: none")
  tap.is(L.io_submit(ctx, -1, {}), EINVAL, "io_submit: -1")
  local null = L.iocb()
  L.io_prep_preadv(null, zero, nil, 1, 0)
  tap.is(L.io_submit(ctx, 1, { null }), -aio.EFAULT, "io_submit: iov NULL")
  L.io_prep_preadv(null, zero, {}, -1, 0)
  tap.is(L.io_submit(ctx, 1, { null }), EINVAL, "io_submit: iovcnt -1")
  L.io_prep_pread(null, zero, nil, 512, 0)
  tap.is(L.io_submit(ctx, 1, { null }), 1, "io_submit: buf NULL")
  tap.is(L.io_getevents(ctx, 1, 1, ev, nil), 1, "has an event")
  tap.is(ev[1].res, -aio.EFAULT, "that says EFAULT")
  null.aio_lio_opcode = L.IO_CMD_NOOP
  tap.is(L.io_submit(ctx, 1, { null }), EINVAL, "io_submit: IO_CMD_NOOP")
end

do -- misuse
  local cb = reader()
  local function bad(pattern, name, ...)
    tap.raises(pattern, name, L.io_submit, ...)
  end
  bad("^io_submit: nr: 2, but ios has 1", "too short a list", ctx, 2, { cb })
  bad("^io_submit: ios%[1%]: struct iocb expected, got nil", "a hole", ctx, 1,
      { nil, cb })
  bad("^io_submit: ios: list of iocbs expected, got nil", "no list", ctx, 1)
  bad("^io_submit: nr: integer expected", "no nr", ctx, nil, { cb })
  bad("^io_submit: %[2%]: the iocb is in flight", "twice", ctx, 2, { cb, cb })
  bad("past the buffer's 4096", "too long", ctx, 1, { reader(1, 4097) })
  bad("io_context_t expected, got number", "no context", 0, 1, { cb })
end

do -- capacity
  local n, r = 0, 1
  while r == 1 do
    r = L.io_submit(ctx, 1, { reader() })
    n = n + (r == 1 and 1 or 0)
  end
  tap.is(r, EAGAIN, "io_submit: the ring is full")
  tap.ok(n >= 8, "with at least as many as asked")
  tap.is(L.io_getevents(ctx, n, n, {}, nil), n, "all are taken")
end

-- ---- io_getevents: what libaio hides, or crashes at ----

do
  local ev = {}
  tap.is(L.io_getevents(ctx, 2, 1, ev, NOW), EINVAL,
         "min_nr over nr, timeout 0, the ring empty: libaio says 0")
  tap.is(L.io_getevents(ctx, -1, 1, ev, NOW), EINVAL, "min_nr -1")
  tap.is(L.io_getevents(ctx, 0, -1, ev, NOW), EINVAL, "nr -1")
  tap.is(L.io_getevents(ctx, 0, 0, nil, NOW), 0, "nr 0, no list")
  local begin = aio.now()
  tap.is(L.io_getevents(ctx, 1, 1, ev, { tv_nsec = 5000000 }), 0, "a timeout")
  tap.ok(aio.now() - begin >= 5000000, "takes its time")
  local function bad(pattern, name, ...)
    tap.raises(pattern, name, L.io_getevents, ctx, ...)
  end
  bad("^io_getevents: waiting for 1 events without", "nothing in flight", 1, 1,
      ev, nil)
  bad("^io_getevents: a timeout can't be negative", "a negative timeout", 1, 1,
      ev, { tv_sec = -1 })
  bad("^io_getevents: timeout: no field 'tv_usec'", "a strange field", 1, 1,
      ev, { tv_usec = 1 })
  bad("^io_getevents: timeout.tv_sec: integer", "half a second", 1, 1, ev,
      { tv_sec = 0.5 })
  bad("^io_getevents: timeout: {tv_sec=", "seconds", 1, 1, ev, 1)
  bad("^io_getevents: events: table expected", "no list", 1, 1, nil, NOW)
  bad("^io_getevents: min_nr: integer expected", "no min_nr", nil, 1, ev, NOW)
end

-- ---- io_pgetevents ----

do
  local ev = {}
  L.io_submit(ctx, 1, { reader("p") })
  tap.is(L.io_pgetevents(ctx, 1, 1, ev, nil, { "SIGUSR1" }), 1,
         "io_pgetevents")
  tap.is(ev[1].data, "p", "its event")
  tap.is(L.io_pgetevents(ctx, 1, 1, ev, NOW, nil), 0, "no mask")
  tap.is(L.io_pgetevents(ctx, 2, 1, ev, NOW, nil), EINVAL, "min_nr over nr")
  tap.raises("^io_pgetevents: sigmask: unknown signal", "a strange signal",
             L.io_pgetevents, ctx, 0, 1, ev, NOW, { "SIGFOO" })
end

do -- a signal
  local r, w = aio.pipe()
  local poll, signals = L.iocb(), aio.signals("SIGUSR1")
  L.io_prep_poll(poll, r, aio.POLLIN)
  L.io_submit(ctx, 1, { poll })
  for _, name in ipairs { "io_getevents", "io_pgetevents" } do
    local stop = kernel.again("kill -USR1 $PPID")
    local got = L[name](ctx, 1, 1, {}, { tv_sec = 60 })
    stop()
    tap.is(got, -aio.EINTR, name .. ": a signal")
  end
  signals:close()
  w:close()
  tap.is(L.io_getevents(ctx, 1, 1, {}, { tv_sec = 10 }), 1, "nothing is lost")
end

-- ---- data to disk and back, with an eventfd ----

do
  local path = (os.getenv("TMPDIR") or ".") .. "/libaio_rw.tmp"
  local f = assert(aio.open(path, "rdwr,creat"))
  f:unlink()
  local back, efd, ev = aio.buffer(4096), aio.eventfd(), {}
  buf:fill { random = 1 }
  local out, into = L.iocb(), L.iocb()
  L.io_prep_pwritev(out, f, { buf:slice(0, 1000), buf:slice(1000, 3096) }, 2, 0)
  L.io_set_eventfd(out, efd)
  tap.is(L.io_submit(ctx, 1, { out }), 1, "a vectored write")
  tap.is(L.io_getevents(ctx, 1, 1, ev, nil), 1, "is done")
  tap.is(ev[1].res, 4096, "in full")
  tap.is(efd:read(), 1, "and counted by its eventfd")
  L.io_prep_pread(into, f, back, 4096, 0)
  L.io_submit(ctx, 1, { into })
  L.io_getevents(ctx, 1, 1, ev, nil)
  tap.ok(back:check(buf), "a read brings the same")
end

-- ---- io_cancel ----

do
  local r, w = aio.pipe()
  local poll, ev = L.iocb(), {}
  L.io_prep_poll(poll, r, aio.POLLIN)
  tap.is(L.io_cancel(ctx, poll, ev), EINVAL, "io_cancel: not in flight")
  L.io_submit(ctx, 1, { poll })
  local got = L.io_cancel(ctx, poll, ev)
  if got == 0 then
    tap.ok(ev.obj == poll, "io_cancel: an old kernel hands over the event")
  else
    tap.is(got, -aio.EINPROGRESS, "io_cancel: accepted")
    tap.is(L.io_getevents(ctx, 1, 1, ev, { tv_sec = 10 }), 1, "the event comes")
    tap.ok(ev[1].obj == poll and ev[1].res == 0, "with res 0")
  end
  L.io_submit(ctx, 1, { poll })
  tap.raises("struct iocb: iocb is in flight", "no field is set in flight",
             function() poll.data = 1 end)
  tap.raises("^io_prep_fsync: the iocb is in flight", "nor is it prepared",
             L.io_prep_fsync, poll, 1)
  w:write("x")
  tap.is(L.io_getevents(ctx, 1, 1, ev, nil), 1, "it comes as it was")
  tap.ok(ev[1].obj == poll and ev[1].res & 1 == 1, "ready")
  tap.raises("^io_cancel: struct iocb expected", "io_cancel: no iocb",
             L.io_cancel, ctx, nil, ev)
end

-- ---- an iocb that only the kernel knows ----

do
  local r, w = aio.pipe()
  do
    local cb = L.iocb { name = "forgotten" }
    L.io_prep_poll(cb, r, aio.POLLIN)
    L.io_submit(ctx, 1, { cb })
  end
  collectgarbage()
  collectgarbage()
  w:write("x")
  local ev = {}
  tap.is(L.io_getevents(ctx, 1, 1, ev, nil), 1, "after a collection")
  tap.is(ev[1].obj.name, "forgotten", "the event brings the same object")
end

-- ---- the end ----

local function dead(name, c)
  local cb = reader()
  tap.is(L.io_submit(c, 1, { cb }), EINVAL, "io_submit: " .. name)
  tap.is(L.io_submit(c, 0, {}), EINVAL, "io_submit of none: " .. name)
  tap.is(L.io_cancel(c, cb, {}), EINVAL, "io_cancel: " .. name)
  tap.is(L.io_getevents(c, 1, 1, {}, nil), EINVAL, "io_getevents: " .. name)
  tap.is(L.io_getevents(c, 0, 1, {}, NOW), EINVAL,
         "io_getevents, timeout 0: " .. name)
  tap.is(L.io_pgetevents(c, 1, 1, {}, nil, nil), EINVAL,
         "io_pgetevents: " .. name)
  tap.is(L.io_queue_run(c), EINVAL, "io_queue_run: " .. name)
  tap.is(L.io_poll(c, cb, print, zero, 1), EINVAL, "io_poll: " .. name)
  tap.is(L.io_fsync(c, cb, print, zero), EINVAL, "io_fsync: " .. name)
  tap.is(L.io_fdsync(c, cb, print, zero), EINVAL, "io_fdsync: " .. name)
  tap.is(L.io_destroy(c), EINVAL, "io_destroy: " .. name)
  tap.is(L.io_queue_release(c), EINVAL, "io_queue_release: " .. name)
end

dead("zero", L.io_context_t())
L.io_submit(ctx, 1, { reader(function(c) L.io_destroy(c) end) })
tap.is(L.io_queue_run(ctx), EINVAL, "a callback that destroys the context")
tap.is(tostring(ctx), "io_context_t (destroyed)", "it is destroyed")
dead("destroyed", ctx)
tap.is(L.io_setup(8, ctx), EINVAL, "io_setup: what was destroyed is not zero")

tap.is(L.io_queue_init(0, ctx), EINVAL, "io_queue_init: 0")
tap.is(L.io_queue_init(-1, ctx), EINVAL, "io_queue_init: -1")
tap.is(L.io_queue_init(8, ctx), 0, "io_queue_init takes any context")
tap.is(L.io_queue_init(8, ctx), 0, "also one that is set up, and loses it")
tap.raises("^io_queue_init: io_context_t expected", "io_queue_init: no context",
           L.io_queue_init, 8)
tap.is(L.io_submit(ctx, 1, { reader() }), 1, "it works")
tap.is(L.io_queue_release(ctx), 0, "io_queue_release, with an event untaken")
ctx:close()
tap.is(tostring(ctx), "io_context_t (destroyed)", "close after that: nothing")

do
  local scoped <close> = L.io_context_t()
  tap.is(L.io_queue_init(1, scoped), 0, "a context that ends with its scope")
end
tap.done()
