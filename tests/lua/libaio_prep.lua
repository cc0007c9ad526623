-- libaio's names: struct iocb and the inlines that prepare it (issue 3).
local aio = require "aio"
local tap = require "aio.tap"
local L = require "aio.libaio"

local zero = assert(aio.open("/dev/zero"))
local buf = assert(aio.buffer(4096))
local efd = assert(aio.eventfd())
local function noop() end

-- An iocb with every field set, so that what is not cleared shows.
local function used()
  local cb = L.iocb()
  L.io_prep_pwritev2(cb, 1, { buf }, 1, 77, aio.RWF_DSYNC)
  L.io_set_eventfd(cb, efd)
  L.io_set_callback(cb, noop)
  cb.aio_reqprio, cb.u.c.flags, cb.reserved2 = 3, 3, 5
  return cb
end

local NAMES = {
  "data", "aio_rw_flags", "aio_lio_opcode", "aio_reqprio", "aio_fildes", "buf",
  "bufs", "nbytes", "offset", "flags", "eventfd", "events", "reserved2",
}

local function show(value)
  return type(value) == "table" and "list" or tostring(value)
end

-- Checks all fields of a prepared iocb: those of want, and 0 or nil.
local function is(cb, want, name)
  local differ = {}
  local none = { data = true, buf = true, bufs = true, eventfd = true }
  for _, key in ipairs(NAMES) do
    local expected = want[key]
    if expected == nil and not none[key] then expected = 0 end
    if type(expected) == "table" then expected = "list" end
    if show(cb[key]) ~= show(expected) then
      differ[#differ + 1] = ("%s = %s, not %s"):format(key, show(cb[key]),
                                                       show(expected))
    end
  end
  tap.is(table.concat(differ, "; "), "", name .. ": its fields, and no others")
end

local function prepared(name, want, ...)
  local cb = used()
  tap.is(select("#", L[name](cb, ...)), 0, name .. " returns nothing")
  is(cb, want, name)
  return cb
end

is(L.iocb(), {}, "an iocb is zero")
prepared("io_prep_pread", { aio_lio_opcode = L.IO_CMD_PREAD, aio_fildes = zero,
                            buf = buf, nbytes = 512, offset = 1024 },
         zero, buf, 512, 1024)
prepared("io_prep_pwrite", { aio_lio_opcode = L.IO_CMD_PWRITE, aio_fildes = 9,
                             buf = buf, nbytes = 4096, offset = 0 },
         9, buf, "4k", 0)
local iov = { buf:slice(0, 512), buf:slice(512, 512), buf }
local vector = { aio_lio_opcode = L.IO_CMD_PREADV, aio_fildes = zero,
                 bufs = {}, nbytes = 2, offset = 8 }
tap.is(#prepared("io_prep_preadv", vector, zero, iov, 2, 8).bufs, 2,
       "iovcnt says how many of them")
vector.aio_rw_flags = aio.RWF_NOWAIT
prepared("io_prep_preadv2", vector, zero, iov, 2, 8, aio.RWF_NOWAIT)
vector.aio_lio_opcode, vector.aio_rw_flags = L.IO_CMD_PWRITEV, 0
prepared("io_prep_pwritev", vector, zero, iov, 2, 8)
vector.aio_rw_flags = aio.RWF_DSYNC | aio.RWF_APPEND
prepared("io_prep_pwritev2", vector, zero, iov, 2, 8, "dsync,append")
prepared("io_prep_poll", { aio_lio_opcode = L.IO_CMD_POLL, aio_fildes = zero,
                           events = aio.POLLIN }, zero, aio.POLLIN)
prepared("io_prep_fsync", { aio_lio_opcode = L.IO_CMD_FSYNC,
                            aio_fildes = zero }, zero)
prepared("io_prep_fdsync", { aio_lio_opcode = L.IO_CMD_FDSYNC,
                             aio_fildes = zero }, zero)

do -- iovecs as C has them
  local cb = L.iocb()
  L.io_prep_preadv(cb, zero, { { iov_base = buf, iov_len = 100 }, buf }, 2, 0)
  tap.is(#cb.u.v.vec[1], 100, "iov_base and iov_len")
  tap.ok(cb.u.v.vec[2] == buf, "a buffer stays itself")
end

do -- callback and eventfd
  local cb = L.iocb()
  L.io_set_callback(cb, noop)
  tap.is(cb.data, noop, "the callback is the data")
  cb.data = 7
  tap.is(cb.callback, 7, "and the data is the callback")
  L.io_set_callback(cb, nil)
  tap.is(cb.data, nil, "none is NULL")
  L.io_set_eventfd(cb, efd)
  tap.ok(cb.u.c.resfd == efd and cb.u.c.flags == aio.IOCB_FLAG_RESFD,
         "io_set_eventfd sets descriptor and flag")
  cb = L.iocb()
  cb.aio_reqprio, cb.u.c.resfd = 5, efd
  tap.ok(cb.aio_reqprio == 5 and cb.u.c.flags == 0,
         "setting a field by hand sets no flag, as in C")
end

do -- the union
  local cb = L.iocb()
  L.io_prep_pread(cb, zero, buf, 512, 9)
  cb.u.c.nbytes = 100
  tap.ok(cb.u.c.nbytes == 100 and cb.u.v.nr == 100, "c.nbytes is v.nr")
  tap.ok(cb.u.c.buf == buf and cb.u.c.offset == 9, "c.buf, c.offset")
  L.io_prep_poll(cb, zero, 4)
  tap.is(cb.u.poll.events, 4, "poll.events")
end

do -- fields of one's own
  local cb = L.iocb { nth_request = 3, data = "x" }
  L.io_prep_fsync(cb, zero)
  cb.nth_request = cb.nth_request + 1
  tap.ok(cb.nth_request == 4 and cb.data == nil,
         "fields of one's own stay, those of struct iocb are cleared")
  local copy = cb:copy()
  tap.ok(copy.nth_request == 4 and copy.opcode == L.IO_CMD_FSYNC, "a copy")
  tap.is(tostring(cb), "iocb (fsync)", "its text")
end

-- ---- misuse raises, and changes nothing ----

local cb = L.iocb()
L.io_prep_pread(cb, zero, buf, 512, 3)
local function bad(pattern, name, f, ...)
  tap.raises(pattern, name, L[f], ...)
  tap.is(cb.offset, 3, name .. ": the iocb is as before")
end

bad("^io_prep_pread: struct iocb expected, got nil", "no iocb",
    "io_prep_pread")
bad("^io_prep_pread: struct iocb expected, got table", "a table",
    "io_prep_pread", {}, zero, buf, 512, 0)
bad("^io_prep_pread: fd: missing", "no fd", "io_prep_pread", cb)
bad("^io_prep_pread: fd: something with", "a strange fd", "io_prep_pread", cb,
    "x", buf, 1, 1)
bad("^io_prep_pread: buf: ", "a strange buffer", "io_prep_pread", cb, zero, 12,
    1, 1)
bad("^io_prep_pread: count: missing", "no count", "io_prep_pread", cb, zero,
    buf)
bad("^io_prep_pwrite: offset: missing", "no offset", "io_prep_pwrite", cb,
    zero, buf, 5)
bad("^io_prep_pwrite: nbytes: ", "a fraction", "io_prep_pwrite", cb, zero, buf,
    1.5, 0)
bad("^io_prep_preadv: iov: list", "no list", "io_prep_preadv", cb, zero, buf,
    1, 0)
bad("^io_prep_preadv: iovcnt: 2, but iov has 1", "a short list",
    "io_prep_preadv", cb, zero, { buf }, 2, 0)
bad("^io_prep_preadv: iovcnt: missing", "no iovcnt", "io_prep_preadv", cb,
    zero, { buf })
bad("^io_prep_pwritev2: rw_flags: unknown flag", "a strange flag",
    "io_prep_pwritev2", cb, zero, { buf }, 1, 0, "later")
bad("^io_prep_poll: events: missing", "no events", "io_prep_poll", cb, zero)
bad("^io_prep_fsync: fd: missing", "no fd for fsync", "io_prep_fsync", cb)
bad("^io_prep_fdsync: fd: missing", "no fd for fdsync", "io_prep_fdsync", cb)
bad("^io_set_eventfd: eventfd: missing", "no eventfd", "io_set_eventfd", cb)
bad("^io_set_callback: struct iocb expected", "no iocb for a callback",
    "io_set_callback", nil, noop)
tap.raises("struct iocb: no field 'ofset'", "an unknown field",
           function() cb.ofset = 1 end)
tap.raises("struct iocb: no field 'nbites'", "an unknown field of the union",
           function() cb.u.c.nbites = 1 end)
tap.raises("struct iocb: no field 'd'", "an unknown member of the union",
           function() return cb.u.d end)
tap.raises("can't be set", "a member of the union as a whole",
           function() cb.u.c = {} end)

cb:close()
tap.raises("iocb is closed", "a closed iocb", function() return cb.offset end)
tap.done()
