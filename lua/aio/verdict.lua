-- Was it asynchronous? What ctx.last_submit says: a submit is called
-- synchronous only if all of two or more requests were done when io_submit
-- returned, or the thread slept in the call. The reason is told where it is
-- known.
local aio = require "aio"
local filesystem = require "aio.filesystem"
local transfer = require "aio.transfer"

local verdict = {}

local readers, writers = transfer.reads, transfer.writes

local function worked(s)
  return s.done_at_return - s.failed_at_return
end

local function operation(s)
  return s.one_op and aio.facts(rawget(s, "first")).op
end

-- A poll that is ready at once has waited for nothing.
local function polls(s) return operation(s) == "poll" end

-- The kernel always leaves these to a thread of its own (fs/aio.c, aio_fsync),
-- which may be done when the call returns.
local by_thread = { fsync = true, fdsync = true }

-- "synchronous", "asynchronous", or nil where it can't be told.
function verdict.of(s)
  if s.taken == 0 then return nil end
  if (s.switches or 0) > 0 then return "synchronous" end
  local done = s.done_at_return
  if not done then return nil end
  if done < s.taken or by_thread[operation(s)] then return "asynchronous" end
  return worked(s) >= 2 and not polls(s) and "synchronous" or nil
end

-- ---- why ----

local memory_only = { tmpfs = true, ramfs = true, devtmpfs = true }

local function reason_for_direct(s, r, f)
  if memory_only[f.fs] then return f.fs .. " is in memory" end
  if writers[r.op] then
    return s.extends and "extending write" or nil
  end
  if r.offset >= f.size then return "read at the end of the file" end
  if r.op == "pread" and aio.facts(r.fd, r.offset, r.nbytes).hole then
    return "read of a hole"
  end
end

-- Why reads and writes of this kind are done in the call.
local function reason_by_file(s, r, f)
  if f.type ~= "file" and f.type ~= "block device" then
    return filesystem.a(f.kind)
  end
  if not f.direct then return "not O_DIRECT" end
  local device = filesystem.device(f.rdev or f.dev)
  if device and device:find("^zram") then return device .. " is in memory" end
  return reason_for_direct(s, r, f)
end

-- What will be done inside io_submit, and why; nil: it will be asynchronous, as
-- far as can be known.
function verdict.expect(r, f)
  if not (readers[r.op] or writers[r.op]) then return nil end
  local grows = transfer.appends(r, f)
    or r.offset + transfer.length(r) > f.size
  return reason_by_file({ extends = f.type == "file" and grows }, r, f)
end

-- "extending write"; nil where it is not known.
function verdict.reason(s)
  local first = rawget(s, "first")
  if not first or not s.alike then return nil end
  local r = aio.facts(first)
  if not (readers[r.op] or writers[r.op]) then return nil end
  local f = filesystem.facts(r.fd)
  if f.open then return reason_by_file(s, r, f) end
  return s.flags >= 0 and s.flags & aio.O_DIRECT == 0 and "not O_DIRECT" or nil
end

-- What to do about a reason; a list of lines.
function verdict.advice(s)
  local reason = s.reason
  if reason == "not O_DIRECT" then
    return { "open the file with direct: aio.open(path, \"rdwr,direct\")" }
  elseif reason == "extending write" then
    return { "make the file long enough beforehand: f:fallocate(0, n)" }
  elseif s.verdict == "synchronous" then
    return { "aiosh --doctor=FILE measures what is asynchronous there" }
  end
  return {}
end

-- ---- in words ----

-- Where there is no verdict, what there is to say.
local function undecided(s)
  local done = s.done_at_return
  if not done then return "no verdict without the completion ring" end
  if worked(s) == 0 then return "failed at once" end
  if polls(s) then return "ready at once" end
  return "done at return; one alone does not tell"
end

local function judged(s)
  local reason = s.verdict == "synchronous" and s.reason
  if not s.verdict then return undecided(s) end
  return s.verdict .. (reason and (" (%s)"):format(reason) or "")
end

local function counts(s)
  local parts = { s.taken == s.asked and "submitted " .. s.taken
    or ("submitted %d of %d"):format(s.taken, s.asked) }
  if s.done_at_return and s.taken > 0 then
    local failed = s.failed_at_return > 0
      and (" (%d failed)"):format(s.failed_at_return) or ""
    parts[2] = ("%d already done%s"):format(s.done_at_return, failed)
  end
  return parts
end

-- Where it stopped, and why.
local function stopped(s)
  return s.refused and ("; stopped at request %d: %s"):format(s.taken + 1,
    s.why) or ""
end

-- "submitted 32, 32 already done, 3.4 ms in the call: synchronous (extending
-- write)"
function verdict.text(s)
  local parts = counts(s)
  parts[#parts + 1] = aio.duration(s.ns) .. " in the call"
  if s.switches then
    parts[#parts + 1] = ("%d switches"):format(s.switches)
  end
  local line = table.concat(parts, ", ")
  if s.errno then return ("%s: %s: %s"):format(line, s.err, s.why) end
  if s.taken == 0 then return line end
  return ("%s: %s%s"):format(line, judged(s), stopped(s))
end

return verdict
