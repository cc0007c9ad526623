-- POSIX AIO: what each call does, what it answers, and what it says when it
-- fails. That glibc answers the same in C is posix_peer.lua's.
local aio = require "aio"
local tap = require "aio.tap"
local posix = require "aio.posix"
local support = dofile("tests/lua/support/posix.lua")

local base = (os.getenv("TMPDIR") or ".") .. "/posix.dat"
local f = assert(aio.open(base, "rdwr,creat,trunc"))
f:unlink()
assert(f:write(("a"):rep(4096) .. ("b"):rep(4096)))

local function finish(cb)
  assert(posix.suspend({ cb }, 20))
  return cb:error()
end

local function reads()
  local buf = aio.buffer(4096)
  local cb = posix.aiocb { fd = f, buf = buf, offset = 4096 }
  tap.is(select("#", cb:error()), 1, "never submitted: error() is one value")
  tap.is(cb:error(), 0, "0, as glibc has it")
  tap.is(cb:read(), true, "read is accepted")
  tap.is(finish(cb), 0, "and ends well")
  tap.is(select("#", cb:result()), 1, "the first result() has no note")
  local n, note = cb:result()
  tap.is(n, 4096, "a second result() is what glibc answers")
  tap.like(note, "standard leaves this undefined", "with a note")
  tap.ok(buf:check("b"), "the bytes are there")
  cb.offset = 8000
  cb:read()
  finish(cb)
  tap.is(select("#", cb:result()), 1, "submitted anew: no note")
  tap.is(cb:result(), 192, "a short read at the end")
  tap.is(cb.submissions, 2, "submitted twice")
  tap.is(tostring(cb), "aiocb (pread 4096 @8000)", "tostring")
end

local function writes()
  local cb = posix.aiocb { fd = f, buf = aio.buffer(512):fill("w"),
                           offset = 100, nbytes = 10 }
  tap.is(cb:write(), true, "write is accepted")
  tap.is(finish(cb), 0, "and ends well")
  tap.is(cb:result(), 10, "10 bytes")
  tap.is(f:read(12, 99), "a" .. ("w"):rep(10) .. "a", "where they belong")
  for _, op in ipairs { "sync", "dsync", posix.O_SYNC, posix.O_DSYNC } do
    tap.is(cb:fsync(op), true, "fsync " .. op)
    tap.is(finish(cb), 0, "ends well")
    tap.is(cb:result(), 0, "with 0")
  end
end

-- O_APPEND: the offset does not count.
local function appends()
  local g <close> = assert(aio.open(base, "wronly,creat,append"))
  local h <close> = assert(aio.open(base))
  g:unlink()
  local cb = posix.aiocb { fd = g, buf = aio.buffer(4):fill("z"),
                           offset = 1000 }
  for _ = 1, 2 do
    cb:write()
    finish(cb)
  end
  tap.is(h:read(100, 0), "zzzzzzzz", "append: one after the other")
end

local function told(want, cause, cb, what)
  local errno, name, why = cb:error()
  tap.is(errno, aio[want], what)
  tap.is(name, want, "its name")
  tap.is(why, cause, "its cause")
  tap.is(cb:result(), -1, "result -1")
end

local function failures()
  local buf = aio.buffer(4096)
  local cb = posix.aiocb { fd = -1, buf = buf }
  local function submit(op, what)
    tap.is(cb[op](cb), true, what .. ": accepted")
    finish(cb)
  end
  submit("read", "fd -1")
  told("EBADF", "fd is negative", cb, "then EBADF")
  cb.fd = assert(aio.open("/dev/null", "wronly"))
  submit("read", "a read of what is open for writing")
  told("EBADF", "fd is not open, or not for this", cb, "EBADF")
  cb.fd, cb.offset = f, -1
  submit("write", "offset -1")
  told("EINVAL", "offset is negative", cb, "EINVAL")
  cb.offset, cb.buf = 0, aio.null
  submit("read", "aio.null")
  told("EFAULT", "buf is no memory", cb, "EFAULT")
  cb.buf = aio.wild
  submit("write", "aio.wild")
  told("EFAULT", "buf is no memory", cb, "EFAULT")
  cb.buf = aio.buffer(4096, { prot = "none" })
  submit("write", "memory without access")
  told("EFAULT", "the buffer's prot forbids it", cb, "EFAULT")
  cb.buf, cb.nbytes = buf, -1
  submit("read", "nbytes -1")
  told("EFAULT", "nbytes is negative", cb, "EFAULT")
  cb.nbytes, cb.fd = 512, assert(aio.open("/dev/full", "rdwr"))
  submit("write", "/dev/full")
  told("ENOSPC", nil, cb, "ENOSPC")
end

local function pipes()
  local r, w = assert(aio.pipe())
  local cb = posix.aiocb { fd = w, buf = aio.buffer(8):fill("p"), offset = 77 }
  cb:write()
  finish(cb)
  tap.is(r:read(8), "pppppppp", "a pipe: the offset does not count")
  r:close()
  cb:write()
  finish(cb)
  told("EPIPE", nil, cb, "nobody reads it: EPIPE, and no signal")
end

-- What the call itself refuses.
local function refusals()
  local cb = posix.aiocb { fd = f, buf = aio.buffer(512) }
  for _, prio in ipairs { -1, 21, 0x7fffffff } do
    cb.reqprio = prio
    local name = "reqprio " .. prio
    tap.errno("EINVAL", name .. ": read", cb:read())
    tap.errno("EINVAL", name .. ": write", cb:write())
    local _, message = cb:read()
    tap.is(message, "aio_read: Invalid argument (EINVAL): pread 512 @0: " ..
           "reqprio is not 0 to 20", "the message")
    tap.is(cb.inflight, false, "not in flight")
  end
  cb.reqprio = 20
  tap.is(cb:read(), true, "reqprio 20")
  finish(cb)
  tap.errno("EINVAL", "fsync of another operation", cb:fsync(12345))
  tap.raises('"sync" or "dsync" expected', "or name", cb.fsync, cb, "all")
  tap.raises("number expected", "or nothing", cb.fsync, cb)
  cb.fd = -1
  tap.errno("EBADF", "fsync of no file", cb:fsync("sync"))
  cb.fd = assert(aio.open("/dev/null"))
  tap.is(cb:fsync("dsync"), true, "fsync of what has none is accepted")
  tap.is(select(2, finish(cb)), "EINVAL", "and fails")
end

local function in_flight()
  local r, w = assert(aio.pipe())
  local buf = aio.buffer(512)
  local cb = support.blocked(posix.aiocb { fd = r, buf = buf })
  tap.is(cb:error(), aio.EINPROGRESS, "in flight: EINPROGRESS")
  tap.is(select(2, cb:error()), "EINPROGRESS", "by name")
  tap.is(cb.inflight, true, "inflight")
  tap.like(tostring(cb), "in flight%)$", "tostring says so")
  tap.like(select(2, cb:result()), "not finished", "result has a note")
  local began = aio.now()
  tap.errno("EAGAIN", "suspend: in time", posix.suspend({ cb }, 0.02))
  tap.ok(aio.now() - began >= 20000000, "which has passed")
  tap.errno("EAGAIN", "suspend: at once", posix.suspend({ cb }, 0))
  local second = posix.aiocb { fd = r, buf = buf, nbytes = 1 }
  local third = posix.aiocb { fd = r, buf = buf, nbytes = 1 }
  second:read()
  third:read()
  tap.is(second:cancel(), "canceled", "one that waits is canceled")
  told("ECANCELED", "aio_cancel took it from the queue", second, "ECANCELED")
  tap.is(second:cancel(), "alldone", "twice: alldone")
  tap.is(posix.cancel(r, cb), "notcanceled", "one that runs is not")
  tap.is(posix.cancel(r), "notcanceled", "all of a file: one runs")
  tap.is(select(2, third:error()), "ECANCELED", "but those behind it go")
  tap.is(cb.inflight, true, "and it goes on")
  w:write("hello")
  finish(cb)
  tap.is(cb:result(), 5, "until something comes")
  tap.is(posix.cancel(r), "alldone", "nothing is left")
  tap.errno("EINVAL", "cancel with another file", posix.cancel(f, cb))
  tap.errno("EBADF", "or with none", posix.cancel(-1))
  tap.raises("descriptor expected", "or with no fd at all", posix.cancel)
end

local function suspends()
  local cb = posix.aiocb { fd = f, buf = aio.buffer(512) }
  tap.is(posix.suspend({}), true, "suspend on nothing does not wait")
  tap.is(posix.suspend({ false, false }, 5), true, "nor on NULLs")
  tap.is(posix.suspend({ cb }), true, "nor on what was never submitted")
  cb:read()
  tap.is(posix.suspend({ false, cb }), true, "one of a list")
  tap.is(cb:error(), 0, "has ended")
  tap.raises("can't be negative", "a negative timeout", posix.suspend, {}, -1)
  tap.raises("table expected", "no list", posix.suspend)
  tap.raises("element 2 of the list is no aiocb but a number", "a stranger",
    posix.suspend, { cb, 5 })
  local many = {}
  for i = 1, 8192 do many[i] = cb end
  tap.is(posix.suspend(many), true, "8192 at a time")
  many[8193] = cb
  tap.raises("8193: glibc has it on its stack", "no more", posix.suspend, many)
  cb:close()
  tap.raises("element 1 of the list is closed", "closed", posix.suspend,
    { cb })
end

reads()
writes()
appends()
failures()
pipes()
refusals()
in_flight()
suspends()
tap.done()
