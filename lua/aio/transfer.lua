-- What a read or a write moves, from aio.facts of it and of its file.
local transfer = {}

transfer.reads = { pread = true, preadv = true }
transfer.writes = { pwrite = true, pwritev = true }

local RWF_APPEND, RWF_NOAPPEND = 0x10, 0x20

-- In bytes; 0 for what moves none.
function transfer.length(r)
  if r.op == "pread" or r.op == "pwrite" then return r.nbytes end
  local sum = 0
  for _, m in ipairs(r.memory) do sum = sum + m.len end
  return sum
end

-- Whether it goes to the end of the file: a request's flags go before those
-- of its file.
function transfer.appends(r, f)
  return transfer.writes[r.op] and (r.rw_flags & RWF_APPEND ~= 0
    or f.append and r.rw_flags & RWF_NOAPPEND == 0)
end

return transfer
