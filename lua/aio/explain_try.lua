-- What trying tells where the rules leave a doubt: which of several RWF_
-- flags a file refuses, and with what change a read would work. The trials go
-- to regular files and block devices only, on a context of their own, and read
-- into memory of their own or move no bytes: no file is changed.
local aio = require "aio"
local cause = require "aio.cause"

local names = {
  [1] = "hipri", [2] = "dsync", [4] = "sync", [8] = "nowait", [16] = "append",
  [32] = "noappend", [64] = "atomic", [128] = "dontcache", [256] = "nosignal",
}

local moves = { pread = "pread", preadv = "pread", pwrite = "pwrite",
  pwritev = "pwrite" }

-- What became of one request: nil where it worked, else its errno.
local function attempt(ctx, iocb)
  local n, _, errno = ctx:submit(iocb)
  if not n then return errno end
  local ev = ctx:getevents(1, 1, 5)[1]
  return ev and ev.res < 0 and -ev.res or nil
end

-- Whether the file takes this flag alone, for no bytes at all.
local function accepts(ctx, r, flag)
  return attempt(ctx, aio[moves[r.op]] { fd = r.fd, buf = aio.null, nbytes = 0,
    rw_flags = flag }) ~= aio.EOPNOTSUPP
end

local function try_flags(ctx, r)
  local refused = {}
  for bit = 0, 31 do
    local flag = 1 << bit
    if r.rw_flags & flag ~= 0 and not accepts(ctx, r, flag) then
      refused[#refused + 1] = names[flag] or ("0x%x"):format(flag)
    end
  end
  return { #refused > 0 and "tried alone, refused: "
    .. table.concat(refused, ", ") or "tried alone, each was accepted" }
end

local BLOCK, MOST = 4096, 1 << 20

-- Ways to make a read right, the smallest change first.
local function variants(r)
  local whole = (r.nbytes + BLOCK - 1) // BLOCK * BLOCK
  local start = r.offset // BLOCK * BLOCK
  return {
    { "into aligned memory", r.offset, r.nbytes, r.rw_flags },
    { "with a length of " .. whole, r.offset, whole, r.rw_flags },
    { "at offset " .. start, start, r.nbytes, r.rw_flags },
    { ("at offset %d with a length of %d"):format(start, whole), start, whole,
      r.rw_flags },
    { "without rw_flags", r.offset, r.nbytes, 0 },
  }
end

local function try_reads(ctx, r)
  if r.op ~= "pread" or r.offset < 0 or r.nbytes <= 0 or r.nbytes > MOST then
    return {}
  end
  local buf = aio.buffer(r.nbytes + BLOCK)
  for _, v in ipairs(variants(r)) do
    local read = aio.pread { fd = r.fd, buf = buf, offset = v[2],
      nbytes = v[3], rw_flags = v[4] }
    if not attempt(ctx, read) then return { "tried: it works " .. v[1] } end
  end
  return {}
end

local trials = { [aio.EOPNOTSUPP] = try_flags, [aio.EINVAL] = try_reads }

return function(iocb, errno)
  local try = iocb and trials[errno]
  if not try then return {} end
  local r = aio.facts(iocb, errno)
  local f = cause.file(iocb, r)
  local stored = f.type == "file" or f.type == "block device"
  local ctx = stored and moves[r.op] and aio.setup(1)
  if not ctx then return {} end
  local notes = try(ctx, r)
  ctx:destroy()
  return notes
end
