-- Making iocbs: every operation in every form, preparing anew, at, copy,
-- close, and what an iocb in flight refuses (design, section 4).
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(8))
local buf, other = assert(aio.buffer(4096)), assert(aio.buffer(512))
local zero = assert(aio.open("/dev/zero", "rdwr"))
local pipe = { aio.pipe("nonblock") }
local R = pipe[1]

local function fields(cb, want, name)
  local good = true
  for key, value in pairs(want) do
    if cb[key] ~= value then
      good = tap.is(cb[key], value, name .. ": " .. key)
    end
  end
  tap.ok(good, name)
end

-- ---- positional forms and their defaults ----

for op, code in pairs { pread = aio.IOCB_CMD_PREAD,
    pwrite = aio.IOCB_CMD_PWRITE } do
  local make = aio[op]
  fields(make(zero, buf), { opcode = code, fd = zero, buf = buf, nbytes = 4096,
    offset = 0, rw_flags = 0, flags = 0, reqprio = 0, reserved2 = 0,
    events = 0 }, op .. "(fd, buf)")
  fields(make(zero, buf, 100), { nbytes = 100, offset = 0 }, op .. " nbytes")
  fields(make(zero, buf, nil, "4k"), { nbytes = 4096, offset = 4096 },
    op .. " offset")
  fields(make(zero, buf:slice(8, 16)), { nbytes = 16 }, op .. " of a slice")
  fields(make(zero, aio.null, 10), { buf = aio.null, nbytes = 10 },
    op .. " aio.null")
  tap.raises("#2 to '.*" .. op .. "' .*nbytes is needed", op .. ": what size",
    make, zero, aio.wild)
  tap.raises("#2 to '.*" .. op .. "' .*buffer expected", op .. ": no buffer",
    make, zero)
  tap.raises("#2 to '.*" .. op .. "' .*buffer expected", op .. ": a list",
    make, zero, { buf })
  tap.raises("#2 to '.*" .. op .. "' .*buffer expected", op .. ": a number",
    make, zero, 4096)
end

for op, code in pairs { preadv = aio.IOCB_CMD_PREADV,
    pwritev = aio.IOCB_CMD_PWRITEV } do
  local make, list = aio[op], { buf, other }
  local cb = make(zero, list)
  fields(cb, { opcode = code, nbytes = 2, offset = 0, rw_flags = 0 },
    op .. "(fd, list)")
  tap.is(cb.buf, nil, op .. " has no buf")
  tap.ok(cb.bufs[1] == buf and cb.bufs[2] == other, "but bufs")
  list[1] = nil
  tap.is(cb.bufs[1], buf, "a copy of the list")
  fields(make(zero, { buf }, 4096, "nowait"),
    { offset = 4096, rw_flags = aio.RWF_NOWAIT }, op .. " offset, rw_flags")
  fields(make(zero, {}), { nbytes = 0 }, op .. " of nothing")
  tap.raises("#2 to '.*" .. op .. "' .*list of buffers expected",
    op .. ": a buffer", make, zero, buf)
  tap.raises("element 2 is no buffer but a number", op .. ": a number in it",
    make, zero, { buf, 3 })
  tap.raises("element 1 is no buffer but a nil", op .. ": a hole", make, zero,
    { nil, buf })
end

fields(aio.fsync(zero), { opcode = aio.IOCB_CMD_FSYNC, fd = zero, nbytes = 0 },
  "fsync")
fields(aio.fdsync(zero), { opcode = aio.IOCB_CMD_FDSYNC, fd = zero }, "fdsync")
fields(aio.noop(), { opcode = aio.IOCB_CMD_NOOP, nbytes = 0 }, "noop")
fields(aio.poll(R, "in,out"), { opcode = aio.IOCB_CMD_POLL, fd = R,
  events = aio.POLLIN | aio.POLLOUT, nbytes = 0 }, "poll")
fields(aio.poll(R, 0x2001), { events = 0x2001 }, "poll with a number")
fields(aio.poll(R, 0), { events = 0 }, "poll for nothing")
tap.raises("#2 to '.*poll' .*events", "poll without events", aio.poll, R)
tap.raises("unknown flag 'inn' .did you mean 'in'", "poll with a typo",
  aio.poll, R, "inn")
tap.raises("zero byte", "poll with a zero", aio.poll, R, "in\0")

-- ---- named forms ----

do
  local callback, data, efd = function() end, {}, aio.eventfd()
  local all = { fd = zero, buf = buf, nbytes = 8, offset = 16, data = data,
    eventfd = efd, callback = callback, rw_flags = "nowait,dsync",
    reqprio = 3 }
  local want = { fd = zero, buf = buf, nbytes = 8, offset = 16, data = data,
    eventfd = efd, callback = callback, reqprio = 3,
    rw_flags = aio.RWF_NOWAIT | aio.RWF_DSYNC,
    flags = aio.IOCB_FLAG_RESFD | aio.IOCB_FLAG_IOPRIO }
  fields(aio.pread(all), want, "pread{}")
  fields(aio.pwrite(all), want, "pwrite{}")
  fields(aio.pread { fd = zero, buf = buf }, { nbytes = 4096 },
    "nbytes is that of the buffer")
  fields(aio.preadv { fd = zero, bufs = { buf, other } }, { nbytes = 2 },
    "preadv{}")
  fields(aio.pwritev { fd = zero, bufs = { buf }, offset = "1k" },
    { offset = 1024 }, "pwritev{}")
  fields(aio.fsync { fd = zero, data = 1 }, { data = 1 }, "fsync{}")
  fields(aio.fdsync { fd = zero, eventfd = efd }, { eventfd = efd }, "fdsync{}")
  fields(aio.poll { fd = R, events = "hup" }, { events = aio.POLLHUP },
    "poll{}")
  fields(aio.noop { data = 5 }, { data = 5 }, "noop{}")
  fields(aio.pread {}, { nbytes = 0, opcode = 0 }, "all may be left out")
  for _, op in ipairs { "pread", "pwrite", "preadv", "pwritev", "fsync",
      "fdsync", "poll", "noop" } do
    tap.raises("to '.*" .. op .. "' .*unknown field 'foo'",
      op .. "{}: an unknown key", aio[op], { foo = 1 })
    tap.raises("unknown field 'opcode'", op .. "{}: the opcode is given",
      aio[op], { opcode = 1 })
  end
  tap.raises("unknown field '1'", "a list is no table of fields", aio.pread,
    { zero, buf })
  tap.raises("unknown field 'fd\\?0?", "a key with a zero", aio.pread,
    { ["fd\0"] = 1 })
  tap.raises("'buf' to '.*pread' .*closed", "a closed buffer", function()
    local b = aio.buffer(8)
    b:close()
    aio.pread { fd = zero, buf = b }
  end)
end

do -- aio.iocb
  fields(aio.iocb(), { opcode = 0, nbytes = 0, offset = 0, flags = 0 },
    "aio.iocb()")
  fields(aio.iocb { opcode = "pwritev" }, { opcode = 8 }, "opcode by name")
  fields(aio.iocb { opcode = 65535, flags = 0xffffffff, reserved2 = -1 },
    { opcode = 65535, flags = 0xffffffff, reserved2 = -1 }, "any number")
  tap.raises("'opcode' to 'iocb' .*unknown opcode 'preed'", "opcode unknown",
    function() aio.iocb { opcode = "preed" } end)
  tap.raises("zero byte", "opcode with a zero", aio.iocb,
    { opcode = "pread\0" })
  tap.raises("'opcode' .*not in 0%.%.65535", "opcode too large", aio.iocb,
    { opcode = 65536 })
  tap.raises("unknown field 'aio_fildes'", "unknown field", aio.iocb,
    { aio_fildes = 1 })
  tap.raises("#1 to '.*iocb' .*table expected", "no table", aio.iocb, 5)
end

-- ---- prepared anew ----

do
  local callback, data, efd = function() end, {}, aio.eventfd()
  local cb = aio.pread { fd = zero, buf = buf, data = data, eventfd = efd,
    callback = callback, rw_flags = "nowait", reqprio = 3 }
  tap.is(cb:pwrite(R, other, 10, 20), cb, "a method returns the iocb")
  fields(cb, { opcode = aio.IOCB_CMD_PWRITE, fd = R, buf = other, nbytes = 10,
    offset = 20, data = data, callback = callback, eventfd = efd,
    rw_flags = 0, reqprio = 0, flags = aio.IOCB_FLAG_RESFD },
    "data, callback and eventfd stay, the rest is new")
  cb:poll { fd = R, events = "in", data = 7 }
  fields(cb, { data = 7, callback = callback, eventfd = efd, events = 1 },
    "what is named is new")
  for _, op in ipairs { "fsync", "fdsync" } do
    tap.is(cb[op](cb, zero).opcode, aio["IOCB_CMD_" .. op:upper()], op)
  end
  tap.is(cb:preadv(zero, { buf }).nbytes, 1, "preadv")
  tap.is(cb:pwritev(zero, { buf, buf }).nbytes, 2, "pwritev")
  tap.is(cb:noop().opcode, aio.IOCB_CMD_NOOP, "noop")
  fields(cb, { data = 7, callback = callback, eventfd = efd }, "still the same")
  cb:pread(zero, buf)
  tap.ok(not pcall(cb.pwrite, cb, zero, 5), "a bad argument")
  fields(cb, { opcode = 0, fd = zero, buf = buf, nbytes = 4096 },
    "leaves it as it was")
end

do -- at
  local cb = aio.pread { fd = zero, buf = buf, nbytes = 100, data = 1,
    rw_flags = "nowait" }
  tap.is(cb:at(512), cb, "at returns the iocb")
  fields(cb, { offset = 512, nbytes = 100, data = 1,
    rw_flags = aio.RWF_NOWAIT }, "at changes the offset only")
  fields(cb:at("1k", "2k"), { offset = 1024, nbytes = 2048 }, "and nbytes")
  tap.raises("#1 to 'at' .*number expected", "at needs an offset",
    function() cb:at() end)
end

do -- copy
  local cb = aio.pread { fd = zero, buf = buf, nbytes = 100, offset = 5,
    data = {}, callback = print, eventfd = aio.eventfd(), rw_flags = 1,
    reqprio = 2 }
  local copy = cb:copy()
  for _, key in ipairs { "opcode", "fd", "buf", "nbytes", "offset", "data",
      "callback", "eventfd", "rw_flags", "reqprio", "flags" } do
    tap.is(copy[key], cb[key], "copy: " .. key)
  end
  copy.nbytes = 7
  tap.is(cb.nbytes, 100, "they are two")
  local v = aio.preadv(zero, { buf, other }):copy()
  tap.is(v.bufs[2], other, "a copy of a vector")
  tap.is(ctx:submit(aio.poll(R, "in"):copy(), v), 2, "copies can be submitted")
  ctx:getevents(1, 1, 10)
end

-- ---- in flight; closed ----

do
  local cb = aio.poll { fd = R, events = "in", data = "d" }
  tap.is(cb.inflight, false, "not in flight")
  tap.is(tostring(cb), "iocb (poll 0x1)", "tostring")
  ctx:submit(cb)
  tap.is(cb.inflight, true, "in flight")
  tap.is(tostring(cb), "iocb (poll 0x1, in flight)", "tostring in flight")
  for _, key in ipairs { "opcode", "fd", "buf", "bufs", "events", "nbytes",
      "offset", "data", "rw_flags", "reqprio", "eventfd", "callback", "flags",
      "reserved2" } do
    tap.raises("in flight", key .. " can't be set",
      function() cb[key] = nil end)
  end
  tap.raises("in flight", "at", cb.at, cb, 0)
  tap.raises("in flight", "pread", cb.pread, cb, zero, buf)
  tap.raises("in flight", "noop", cb.noop, cb)
  tap.is(cb.data, "d", "it can be read")
  local copy = cb:copy()
  tap.is(copy.inflight, false, "a copy is not in flight")
  copy.data = "e"
  ctx:cancel(cb)
  tap.is(ctx:getevents(1, 1, 10)[1].data, "d", "and does not change it")
  cb.data = 1
  tap.is(cb.data, 1, "delivered: it can be changed again")
  cb:close()
  cb:close()
  tap.is(tostring(cb), "iocb (closed)", "closed twice")
  for _, key in ipairs { "data", "nbytes", "inflight", "fd" } do
    tap.raises("iocb is closed", key .. " of a closed one",
      function() return cb[key] end)
  end
  tap.raises("iocb is closed", "copy", cb.copy, cb)
  tap.raises("iocb is closed", "at", cb.at, cb, 0)
  tap.raises("iocb is closed", "pread", cb.pread, cb, zero, buf)
  tap.raises("iocb is closed", "submit", ctx.submit, ctx, cb)
end

tap.done()
