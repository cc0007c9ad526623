-- What a descriptor accepts: opcodes and RWF_ flags, tried with requests that
-- move no bytes, or with fsync and poll. Nothing is consumed or changed.
local aio = require "aio"

local try = {}

try.flags = { "hipri", "dsync", "sync", "nowait", "append", "noappend",
  "atomic", "dontcache", "nosignal" }
try.opcodes = { "pread", "pwrite", "preadv", "pwritev", "fsync", "fdsync",
  "poll", "noop" }

-- What is no refusal: it would have to wait, or RLIMIT_FSIZE is too low.
local understood = { EAGAIN = true, EFBIG = true }

-- nil when the kernel did what was asked, else the error's name.
local function answer(ctx, iocb)
  local n, _, errno = ctx:submit(iocb)
  if not n then return aio.errname(errno) end
  local poll = iocb.opcode == aio.IOCB_CMD_POLL
  local ev = ctx:getevents(1, 1, poll and 0.1 or 30)[1]
  if not ev then
    ctx:cancel(iocb)
    ctx:getevents(1, 1, 5)
    return nil
  end
  return not understood[ev.err] and ev.err or nil
end

local bytes = 4096

-- A request of the opcode; with a scratch file it moves real bytes.
local function request(op, f, scratch)
  local n = scratch and bytes or 0
  local buf = aio.buffer(bytes)
  if op == "pread" or op == "pwrite" then return aio[op](f, buf, n) end
  if op == "preadv" or op == "pwritev" then
    return aio[op](f, scratch and { buf } or {})
  end
  if op == "poll" then return aio.poll(f, "in") end
  return aio.iocb { opcode = op, fd = f }
end

-- Those that need no right to write.
try.reading = { "pread", "preadv", "fsync", "fdsync", "poll", "noop" }

-- Those that do nothing to a file that is somebody's.
try.harmless = { "pread", "preadv", "poll", "noop" }

-- {pread = true, noop = "EINVAL", ...}
function try.all_opcodes(ctx, f, names, scratch)
  local result = {}
  for _, op in ipairs(names) do
    result[op] = answer(ctx, request(op, f, scratch)) or true
  end
  return result
end

-- The same by flag for one opcode ("pread", "pwrite").
function try.all_flags(ctx, f, op, scratch)
  local result = {}
  for _, flag in ipairs(try.flags) do
    local iocb = request(op, f, scratch)
    iocb.rw_flags = flag
    result[flag] = answer(ctx, iocb) or true
  end
  return result
end

return try
