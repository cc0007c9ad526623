-- POSIX AIO, for `posix = require "aio.posix"`: asynchronous I/O as glibc has
-- it, with threads in user space that call pread and pwrite. The same files and
-- buffers as native AIO, and the same safety; aio.h's own names as well.
--
-- What surprises: requests on one descriptor are carried out one after the
-- other; 20 threads at most serve all of them, and one blocked in a read keeps
-- its thread; most errors are told by cb:error() only, not by the call.
local aio = require "aio"
local native = require "aio.posix_native"
local run = require "aio.posix_run"
local sigevent = require "aio.posix_sigevent"

native.hooks(sigevent.make, sigevent.read)

local posix = {
  aiocb = native.aiocb, suspend = native.suspend, listio = native.listio,
  cancel = native.cancel, init = native.init, sigevent = sigevent.new,
  eventfd = run.eventfd, run = run.run,
}

for name in ([[AIO_CANCELED AIO_NOTCANCELED AIO_ALLDONE LIO_READ LIO_WRITE
               LIO_NOP LIO_WAIT LIO_NOWAIT SIGEV_SIGNAL SIGEV_NONE SIGEV_THREAD
               O_SYNC O_DSYNC EINPROGRESS ECANCELED]]):gmatch("%S+") do
  posix[name] = aio[name]
end

require "aio.posix_names"(posix)
return posix
