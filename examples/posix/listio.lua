-- Eight writes by lio_listio, a sync, and eight reads that tell by a signal
-- that they have ended, in the names of aio.h: line by line as in listio.c.
--   usage: aiosh examples/posix/listio.lua [directory]

local P = require "aio.posix"
local REQUESTS, SIZE = 8, 4096
local EINPROGRESS = aio.EINPROGRESS

local function check(ok, what, err)
  if ok then return end
  io.stderr:write(what, ": ", aio.strerror(err), "\n")
  os.exit(1)
end

local cbs, sync, bufs, list = {}, P.aiocb(), {}, {}
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-listio.tmp"
local fd, message = aio.open(path, "rdwr,creat,trunc")
assert(fd, message)
fd:unlink()

for i = 1, REQUESTS do
  local cb = P.aiocb()
  cbs[i], list[i] = cb, cb
  bufs[i] = aio.buffer(SIZE):fill(("a"):byte() + i - 1)
  cb.aio_fildes = fd
  cb.aio_buf = bufs[i]
  cb.aio_nbytes = SIZE
  cb.aio_offset = (i - 1) * SIZE
  cb.aio_lio_opcode = P.LIO_WRITE
  cb.aio_sigevent.sigev_notify = P.SIGEV_NONE
end
local r = P.lio_listio(P.LIO_WAIT, list, REQUESTS, nil)
check(r == 0, "lio_listio", P.errno)
for i = 1, REQUESTS do
  print(("write %d: error %d, return %d"):format(i - 1, P.aio_error(cbs[i]),
    P.aio_return(cbs[i])))
end

sync.aio_fildes = fd
sync.aio_sigevent.sigev_notify = P.SIGEV_NONE
r = P.aio_fsync(P.O_SYNC, sync)
check(r == 0, "aio_fsync", P.errno)
local one = { sync }
local timeout = { tv_sec = 10 }
while P.aio_error(sync) == EINPROGRESS do
  check(P.aio_suspend(one, 1, timeout) == 0, "aio_suspend", P.errno)
end
print(("sync: error %d, return %d"):format(P.aio_error(sync),
  P.aio_return(sync)))

local signals = aio.signals("SIGRTMIN")
local waiter = aio.waiter():add(signals)
for i = 1, REQUESTS do
  local cb = cbs[i]
  bufs[i]:fill(0)
  cb.aio_sigevent.sigev_notify = P.SIGEV_SIGNAL
  cb.aio_sigevent.sigev_signo = "SIGRTMIN"
  cb.aio_sigevent.sigev_value.sival_int = i
  r = P.aio_read(cb)
  check(r == 0, "aio_read", P.errno)
end
local done = 0
while done < REQUESTS do
  local before = done
  for _ in waiter:wait(10) do
    local _, _, _, i = signals:read()
    print(("read %d: '%s', error %d, return %d"):format(i - 1,
      P.aio_error(cbs[i]) == 0 and bufs[i]:get(0, 1), P.aio_error(cbs[i]),
      P.aio_return(cbs[i])))
    done = done + 1
  end
  check(done > before, "no signal in 10 seconds", 0)
end

r = P.aio_cancel(fd, nil)
print("cancel: " .. (r == P.AIO_ALLDONE and "all done" or "not all done"))
fd:close()
