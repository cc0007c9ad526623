-- The inlines of libaio.h that prepare a struct iocb.
local aio = require "aio"
local guard = require "aio.libaio_errors".guard
local struct = require "aio.libaio_iocb"

local prep = {}

local commands = {
  IO_CMD_PREAD = 0, IO_CMD_PWRITE = 1, IO_CMD_FSYNC = 2, IO_CMD_FDSYNC = 3,
  IO_CMD_POLL = 5, IO_CMD_NOOP = 6, IO_CMD_PREADV = 7, IO_CMD_PWRITEV = 8,
}

-- In C nothing can be left out.
local function need(value, name)
  if value == nil then error(name .. ": missing", 0) end
  return value
end

local function plain(opcode)
  return function(iocb, fd, buf, count, offset)
    struct.prepare(iocb, {
      opcode = opcode, fd = need(fd, "fd"), buf = buf or aio.null,
      nbytes = need(count, "count"), offset = need(offset, "offset"),
    })
  end
end

-- One element of an iov: a buffer, or {iov_base = buffer, iov_len = bytes}.
local function segment(element)
  if type(element) ~= "table" then return element end
  return element.iov_base:slice(0, element.iov_len)
end

local function segments(iov, iovcnt)
  if type(iov) ~= "table" then
    error("iov: list of buffers expected, got " .. type(iov), 0)
  end
  if iovcnt > #iov then
    error(("iovcnt: %d, but iov has %d"):format(iovcnt, #iov), 0)
  end
  local list = {}
  for i = 1, iovcnt do list[i] = segment(iov[i]) end
  return list
end

local function vector(opcode)
  return function(iocb, fd, iov, iovcnt, offset, flags)
    local n = math.tointeger(need(iovcnt, "iovcnt"))
    if not n then error("iovcnt: integer expected", 0) end
    struct.prepare(iocb, {
      opcode = opcode, fd = need(fd, "fd"),
      buf = iov == nil and aio.null or segments(iov, n), nbytes = n,
      offset = need(offset, "offset"), rw_flags = flags,
    })
  end
end

local function file_only(opcode)
  return function(iocb, fd)
    struct.prepare(iocb, { opcode = opcode, fd = need(fd, "fd") })
  end
end

--- io_prep_pread(iocb, fd, buf, count, offset)
--
-- Makes iocb a read of count bytes of fd at offset into buf, and clears all
-- other fields: set data, callback, eventfd and flags afterwards. buf is a
-- buffer or a slice; nil and aio.null are NULL.
-- Errors: raises for bad arguments, and while the iocb is in flight.
-- Example: libaio.io_prep_pread(cb, f, buf, 4096, 0)
-- See: io_prep_pread(3)
prep.io_prep_pread = plain(commands.IO_CMD_PREAD)

--- io_prep_pwrite(iocb, fd, buf, count, offset)
--
-- As io_prep_pread, for a write.
-- See: io_prep_pwrite(3)
prep.io_prep_pwrite = plain(commands.IO_CMD_PWRITE)

--- io_prep_preadv(iocb, fd, iov, iovcnt, offset)
--
-- Makes iocb a read into the first iovcnt elements of the list iov: buffers,
-- slices, or {iov_base=buffer, iov_len=bytes}. Clears all other fields.
-- Errors: as io_prep_pread, and when iov has fewer elements than iovcnt.
-- See: preadv(2)
function prep.io_prep_preadv(iocb, fd, iov, iovcnt, offset)
  vector(commands.IO_CMD_PREADV)(iocb, fd, iov, iovcnt, offset)
end

--- io_prep_pwritev(iocb, fd, iov, iovcnt, offset)
--
-- As io_prep_preadv, for a write.
-- See: pwritev(2)
function prep.io_prep_pwritev(iocb, fd, iov, iovcnt, offset)
  vector(commands.IO_CMD_PWRITEV)(iocb, fd, iov, iovcnt, offset)
end

--- io_prep_preadv2(iocb, fd, iov, iovcnt, offset, flags)
--
-- As io_prep_preadv, with RWF_ flags: a number, or names as "nowait,hipri".
-- See: preadv2(2)
prep.io_prep_preadv2 = vector(commands.IO_CMD_PREADV)

--- io_prep_pwritev2(iocb, fd, iov, iovcnt, offset, flags)
--
-- As io_prep_pwritev, with RWF_ flags: a number, or names as "dsync,append".
-- See: pwritev2(2)
prep.io_prep_pwritev2 = vector(commands.IO_CMD_PWRITEV)

--- io_prep_poll(iocb, fd, events)
--
-- Makes iocb a poll of fd for events: POLLIN and so on, or "in,out". Clears
-- all other fields.
-- See: poll(2)
function prep.io_prep_poll(iocb, fd, events)
  struct.prepare(iocb, { opcode = commands.IO_CMD_POLL, fd = need(fd, "fd"),
                         events = need(events, "events") })
end

--- io_prep_fsync(iocb, fd)
--
-- Makes iocb an fsync of fd, and clears all other fields.
-- See: io_prep_fsync(3)
prep.io_prep_fsync = file_only(commands.IO_CMD_FSYNC)

--- io_prep_fdsync(iocb, fd)
--
-- Makes iocb an fdatasync of fd, and clears all other fields.
-- See: fdatasync(2)
prep.io_prep_fdsync = file_only(commands.IO_CMD_FDSYNC)

--- io_set_callback(iocb, callback)
--
-- Sets what io_queue_run calls for the iocb's event, as callback(ctx, iocb,
-- res, res2). As in C that is the field data: setting one sets the other.
-- See: io_set_callback(3)
function prep.io_set_callback(iocb, callback)
  struct.native(iocb).data = callback
end

--- io_set_eventfd(iocb, eventfd)
--
-- The iocb's completion adds 1 to eventfd: one of ours, or a number.
-- See: eventfd(2)
function prep.io_set_eventfd(iocb, eventfd)
  struct.native(iocb).eventfd = need(eventfd, "eventfd")
end

-- All of them begin with the iocb.
local function checked(f)
  return function(iocb, ...)
    struct.native(iocb)
    f(iocb, ...)
  end
end

local exported = {}
for name, f in pairs(prep) do exported[name] = guard(name, checked(f)) end
for name, number in pairs(commands) do exported[name] = number end
return exported
