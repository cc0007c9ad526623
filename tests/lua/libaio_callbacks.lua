-- libaio's names: callbacks, and the calls that set them (issue 3).
local aio = require "aio"
local tap = require "aio.tap"
local L = require "aio.libaio"

local EINVAL, EBADF = -aio.EINVAL, -aio.EBADF
local zero = assert(aio.open("/dev/zero"))
local buf = assert(aio.buffer(512))
local ctx = L.io_context_t()
assert(L.io_queue_init(8, ctx) == 0)

local function reader(callback)
  local cb = L.iocb()
  L.io_prep_pread(cb, zero, buf, 512, 0)
  L.io_set_callback(cb, callback)
  return cb
end

local calls = {}
local function note(...)
  calls[#calls + 1] = table.pack(...)
end

local function ran(want, name)
  tap.is(L.io_queue_run(ctx), 0, name)
  tap.is(#calls, want, name .. ": calls")
end

do
  local cb = reader(note)
  L.io_submit(ctx, 3, { cb, reader(note), reader(note) })
  ran(3, "io_queue_run")
  local c = calls[1]
  tap.ok(c.n == 4 and c[1] == ctx and c[2] == cb and c[3] == 512 and c[4] == 0,
         "a callback gets ctx, iocb, res, res2")
  calls = {}
  ran(0, "io_queue_run: nothing there")
end

do -- a callback that submits again, one that raises, none
  local left = 3
  local function again(c, cb)
    left = left - 1
    if left > 0 then L.io_submit(c, 1, { cb }) end
  end
  L.io_submit(ctx, 1, { reader(again) })
  ran(0, "io_queue_run goes on while there is something")
  tap.is(left, 0, "with what callbacks submit")
  L.io_submit(ctx, 2, { reader(function() error("oops", 0) end),
                        reader(note) })
  tap.raises("^oops$", "an error in a callback", L.io_queue_run, ctx)
  ran(1, "leaves the rest for the next")
  L.io_submit(ctx, 1, { reader(nil) })
  tap.raises("io_queue_run: no callback, but nil, is the data of pread 512",
             "no callback, where libaio crashes", L.io_queue_run, ctx)
end

-- ---- io_poll, io_fsync, io_fdsync ----

do
  calls = {}
  local r, w = aio.pipe()
  local cb = L.iocb()
  tap.is(L.io_poll(ctx, cb, note, r, aio.POLLIN), 1, "io_poll")
  ran(0, "nothing yet")
  w:write("x")
  tap.is(L.io_queue_run(ctx), 0, "ready")
  tap.ok(#calls == 1 and calls[1][2] == cb and calls[1][3] & 1 == 1, "POLLIN")
  tap.is(L.io_poll(ctx, L.iocb(), note, -1, aio.POLLIN), EBADF,
         "io_poll: a bad descriptor")
  local path = (os.getenv("TMPDIR") or ".") .. "/libaio.tmp"
  local f = assert(aio.open(path, "rdwr,creat"))
  f:unlink()
  for _, name in ipairs { "io_fsync", "io_fdsync" } do
    calls = {}
    tap.is(L[name](ctx, L.iocb(), note, f), 1, name)
    local ev = {}
    tap.is(L.io_getevents(ctx, 1, 1, ev, { tv_sec = 10 }), 1, "its event")
    tap.ok(ev[1].res == 0 and ev[1].data == note, "res 0, the callback")
    tap.is(L[name](ctx, L.iocb(), note, r), EINVAL, name .. " of a pipe")
    tap.is(L[name](ctx, L.iocb(), note, -1), EBADF,
           name .. ": a bad descriptor")
    tap.raises("^" .. name .. ": .*fd: missing", name .. ": no descriptor",
               L[name], ctx, L.iocb(), note)
  end
  tap.raises("^io_poll: .*struct iocb expected", "io_poll: no iocb", L.io_poll,
             ctx, nil, note, r, 1)
end

tap.done()
