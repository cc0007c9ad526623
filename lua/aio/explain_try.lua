-- What trying tells where the rules leave a doubt: which of several RWF_
-- flags a file refuses. The trials move no bytes (length 0) and go to regular
-- files and block devices only, on a context of their own.
local aio = require "aio"
local cause = require "aio.cause"

local names = {
  [1] = "hipri", [2] = "dsync", [4] = "sync", [8] = "nowait", [16] = "append",
  [32] = "noappend", [64] = "atomic", [128] = "dontcache", [256] = "nosignal",
}

local moves = { pread = "pread", preadv = "pread", pwrite = "pwrite",
  pwritev = "pwrite" }

-- Whether io_submit takes this flag alone, for no bytes at all.
local function accepts(ctx, r, flag)
  local iocb = aio[moves[r.op]] { fd = r.fd, buf = aio.null, nbytes = 0,
    rw_flags = flag }
  local n, _, errno = ctx:submit(iocb)
  if not n then return errno ~= aio.EOPNOTSUPP end
  local ev = ctx:getevents(1, 1, 1)[1]
  return not ev or ev.res ~= -aio.EOPNOTSUPP
end

local function try_flags(r)
  local ctx = aio.setup(1)
  if not ctx then return {} end
  local refused = {}
  for bit = 0, 31 do
    local flag = 1 << bit
    if r.rw_flags & flag ~= 0 and not accepts(ctx, r, flag) then
      refused[#refused + 1] = names[flag] or ("0x%x"):format(flag)
    end
  end
  ctx:destroy()
  return { #refused > 0 and "tried alone, refused: "
    .. table.concat(refused, ", ") or "tried alone, each was accepted" }
end

return function(iocb, errno)
  if not iocb or errno ~= aio.EOPNOTSUPP then return {} end
  local r = aio.facts(iocb, errno)
  local f = cause.file(iocb, r)
  local stored = f.type == "file" or f.type == "block device"
  if not (stored and moves[r.op]) or r.rw_flags == 0 then return {} end
  return try_flags(r)
end
