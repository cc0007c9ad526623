-- Our objects at length: an iocb's fields, what a context has in flight, the
-- first bytes of a buffer.
local aio = require "aio"
local words = require "aio.words"

local objects = {}

local ROWS = 20  -- of a list of requests
local BYTES = 64 -- of a buffer

-- A method or a getter of the type, called although a user may have changed
-- the metatable; nil, message where it raises.
local function call(type_name, name, ...)
  local known = words.types[type_name]
  local fn = known.methods[name] or known.getters[name]
  local ok, result, why = pcall(fn, ...)
  if ok then return result, why end
  return nil, (tostring(result):gsub("^bad argument #%d to '[^']*' ", ""))
end

-- ---- buffers ----

local function bytes(buf)
  local dump, why = call("buffer", "hexdump", buf, 0, BYTES)
  if not dump then
    dump, why = call("buffer", "hexdump", buf) -- a shorter one
  end
  return dump or why
end

function objects.buffer(p, buf)
  local text = p.tostring(buf)
  if text:find("closed", 1, true) then return text end
  local flying = call("buffer", "inflight", buf)
  if flying and flying > 0 then
    text = ("%s, %d in flight"):format(text, flying)
  end
  local dump = bytes(buf)
  return dump == "" and text or text .. "\n" .. dump
end

-- ---- contexts ----

local function head(text)
  local lines, n = {}, 0
  for line in text:gmatch("[^\n]+") do
    n = n + 1
    if n <= ROWS + 1 then lines[n] = line end -- and the heading
  end
  if n > ROWS + 1 then
    lines[#lines + 1] = ("... %d more"):format(n - ROWS - 1)
  end
  return table.concat(lines, "\n")
end

function objects.context(p, ctx)
  local text = p.tostring(ctx)
  local inflight = call("context", "inflight", ctx)
  local list = inflight and inflight > 0 and call("context", "list", ctx)
  return list and text .. "\n" .. head(p.tostring(list)) or text
end

-- ---- iocbs ----

-- Bits by name: the set's words are C's names without this prefix.
local function flags(bits, set, prefix)
  local names = {}
  for _, word in ipairs(set) do
    local bit = aio[prefix .. word:upper()] or 0
    if bit ~= 0 and bits & bit == bit then
      names[#names + 1], bits = word, bits & ~bit
    end
  end
  if bits ~= 0 then names[#names + 1] = ("0x%x"):format(bits) end
  return ('"%s"'):format(table.concat(names, ","))
end

local decoded = {
  rw_flags = function(v) return flags(v, words.rw_flags, "RWF_") end,
  flags = function(v) return flags(v, words.iocb_flags, "IOCB_FLAG_") end,
  events = function(v) return flags(v, words.poll, "POLL") end,
}

local function opcode(number)
  for name in pairs(aio) do
    if type(name) == "string" and name:find("^IOCB_CMD_")
       and aio[name] == number then
      return ("%d (%s)"):format(number, name)
    end
  end
  return ("%d (no such operation)"):format(number)
end

decoded.opcode = opcode

local function field(p, iocb, name)
  local v = call("iocb", name, iocb)
  if v == nil or v == 0 and name ~= "opcode" and name ~= "fd" then return end
  local text = decoded[name] and decoded[name](v) or p.nested(v)
  return ("  %-9s %s"):format(name, text)
end

function objects.iocb(p, iocb)
  local lines = { p.tostring(iocb) }
  for _, name in ipairs(words.iocb) do
    lines[#lines + 1] = field(p, iocb, name)
  end
  return table.concat(lines, "\n")
end

return objects
