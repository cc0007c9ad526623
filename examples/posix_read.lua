-- POSIX AIO beside native AIO: a read, waited for with aio_suspend. A thread
-- of glibc does it with pread, so that a buffered file is asynchronous, too.
--   usage: aiosh examples/posix_read.lua [directory]

local posix = require "aio.posix"
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-posix.tmp"

local f = assert(aio.open(path, "rdwr,creat,trunc"))
os.remove(path)
assert(f:write(("POSIX "):rep(1000)))

local cb = posix.aiocb { fd = f, buf = aio.buffer(60), offset = 6 }
print(cb, "error " .. cb:error()) -- never submitted: 0, as glibc has it
assert(cb:read())
repeat
  print("waiting", select(2, cb:error()))
  assert(posix.suspend({ cb }, 10))
until cb:error() ~= aio.EINPROGRESS

print("error " .. cb:error(), "result " .. cb:result())
print(cb.buf:get(0, 24))
assert(cb.buf:get() == ("POSIX "):rep(10))

-- The standard allows one aio_return; glibc answers the same again.
print("again: ", cb:result())

-- A bad request is accepted, and fails later: the error is never the call's.
local bad = posix.aiocb { fd = f, buf = aio.buffer(60), offset = -1 }
assert(bad:read())
assert(posix.suspend({ bad }, 10))
print(bad, bad:error())
assert(bad:error() == aio.EINVAL and bad:result() == -1)
