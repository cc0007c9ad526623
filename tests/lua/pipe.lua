-- Pipes: both ends are files.

local aio = require "aio"
local tap = require "aio.tap"

do -- in order
  local r, w = aio.pipe()
  tap.is(tostring(r), "pipe (rdonly)", "the read end")
  tap.is(tostring(w), "pipe (wronly)", "the write end")
  tap.is(r.path, nil, "it has no path")
  tap.is(r:events() .. w:events(), "rw", "what to wait for")
  tap.is(w:write("hello "), 6, "write")
  tap.is(w:write("world"), 5, "write again")
  tap.is(r:read(8), "hello wo", "read")
  tap.is(r:read(100), "rld", "what is left")
  tap.errno("ESPIPE", "an offset to read", r:read(1, 0))
  tap.errno("ESPIPE", "an offset to write", w:write("x", 0))
  tap.like(select(2, r:read(1, 0)), "^pread: Illegal seek %(ESPIPE%)$",
    "the message")
  tap.errno("EBADF", "reading the write end", w:read(1))
  tap.errno("EBADF", "writing the read end", r:write("x"))
  tap.errno("EINVAL", "sync", r:sync())
  tap.raises("a pipe has no path", "unlink", r.unlink, r)
  tap.is(w:close(), true, "close the write end")
  tap.is(tostring(w), "pipe (closed)", "tostring tells")
  tap.is(r:read(1), "", "the end")
end

do -- nonblock
  local r, w = aio.pipe("nonblock")
  tap.is(r.flags, "rdonly,nonblock", "flags")
  tap.errno("EAGAIN", "an empty pipe", r:read(1))
  local n = 0
  local got, message, errno
  repeat
    n = n + (got or 0)
    got, message, errno = w:write(("x"):rep(5000))
  until not got
  tap.errno("EAGAIN", "a full pipe", got, message, errno)
  tap.is(#r:read("16m"), n, "all of it comes out")
end

do -- direct: packets
  local r, w = aio.pipe("direct,nonblock")
  tap.is(w.direct, true, "direct, as the kernel sees it: the write end")
  w:write("one")
  w:write("two")
  tap.is(r:read(100), "one", "packets stay apart")
  tap.is(r:read(100), "two", "the second one")
end

do -- flags
  local r = aio.pipe(aio.O_NONBLOCK)
  tap.is(r.flags, "rdonly,nonblock", "a number")
  tap.errno("EINVAL", "a number that the kernel refuses", aio.pipe(1))
  tap.raises("unknown flag 'rdwr'", "a flag of files", aio.pipe, "rdwr")
  tap.raises("string or number expected", "no flags", aio.pipe, {})
end

do -- scopes and the collector
  local kept
  do
    local r <close>, w = aio.pipe()
    kept = r
    w:close()
  end
  tap.is(tostring(kept), "pipe (closed)", "<close> closes")
  local r = aio.pipe()
  for _ = 1, 3 do
    collectgarbage()
  end
  tap.is(r:read(1), "", "the collector closed the other end")
end

tap.done()
