-- Why io_submit refused a request, where the request alone does not tell
-- (src/core/cause.c has those rules): rules by errno on what the descriptors
-- are. For say, see lua/aio/cause_event.lua. Where r.certain is set nothing may
-- be told by elimination.
local filesystem = require "aio.filesystem"

local rules = {}
local made_up = filesystem.made_up

local writers = { pwrite = true, pwritev = true }
local transfers = { pread = true, preadv = true, pwrite = true, pwritev = true }
local RWF_MAYBE = 0xc8 -- NOWAIT, ATOMIC, DONTCACHE: what a file may lack
local O_ACCMODE = 3

-- ---- EBADF ----

local function bad_mode(r, f, say)
  if f.mode == "path" then
    say("path", "%s was opened with O_PATH, which allows no I/O", f.title)
  elseif transfers[r.op] then
    local needs = writers[r.op] and "wronly" or "rdonly"
    if f.flags & O_ACCMODE == (writers[r.op] and 0 or 1) then
      say("mode", "%s was opened %s, %s needs %s or rdwr", f.title, f.mode,
        r.op, needs)
    end
  end
end

function rules.EBADF(r, f, say)
  local e = r.eventfd and filesystem.facts(r.eventfd)
  if not f.open then say("closed", "fd %d is not open", r.fd) end
  if e and not e.open then
    say("closed", "eventfd %d is not open", r.eventfd)
  elseif e and e.mode == "path" then
    say("path", "eventfd %d was opened with O_PATH", r.eventfd)
  end
  if f.open then bad_mode(r, f, say) end
end

-- ---- EINVAL ----

local needs_operation = {
  pread = "read_iter", preadv = "read_iter", pwrite = "write_iter",
  pwritev = "write_iter", fsync = "fsync", fdsync = "fsync",
}

local function has_operation(f)
  return f.type == "block device" or f.type == "file" and not made_up[f.fs]
end

local has_transfers = { pipe = true, socket = true }
local never = { directory = true, epoll = true }

-- Whether the kind of file is to blame: by elimination, or, where the request
-- breaks a rule as well, for certain.
local function lacks(r, f, operation)
  if operation == "fsync" then
    return f.type ~= "directory" and not has_operation(f)
      and not (r.certain and made_up[f.fs])
  end
  if has_operation(f) or has_transfers[f.type] then return false end
  return not r.certain or never[f.kind]
end

-- The kernel's AIO needs an operation that not every file has.
local function lacks_operation(r, f, say)
  local operation = needs_operation[r.op]
  if not operation or not lacks(r, f, operation) then return end
  local kind = f.type == "file" and f.fs .. " file" or f.kind
  say("operation", "%s is %s, which takes no %s by AIO (its driver has no %s)",
    f.title, filesystem.a(kind), r.op, operation)
end

local function bad_poll(r, f, say)
  if r.op ~= "poll" or r.certain then return end
  if f.type == "file" or f.type == "directory" then
    say("poll_file", "%s is a %s, which is always ready for in and out, and "
      .. "never for anything else", f.title, f.kind)
  else
    say("poll_queues", "%s is not ready, and AIO can't wait for it: it has two "
      .. "wait queues (a terminal, a FIFO opened rdwr) or none", f.title)
  end
end

function rules.EINVAL(r, f, say)
  local e = r.eventfd and filesystem.facts(r.eventfd)
  if e and e.open and e.kind ~= "eventfd" then
    say("no_eventfd", "event%s is %s, no eventfd", e.title,
      filesystem.a(e.kind))
  end
  lacks_operation(r, f, say)
  bad_poll(r, f, say)
end

-- ---- EOPNOTSUPP ----

local names = { [8] = "nowait", [0x40] = "atomic", [0x80] = "dontcache" }

local function doubtful(flags)
  local list = {}
  for bit = 0, 31 do
    local flag = flags & RWF_MAYBE & 1 << bit
    if flag ~= 0 then list[#list + 1] = names[flag] end
  end
  return list
end

function rules.EOPNOTSUPP(r, f, say)
  if r.certain then return end
  local list = doubtful(r.rw_flags)
  local where = f.fs and ("%s (%s)"):format(f.label, f.fs) or f.label
  local way = f.direct and "direct" or "buffered"
  if #list == 1 then
    say("rw_flags", "rw_flags %s: %s does not support it for a %s %s", list[1],
      where, way, r.op)
  elseif #list > 1 then
    say("rw_flags", "rw_flags: %s does not support all of %s for a %s %s",
      where, table.concat(list, ", "), way, r.op)
  elseif r.rw_flags ~= 0 then
    say("rw_flags", "rw_flags %s: the kernel is older than one of them",
      r.rw_names)
  end
end

return rules
