-- The fields of an iocb: reading, setting, their defaults and what they refuse
-- (design, section 2).
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(8))
local buf = assert(aio.buffer(4096))
local zero = assert(aio.open("/dev/zero"))
local efd = assert(aio.eventfd())

-- {field, value, what is read then (the value), what nil makes of it}
local good = {
  { "opcode", 5, 5, 0 }, { "opcode", "fdsync", 3, 0 }, { "opcode", 7.0, 7, 0 },
  { "fd", 7, 7, nil }, { "fd", zero, zero, nil }, { "fd", -1, -1, nil },
  { "buf", buf, buf, nil }, { "buf", aio.null, aio.null, nil },
  { "buf", aio.wild, aio.wild, nil },
  { "events", "in,pri,out,err,hup,nval,rdnorm,rdband,wrnorm,wrband,rdhup",
    0x23ff, 0 },
  { "events", "in|out", 5, 0 }, { "events", " in , out ", 5, 0 },
  { "events", 0xffffffff, 0xffffffff, 0 }, { "events", "", 0, 0 },
  { "nbytes", 4096, 4096, 0 }, { "nbytes", "4k", 4096, 0 },
  { "nbytes", -1, -1, 0 }, { "nbytes", math.mininteger, math.mininteger, 0 },
  { "offset", "1m", 1 << 20, 0 }, { "offset", -1, -1, 0 },
  { "data", "text", "text", nil }, { "data", false, false, nil },
  { "data", 1.5, 1.5, nil },
  { "rw_flags", "hipri,dsync,sync,nowait,append", 0x1f, 0 },
  { "rw_flags", "noappend,atomic,dontcache,nosignal", 0x1e0, 0 },
  { "rw_flags", 0x80000000, 0x80000000, 0 },
  { "reqprio", 5, 5, 0 }, { "reqprio", -1, -1, 0 }, { "reqprio", 65535, -1, 0 },
  { "eventfd", efd, efd, nil }, { "eventfd", 9, 9, nil },
  { "callback", print, print, nil },
  { "flags", "resfd,ioprio", 3, 0 }, { "flags", 0xfffffffc, 0xfffffffc, 0 },
  { "reserved2", 1, 1, 0 }, { "reserved2", -1, -1, 0 },
}
for _, case in ipairs(good) do
  local key, value, read, default = table.unpack(case, 1, 4)
  local cb = aio.iocb()
  cb[key] = value
  tap.is(cb[key], read, ("%s = %s"):format(key, value))
  cb[key] = nil
  tap.is(cb[key], default, key .. " = nil")
end

local bad = {
  { "opcode", "preed", "unknown opcode 'preed'" },
  { "opcode", -1, "not in 0..65535" }, { "opcode", {}, "number expected" },
  { "opcode", 1.5, "no integer value" }, { "opcode", "", "unknown opcode" },
  { "opcode", "PREAD", "unknown opcode" },
  { "fd", "0", "something with a descriptor expected" },
  { "fd", 1 << 40, "no descriptor" },
  { "buf", 4096, "buffer expected" }, { "buf", "x", "buffer expected" },
  { "buf", efd, "buffer expected" }, { "bufs", 1, "buffer expected" },
  { "bufs", { 1 }, "element 1 is no buffer" },
  { "events", "input", "unknown flag 'input' (did you mean 'in'?)" },
  { "events", 1 << 32, "does not fit 32 bits" }, { "events", {}, "expected" },
  { "events", "in\0", "zero byte" },
  { "nbytes", {}, "number expected" }, { "nbytes", 0.5, "no integer value" },
  { "offset", "x", "not a size" }, { "offset", 0 / 0, "no integer value" },
  { "rw_flags", "nowai", "unknown flag 'nowai'" },
  { "rw_flags", -1 << 40, "does not fit 32 bits" },
  { "rw_flags", true, "string or number expected" },
  { "reqprio", 65536, "not in" }, { "reqprio", -32769, "not in" },
  { "reqprio", "5", "number expected" }, { "reqprio", 0.5, "no integer value" },
  { "eventfd", "x", "something with a descriptor expected" },
  { "callback", 5, "function expected, got number" },
  { "callback", {}, "function expected, got table" },
  { "flags", "resfdd", "unknown flag" }, { "flags", 1 << 33, "32 bits" },
  { "reserved2", {}, "number expected" },
}
for _, case in ipairs(bad) do
  local key, value, pattern = table.unpack(case)
  local cb = aio.iocb()
  local name = key .. " = " .. tostring(value):gsub("%z", "\\0")
  local before = cb[key]
  local set, message = pcall(function() cb[key] = value end)
  tap.ok(not set and message:find(pattern, 1, true)
    and message:find("field '" .. key .. "'", 1, true), name .. ": "
    .. tostring(message))
  tap.is(cb[key], before, "and it stays")
  tap.raises("'" .. key .. "'", name .. " in aio.iocb{}", aio.iocb,
    { [key] = value })
end

-- ---- unknown ones ----

do
  local cb = aio.iocb()
  for _, key in ipairs { "foo", "aio_nbytes", "key", "" } do
    tap.raises("iocb has no field '" .. key .. "'", "get " .. key,
      function() return cb[key] end)
    tap.raises("iocb has no field '" .. key .. "' to set", "set " .. key,
      function() cb[key] = 1 end)
  end
  tap.raises("iocb has no field 'inflight' to set", "set inflight",
    function() cb.inflight = true end)
  tap.raises("iocb has no field '1' to set", "set 1", function() cb[1] = 1 end)
  tap.raises("has no field", "a zero byte in a name",
    function() cb["data\0x"] = 1 end)
  tap.is(cb.data, nil, "which sets nothing")
end

-- ---- fields that set bits of flags ----

do
  local cb = aio.iocb()
  cb.reqprio = 4
  tap.is(cb.flags, aio.IOCB_FLAG_IOPRIO, "reqprio sets IOPRIO")
  cb.eventfd = efd
  tap.is(cb.flags, aio.IOCB_FLAG_IOPRIO | aio.IOCB_FLAG_RESFD,
    "eventfd sets RESFD")
  cb.reqprio = nil
  tap.is(cb.flags, aio.IOCB_FLAG_RESFD, "nil clears it")
  cb.eventfd = nil
  tap.is(cb.flags, 0, "and that")
  local raw = aio.iocb { eventfd = efd, reqprio = 1, flags = 0 }
  tap.is(raw.flags, 0, "flags have the last word")
  raw = aio.pread { fd = zero, buf = buf, eventfd = efd }
  raw.flags = 0
  ctx:submit(raw)
  ctx:getevents(1, 1, 10)
  tap.errno("EAGAIN", "a cleared RESFD: no signal", efd:read())
end

-- ---- buf, bufs and events take the same place ----

do
  local cb = aio.iocb { buf = buf }
  tap.is(cb.events, 0, "a buffer: no events")
  cb.bufs = { buf }
  tap.is(cb.buf, nil, "a list replaces the buffer")
  cb.buf = buf
  tap.is(cb.bufs, nil, "and the other way round")
  cb.events = "in"
  tap.is(cb.buf, nil, "events replace both")
  cb.buf = aio.null
  tap.is(cb.events, 0, "and are replaced")
  tap.is(tostring(aio.null), "aio.null", "aio.null")
  tap.is(tostring(aio.wild), "aio.wild", "aio.wild")
end

-- ---- the collector ----

do
  local weak = setmetatable({}, { __mode = "v" })
  local cb = aio.pread { fd = zero, buf = aio.buffer(8), data = {} }
  weak.buf, weak.data = cb.buf, cb.data
  collectgarbage()
  tap.ok(weak.buf and weak.data, "an iocb keeps its buffer and data")
  cb:close()
  collectgarbage()
  collectgarbage()
  tap.is(next(weak), nil, "a closed one does not")
end

tap.done()
