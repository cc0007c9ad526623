-- Why an operation failed that io_submit had accepted: rules by errno. A rule
-- is a function of what the request was (aio.facts of it), of what its file
-- is (lua/aio/filesystem.lua) and of say(key, format, ...), which it calls
-- for each cause that holds. The keys are those of lua/aio/explain_text.lua.
-- Where r.certain is set, nothing has failed yet: only what will is told.
local aio = require "aio"
local transfer = require "aio.transfer"

local rules = {}

local RWF_NOWAIT, RWF_ATOMIC = 8, 0x40
local F_SEAL_GROW, F_SEAL_WRITES = 4, 0x18
local readers, writers = transfer.reads, transfer.writes
local length = transfer.length

-- "buffer" or "segment 2": where the i-th block stands in the request.
local function place(r, i)
  return r.op:sub(-1) == "v" and "segment " .. i or "buffer"
end

-- ---- EINVAL ----

-- Where there is no word of the kernel's: a guess that is always enough.
local GUESS = "fs block size"

local sources = {
  BLKSSZGET = "BLKSSZGET: logical sector size", sysfs = "/sys: "
    .. "logical_block_size", [GUESS] = "which is not told; this is the block "
    .. "size",
}

-- "statx: dio_offset_align of data.bin, ext4"
local function source(f, field)
  local how = f.how == "statx" and "statx: " .. field or sources[f.how] or f.how
  return ("%s of %s%s"):format(how, f.label, f.fs and ", " .. f.fs or "")
end

local function aligned(say, key, what, value, to, from)
  if value % to == 0 then return end
  say(key, from:find("^which") and "%s is no multiple of %d, and may have to "
    .. "be one of the sector's size (%s)" or "%s is not a multiple of %d (%s)",
    what, to, from)
end

local function memory_alignment(r, f, say)
  local from = source(f, "dio_mem_align")
  for i, m in ipairs(r.memory) do
    if not m.closed then
      aligned(say, "dio_memory", ("%s address 0x%x"):format(place(r, i),
        m.address), m.address, f.mem_align, from)
    end
  end
end

-- Where the operation begins, in words and as a number.
local function position(r, f)
  if transfer.appends(r, f) then
    return "the end of the file (append)", f.size
  end
  return "offset", r.offset
end

local function file_alignment(r, f, say)
  local from, to = source(f, "dio_offset_align"), f.offset_align
  local what, at = position(r, f)
  aligned(say, "dio_offset", what .. " " .. at, at, to, from)
  if r.op:sub(-1) ~= "v" then
    aligned(say, "dio_length", "length " .. r.nbytes, r.nbytes, to, from)
    return
  end
  for i, m in ipairs(r.memory) do
    aligned(say, "dio_length", ("segment %d length %d"):format(i, m.len),
      m.len, to, from)
  end
end

-- Direct I/O on what has offsets; a pipe's O_DIRECT is something else.
local function direct_io(r, f)
  if f.type ~= "file" and f.type ~= "block device" then return false end
  return f.direct and f.mem_align and not (r.certain and f.how == GUESS)
end

local least = { eventfd = 8, timerfd = 8, signalfd = 128 }

function rules.EINVAL(r, f, say)
  if direct_io(r, f) then
    memory_alignment(r, f, say)
    file_alignment(r, f, say)
  end
  local n = least[f.kind]
  if n and readers[r.op] and length(r) < n then
    say("short_read", "length %d is less than the %d bytes of one %s value",
      length(r), n, f.kind)
  end
  local total = length(r)
  if r.rw_flags & RWF_ATOMIC ~= 0 and writers[r.op] and total > 0 then
    if total & total - 1 ~= 0 then
      say("atomic", "length %d is no power of 2: rw_flags atomic", total)
    elseif r.offset % total ~= 0 then
      say("atomic", "offset %d is not a multiple of the length %d: rw_flags "
        .. "atomic", r.offset, total)
    end
  end
end

-- ---- EFAULT ----

local function protected(r, m, i, say)
  local where = place(r, i)
  if m.prot == "none" then
    say("protected", "%s is protected (prot \"none\")", where)
  elseif m.prot == "r" and readers[r.op] then
    say("protected", "%s is read-only (prot \"r\"), and %s writes to it",
      where, r.op)
  end
end

function rules.EFAULT(r, _, say)
  if not (readers[r.op] or writers[r.op]) then return end
  if r.null then say("null", "buf is NULL (address 0)") end
  for i, m in ipairs(r.memory) do protected(r, m, i, say) end
  for i, m in ipairs(r.memory) do
    if m.mapped and not r.certain then
      say("mapped", "%s maps a file that may have been cut short", place(r, i))
    end
  end
end

-- ---- EAGAIN, EOPNOTSUPP ----

-- What would have had to be waited for.
local function waits_for(r, f)
  if f.kind == "eventfd" then return "its count is 0" end
  if f.type == "file" or f.type == "block device" then
    if f.direct then return "a full device queue, or blocks to look up" end
    return readers[r.op] and "the data is not in the page cache"
      or "room in the page cache"
  end
  return readers[r.op] and "nothing to read" or "no room to write"
end

function rules.EAGAIN(r, f, say)
  local what = waits_for(r, f)
  if r.rw_flags & RWF_NOWAIT ~= 0 then
    say("nowait", "rw_flags nowait, and it would have to wait (%s)", what)
  end
  if f.nonblock and f.type ~= "file" and f.type ~= "block device" then
    say("nonblock", "the %s is open with nonblock (O_NONBLOCK): %s", f.kind,
      what)
  end
end

-- What every file takes, as far as the kernel knows it: HIPRI, DSYNC, SYNC,
-- APPEND, NOAPPEND, NOSIGNAL.
local ALWAYS = 0x137

function rules.EOPNOTSUPP(r, f, say)
  if r.rw_flags & ~ALWAYS == 0 then return end
  local on = f.fs and " on " .. f.fs or ""
  say("rw_flags", "rw_flags %s: not supported by a %s %s%s", r.rw_names,
    f.direct and "direct" or "buffered", r.op, on)
end

-- ---- room and rights ----

local function fs_full(r, f, say)
  if f.type == "block device" then
    if r.offset + length(r) > f.size then
      say("device_end", "offset %d + %d bytes is beyond the device's end (%d)",
        r.offset, length(r), f.size)
    end
  elseif f.free and f.free < length(r) then
    say("full", "%s is full: %d bytes free now, %d wanted", f.fs or f.label,
      f.free, length(r))
  elseif f.free then
    say("full", "%s had no room for %d bytes (%d are free now)",
      f.fs or f.label, length(r), f.free)
  end
end
rules.ENOSPC = fs_full

function rules.EFBIG(r, f, say)
  local what, at = position(r, f)
  local limit = aio.limits().fsize
  if at >= limit then
    say("fsize", "%s %d is not below RLIMIT_FSIZE (%d)", what, at, limit)
  elseif f.fs and not r.certain then
    say("max_size", "%s %d is beyond the largest file of %s (RLIMIT_FSIZE "
      .. "allows it)", what, at, f.fs)
  end
end

function rules.EPERM(r, f, say)
  local seals = f.seals or 0
  if not writers[r.op] then return end
  if seals & F_SEAL_WRITES ~= 0 then
    say("sealed", "the file is sealed against writing (F_SEAL_WRITE)")
  end
  if seals & F_SEAL_GROW ~= 0 and r.offset + length(r) > f.size then
    say("sealed", "offset %d + %d bytes is beyond the end (%d), and the file "
      .. "is sealed against growing (F_SEAL_GROW)", r.offset, length(r), f.size)
  end
  if f.readonly then say("readonly", "the device is read-only (BLKROGET)") end
end

function rules.EROFS(_, f, say)
  say("readonly", f.mounted_readonly and "%s is mounted read-only"
    or "%s went read-only, as after an error", f.fs or f.label)
end

-- ---- the other end ----

function rules.EPIPE(_, f, say)
  say("pipe", f.type == "socket"
    and "the socket has no other end: not connected, or closed"
    or "nobody has the pipe open for reading")
end

function rules.ESPIPE(r, f, say)
  if r.offset ~= 0 then
    say("no_offset", "offset %d, but %s has no offsets", r.offset,
      require "aio.filesystem".a(f.kind))
  end
end

function rules.EINTR(_, _, say)
  say("signal", "a signal came while io_submit was waiting in it")
end

local function told(key, text)
  return function(_, _, say) say(key, text) end
end

rules.ENOTCONN = function(_, f, say)
  say("peer", f.type == "socket" and "the socket is not connected"
    or "the file system's server is gone")
end
rules.ECONNABORTED = told("peer", "the file system's server was stopped")
rules.ECONNRESET = told("peer", "the other end reset the connection")
rules.EDQUOT = told("full", "over the user's quota on the file system")
rules.ESTALE = told("peer", "the server has no such file any more")
rules.EIO = function(_, f, say)
  say("device", "the device or file system under %s reported an error "
    .. "(the kernel's log may tell)", f.label)
end

return rules
