-- libaio's names, for `libaio = require "aio.libaio"`: every function, inline
-- and constant (IO_CMD_PREAD to IO_CMD_PWRITEV) of libaio.h 0.3.113 with its
-- argument order, so that a C program can be typed almost verbatim. Calls
-- return what libaio's do: -errno when they fail. struct iocb *ios[] and struct
-- io_event events[] are lists that begin at 1, a struct timespec is
-- {tv_sec=, tv_nsec=}, NULL is nil. Files, memory, eventfds and epoll are ours,
-- and so is their safety: what would corrupt memory, never return, or leave an
-- event without one owner raises an error.
--
-- Two things of libaio are not as there. Its io_getevents and io_queue_run read
-- the ring of a context that is gone, and crash; here they return -EINVAL. And
-- its io_getevents with a zero timeout looks at the ring first and returns 0
-- when that is empty, whatever else is wrong; here the kernel is always asked,
-- and its -EINVAL for min_nr over nr is seen.
local aio = require "aio"
local context = require "aio.libaio_context"
local taking = require "aio.libaio_events"
local guard = require "aio.libaio_errors".guard
local integer = require "aio.libaio_integer"
local prep = require "aio.libaio_prep"
local struct = require "aio.libaio_iocb"

local calls = {}

local function element(ios, i)
  local ok, native = pcall(struct.native, rawget(ios, i))
  if not ok then error(("ios[%d]: %s"):format(i, native), 0) end
  return native
end

-- The first nr iocbs of ours.
local function natives(ios, nr)
  local list = {}
  if nr <= 0 then return list end
  if type(ios) ~= "table" then
    error("ios: list of iocbs expected, got " .. type(ios), 0)
  end
  if nr > #ios then
    error(("nr: %d, but ios has %d"):format(nr, #ios), 0)
  end
  for i = 1, nr do list[i] = element(ios, i) end
  return list
end

local function submit(ctx, nr, ios)
  local n = integer.check(nr, "nr")
  local native = context.native(ctx)
  local list = natives(ios, n)
  if not native then return -aio.EINVAL end
  local taken, _, errno = native:submit(list, n)
  return taken or -errno
end

--- io_submit(ctx, nr, ios) -> n | -errno
--
-- Submits the first nr iocbs of the list ios and returns how many the kernel
-- took. An error is returned when it is about the first.
-- Errors: -EAGAIN: no room. -EBADF, -EINVAL, -EFAULT, -EOPNOTSUPP: the first
-- iocb is bad. -EINVAL: no context. Raises for an iocb that is in flight, given
-- twice, or whose count is past its buffer: libaio would not know.
-- Example: n = libaio.io_submit(ctx, 1, {cb})
-- See: io_submit(2)
function calls.io_submit(ctx, nr, ios)
  return submit(ctx, nr, ios)
end

local function submit_one(ctx, iocb, callback)
  prep.io_set_callback(iocb, callback)
  return submit(ctx, 1, { iocb })
end

--- io_poll(ctx, iocb, callback, fd, events) -> 1 | -errno
--
-- io_prep_poll, io_set_callback and io_submit in one.
-- See: io_prep_poll
function calls.io_poll(ctx, iocb, callback, fd, events)
  prep.io_prep_poll(iocb, fd, events)
  return submit_one(ctx, iocb, callback)
end

--- io_fsync(ctx, iocb, callback, fd) -> 1 | -errno
--
-- io_prep_fsync, io_set_callback and io_submit in one.
-- See: io_fsync(3)
function calls.io_fsync(ctx, iocb, callback, fd)
  prep.io_prep_fsync(iocb, fd)
  return submit_one(ctx, iocb, callback)
end

--- io_fdsync(ctx, iocb, callback, fd) -> 1 | -errno
--
-- io_prep_fdsync, io_set_callback and io_submit in one.
-- See: io_prep_fdsync
function calls.io_fdsync(ctx, iocb, callback, fd)
  prep.io_prep_fdsync(iocb, fd)
  return submit_one(ctx, iocb, callback)
end

-- ---- the module ----

local libaio = { iocb = guard("iocb", struct.new) }
for _, part in ipairs { context.calls, taking, calls } do
  for name, f in pairs(part) do libaio[name] = guard(name, f) end
end
for name, value in pairs(prep) do libaio[name] = value end
libaio.io_queue_run = taking.io_queue_run -- guards itself, not callbacks
return libaio
