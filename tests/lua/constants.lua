-- Constants, names of errors, the clock.

local aio = require "aio"
local tap = require "aio.tap"

do -- the values that Linux has on every machine
  local known = {EPERM = 1, ENOENT = 2, EINTR = 4, EIO = 5, EBADF = 9,
    EAGAIN = 11, EWOULDBLOCK = 11, ENOMEM = 12, EFAULT = 14, EINVAL = 22,
    EFBIG = 27, ENOSPC = 28, ESPIPE = 29, EPIPE = 32,
    POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 16,
    POLLNVAL = 32, POLLRDHUP = 0x2000, EPOLLIN = 1, EPOLLET = 1 << 31,
    EPOLLONESHOT = 1 << 30, EPOLLEXCLUSIVE = 1 << 28,
    IOCB_CMD_PREAD = 0, IOCB_CMD_PWRITE = 1, IOCB_CMD_FSYNC = 2,
    IOCB_CMD_FDSYNC = 3, IOCB_CMD_POLL = 5, IOCB_CMD_NOOP = 6,
    IOCB_CMD_PREADV = 7, IOCB_CMD_PWRITEV = 8, IOCB_FLAG_RESFD = 1,
    IOCB_FLAG_IOPRIO = 2, AIO_RING_MAGIC = 0xa10a10a1,
    RWF_HIPRI = 1, RWF_DSYNC = 2, RWF_SYNC = 4, RWF_NOWAIT = 8,
    RWF_APPEND = 16, RWF_NOAPPEND = 32, RWF_ATOMIC = 64,
    RWF_DONTCACHE = 128, RWF_NOSIGNAL = 256,
    IOPRIO_CLASS_NONE = 0, IOPRIO_CLASS_RT = 1, IOPRIO_CLASS_BE = 2,
    IOPRIO_CLASS_IDLE = 3, IOPRIO_CLASS_SHIFT = 13,
    O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3,
    S_IRUSR = 256, S_IFMT = 61440, S_IFREG = 32768, S_ISUID = 2048,
    PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, EFD_SEMAPHORE = 1,
    FALLOC_FL_KEEP_SIZE = 1, FALLOC_FL_PUNCH_HOLE = 2,
    STATX_DIOALIGN = 0x2000, SIGHUP = 1, SIGINT = 2, SIGKILL = 9,
    SIGTERM = 15}
  for name, value in pairs(known) do
    tap.is(aio[name], value, name)
  end
end

do -- the ones that differ between machines
  for name in ("O_CREAT O_EXCL O_TRUNC O_APPEND O_DIRECT O_SYNC O_DSYNC "
      .. "O_NONBLOCK O_TMPFILE O_NOATIME O_DIRECTORY O_NOFOLLOW O_CLOEXEC "
      .. "O_PATH EFD_NONBLOCK EFD_CLOEXEC SIGUSR1 SIGUSR2 SIGCHLD SIGRTMIN "
      .. "SIGRTMAX EDEADLK ENOSYS EOPNOTSUPP ENOTSUP ECANCELED ETIMEDOUT "
      .. "EINPROGRESS"):gmatch("%S+") do
    tap.ok(math.type(aio[name]) == "integer" and aio[name] > 0, name)
  end
  tap.is(aio.O_SYNC & aio.O_DSYNC, aio.O_DSYNC, "O_SYNC has O_DSYNC in it")
end

do -- errname
  tap.is(aio.errname(aio.EAGAIN), "EAGAIN", "errname")
  tap.is(aio.errname(-aio.EIO), "EIO", "errname of a result")
  tap.is(aio.errname(22.0), "EINVAL", "errname of a float")
  for _, n in ipairs {0, 4000, -4000, 1 << 32 | 5, math.maxinteger,
      math.mininteger} do
    tap.is(aio.errname(n), nil, "no name for " .. n)
  end
  tap.raises("number expected, got no value", "errname of nothing",
    aio.errname)
  tap.raises("number expected, got string", "errname of a string",
    aio.errname, "5")
  tap.raises("no integer value", "errname of 1.5", aio.errname, 1.5)
  local unnamed = 0
  for name, value in pairs(aio) do
    if name:find("^E[A-Z0-9]+$") and not name:find("^EPOLL")
        and aio[aio.errname(value)] ~= value then
      unnamed = unnamed + 1
    end
  end
  tap.is(unnamed, 0, "every E constant has a name")
end

do -- strerror
  tap.is(aio.strerror(aio.ENOENT), "No such file or directory", "strerror")
  tap.is(aio.strerror(-aio.ENOENT), "No such file or directory", "of -e")
  tap.like(aio.strerror(4000), "4000", "of a number without a meaning")
  tap.raises("number expected", "of nothing", aio.strerror)
end

do -- now
  local a, b = aio.now(), aio.now()
  tap.is(math.type(a), "integer", "now is in ns")
  tap.ok(a > 0 and b >= a, "and does not go back")
end

tap.done()
