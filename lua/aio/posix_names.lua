-- The names of aio.h, answering as in C: 0 or -1, and the error in posix.errno.
local aio = require "aio"
local native = require "aio.posix_native"
local typeof = require "aio.words".typeof

-- Raises for what is no aiocb, in the name that was called; as does table_of.
local function aiocb(cb, name, n)
  if typeof(cb) == "aiocb" then return cb end
  error(("bad argument #%d to '%s' (aiocb expected, got %s)"):format(
    n, name, typeof(cb) or type(cb)), 3)
end

local function table_of(fields, name)
  if type(fields) == "table" then return fields end
  error(("bad argument #1 to '%s' (table expected, got %s)"):format(
    name, type(fields)), 3)
end

return function(posix)
  posix.errno = 0

  -- What a call of ours returned, as C would: errno is set where it fails.
  local function answer(good, _, errno)
    if good then return 0 end
    posix.errno = errno
    return -1, errno
  end

  --- posix.aio_read(cb) -> 0 | -1, errno
  --
  -- cb:read(), answering as in C: the error of a -1 is in posix.errno, too.
  -- See: aio_read(3)
  function posix.aio_read(cb)
    return answer(aiocb(cb, "aio_read", 1):read())
  end

  --- posix.aio_write(cb) -> 0 | -1, errno
  --
  -- cb:write(), answering as in C.
  -- See: aio_write(3)
  function posix.aio_write(cb)
    return answer(aiocb(cb, "aio_write", 1):write())
  end

  --- posix.aio_fsync(op, cb) -> 0 | -1, errno
  --
  -- cb:fsync(op), answering as in C; op is O_SYNC or O_DSYNC.
  -- See: aio_fsync(3)
  function posix.aio_fsync(op, cb)
    return answer(aiocb(cb, "aio_fsync", 2):fsync(op))
  end

  --- posix.aio_error(cb) -> errno
  --
  -- EINPROGRESS, 0, or the error of the request.
  -- See: aio_error(3)
  function posix.aio_error(cb)
    return (aiocb(cb, "aio_error", 1):error())
  end

  --- posix.aio_return(cb) -> n
  --
  -- The result of a request that is finished.
  -- See: aio_return(3)
  function posix.aio_return(cb)
    return (aiocb(cb, "aio_return", 1):result())
  end

  --- posix.aio_suspend(list, nent, timeout) -> 0 | -1, errno
  --
  -- posix.suspend of the first nent, answering as in C; timeout is
  -- {tv_sec=, tv_nsec=} or nil, an element that is nil is NULL.
  -- See: aio_suspend(3)
  function posix.aio_suspend(list, nent, timeout)
    return answer(native.aio_suspend(list, nent, timeout))
  end

  local answers = { canceled = aio.AIO_CANCELED,
                    notcanceled = aio.AIO_NOTCANCELED,
                    alldone = aio.AIO_ALLDONE }

  --- posix.aio_cancel(fd, cb) -> AIO_CANCELED, ... | -1, errno
  --
  -- posix.cancel, answering as in C: AIO_CANCELED, AIO_NOTCANCELED, AIO_ALLDONE
  -- or -1; cb is nil for all of fd.
  -- See: aio_cancel(3)
  function posix.aio_cancel(fd, cb)
    local word, _, errno = native.cancel(fd, cb)
    return answers[word] or answer(nil, nil, errno)
  end

  --- posix.lio_listio(mode, list, nent, sigevent) -> 0 | -1, errno
  --
  -- posix.listio of the first nent, answering as in C; mode is LIO_WAIT or
  -- LIO_NOWAIT, an element or sigevent that is nil is NULL.
  -- See: lio_listio(3)
  function posix.lio_listio(mode, list, nent, sigevent)
    return answer(native.lio_listio(mode, list, nent, sigevent))
  end

  --- posix.aio_init{aio_threads=, aio_num=, aio_idle_time=}
  --
  -- posix.init as in C, where what is left out is 0: at most 1 thread.
  -- See: aio_init(3)
  function posix.aio_init(init)
    local whole = { aio_threads = 0, aio_num = 0, aio_idle_time = 0 }
    for name, value in pairs(table_of(init, "aio_init")) do
      whole[name] = value
    end
    native.init(whole)
  end
end
