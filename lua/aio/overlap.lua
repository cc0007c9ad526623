-- Two requests in flight over the same bytes: of a file, with a write among
-- them, or of memory, with a read among them. Requests are tables {op=, file=
-- (which one it is), offset=, bytes= (in all), memory= (address, or a list of
-- {address, length})}.
local overlap = {}

local writes = { pwrite = true, pwritev = true }
local reads = { pread = true, preadv = true }

local function meet(a, a_len, b, b_len)
  return a_len > 0 and b_len > 0 and a < b + b_len and b < a + a_len
end

local function bytes(r)
  return r.bytes or r.nbytes or 0
end

-- Whether both use bytes of one file, and one of them writes these.
function overlap.in_file(a, b)
  return a.file ~= nil and a.file == b.file
    and (writes[a.op] or writes[b.op]) and (writes[a.op] or reads[a.op])
    and (writes[b.op] or reads[b.op])
    and meet(a.offset, bytes(a), b.offset, bytes(b)) or false
end

local function moves_data(r)
  return reads[r.op] or writes[r.op]
end

local function ranges(r)
  if type(r.memory) == "table" then return r.memory end
  return r.memory and { { r.memory, bytes(r) } } or {}
end

local function any_meet(list, others)
  for _, m in ipairs(list) do
    for _, n in ipairs(others) do
      if meet(m[1], m[2], n[1], n[2]) then return true end
    end
  end
  return false
end

-- Whether both use the same memory, and one of them fills it.
function overlap.in_memory(a, b)
  if not (reads[a.op] or reads[b.op]) or not moves_data(a)
     or not moves_data(b) then
    return false
  end
  if math.type(a.memory) == "integer" and math.type(b.memory) == "integer" then
    return meet(a.memory, bytes(a), b.memory, bytes(b))
  end
  return any_meet(ranges(a), ranges(b))
end

return overlap
