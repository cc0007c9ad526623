-- struct iocb as libaio.h has it: its field names over an iocb of ours.
local aio = require "aio"
local guard = require "aio.libaio_errors".guard

local struct = {}
local meta = { __name = "struct iocb" }

-- An object keeps the iocb that it stands for under this key; objects finds
-- the object again when the event brings the iocb.
local NATIVE = {}
local objects = setmetatable({}, { __mode = "k" })

-- Fields, and what they are called in ours. As in C, the callback is data.
local FIELDS = {
  data = "data", aio_rw_flags = "rw_flags", aio_lio_opcode = "opcode",
  aio_reqprio = "reqprio", aio_fildes = "fd", callback = "data",
}
for name in ([[opcode fd buf bufs events nbytes offset rw_flags reqprio
               eventfd flags reserved2]]):gmatch("[%w_]+") do
  FIELDS[name] = name
end
local UNION = {
  c = { buf = "buf", nbytes = "nbytes", offset = "offset", flags = "flags",
        resfd = "eventfd" },
  v = { vec = "bufs", nr = "nbytes", offset = "offset" },
  poll = { events = "events" },
  saddr = { addr = "buf", len = "nbytes" },
}

-- Here only flags sets flags, as in C: ours set the bit along with its field.
local function set(native, name, value)
  local flags = native.flags
  native[name] = value
  if name == "reqprio" or name == "eventfd" then native.flags = flags end
end

local function field(fields, key)
  return fields[key] or error(("no field '%s'"):format(tostring(key)), 0)
end

-- u.c and its kind: the same iocb by other names.
local function member(native, fields)
  return setmetatable({}, {
    __index = guard("struct iocb", function(_, key)
      return native[field(fields, key)]
    end),
    __newindex = guard("struct iocb", function(_, key, value)
      set(native, field(fields, key), value)
    end),
  })
end

local function union(iocb)
  return setmetatable({}, {
    __index = guard("struct iocb", function(_, key)
      return member(iocb[NATIVE], field(UNION, key))
    end),
    __newindex = guard("struct iocb", function(_, key)
      error(("'u.%s' can't be set"):format(tostring(key)), 0)
    end),
  })
end

local function adopt(iocb, native)
  rawset(iocb, NATIVE, native)
  objects[native] = iocb
end

local methods = {}

--- cb:close()
--
-- Lets go of buffer, file and data of a struct iocb; a request in flight goes
-- on. Closing twice is harmless.
function methods.close(iocb)
  iocb[NATIVE]:close()
end

--- cb:copy() -> cb
--
-- Another struct iocb with the same fields, as an assignment of structs in C.
-- An iocb is in flight at most once: copies make the same request meanwhile.
function methods.copy(iocb)
  local other = {}
  for key, value in next, iocb do other[key] = value end
  adopt(other, iocb[NATIVE]:copy())
  return setmetatable(other, meta)
end

meta.__close = methods.close

meta.__index = guard("struct iocb", function(iocb, key)
  if key == "u" then return union(iocb) end
  return methods[key] or iocb[NATIVE][field(FIELDS, key)]
end)

meta.__newindex = guard("struct iocb", function(iocb, key, value)
  set(iocb[NATIVE], field(FIELDS, key), value)
end)

function meta.__tostring(iocb)
  return tostring(iocb[NATIVE])
end

--- iocb([fields]) -> cb
--
-- A struct iocb, all zero, for io_prep_pread and its kind. Its fields have
-- their names in C: data, aio_rw_flags, aio_lio_opcode, aio_reqprio,
-- aio_fildes, u.c.buf, u.c.nbytes, u.c.offset, u.c.flags, u.c.resfd, u.v.vec,
-- u.v.nr, u.poll.events; those of ours (opcode, fd, buf ...) work as well. What
-- else the table fields holds are fields of one's own, as of a C struct that
-- begins with a struct iocb.
-- Errors: reading or setting an unknown field raises, as does setting one
-- while the iocb is in flight.
-- Example: cb = libaio.iocb{nth_request = 1}
-- See: io_prep_pread
function struct.new(fields)
  local iocb, given = {}, {}
  for key, value in pairs(fields or {}) do
    (FIELDS[key] and given or iocb)[key] = value
  end
  adopt(iocb, aio.iocb { fd = 0 })
  setmetatable(iocb, meta)
  for key, value in pairs(given) do iocb[key] = value end
  return iocb
end

-- The iocb of ours behind an object, or an error.
function struct.native(iocb)
  if getmetatable(iocb) ~= meta then
    error("struct iocb expected, got " .. type(iocb), 0)
  end
  return iocb[NATIVE]
end

-- Makes it a new one with these fields only: io_prep_* clear all others.
-- What can go wrong does so before anything has changed.
function struct.prepare(iocb, fields)
  struct.native(iocb)
  local native = aio.iocb(fields)
  if iocb[NATIVE].inflight then
    error("the iocb is in flight until its event was delivered", 0)
  end
  adopt(iocb, native)
end

-- The object that stands for an iocb of ours.
function struct.object(native)
  return objects[native]
end

return struct
