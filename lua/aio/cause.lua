-- Why a request failed, worked out from what the request was and what its
-- file is. Nothing is guessed: where no rule is broken, the text says what
-- was ruled out.
--   cause.of_event(ev)         list of causes {key=, text=}, and the request's
--                              and the file's facts
--   cause.of_submission(s)     the same for ctx.last_submit
--   cause.why(list)            the text of a list of causes
--   cause.run(rules, name, r, f)  the causes by one errno's rules
local aio = require "aio"
local filesystem = require "aio.filesystem"

local cause = {}

-- A list of causes, and the function that adds one.
local function collect()
  local list = {}
  return list, function(key, format, ...)
    list[#list + 1] = { key = key, text = format:format(...) }
  end
end

local function object_of(iocb)
  local known, fd = pcall(function() return iocb.fd end)
  return known and fd or nil
end

-- The file as it is now; closed: the object was closed since, and its number
-- may be another file's.
function cause.file(iocb, r)
  if r.fd_closed then
    return { fd = r.fd, open = false, closed = true }
  end
  return filesystem.facts(r.fd, object_of(iocb))
end

-- What was looked at in vain, by errno.
local ruled_out = {
  EINVAL = "alignment, length, kind of file",
  EFAULT = "NULL, the buffers' protection", EBADF = "closed, O_PATH, mode",
  EAGAIN = "rw_flags nowait, O_NONBLOCK", EPERM = "seals, a read-only device",
  EFBIG = "RLIMIT_FSIZE", ENOSPC = "free blocks", ESPIPE = "the offset",
}

-- Says for what no rule explains what is known.
local function unexplained(errno, name, f)
  local text = aio.strerror(errno)
  if f.closed then
    return text .. ": the file was closed since, its rules can't be asked"
  end
  local out = ruled_out[name]
  return out and ("%s (ruled out: %s)"):format(text, out) or text
end

function cause.run(rules, name, r, f)
  local list, say = collect()
  if rules[name] and (f.open or name == "EBADF" or name == "EFAULT") then
    rules[name](r, f, say)
  end
  return list
end

local function of_request(iocb, errno, rules)
  local r = aio.facts(iocb, errno)
  local f = cause.file(iocb, r)
  local name = aio.errname(errno) or ""
  r.certain = r.told and rules ~= require "aio.cause_event"
  local list = cause.run(rules, name, r, f)
  if #list == 0 then
    list[1] = { key = "unknown", text = unexplained(errno, name, f) }
  end
  return list, r, f
end

function cause.of_event(ev)
  return of_request(ev.request, -ev.res, require "aio.cause_event")
end

local function count_of(s)
  return s.asked < 0 and ("count is negative (%d)"):format(s.asked)
    or aio.strerror(s.errno)
end

-- What the request alone tells is known already (src/core/cause.c); more may
-- hold. For a wrong descriptor the rules here tell the same and its name.
function cause.of_submission(s)
  local request = rawget(s, "request")
  if not request then return { { key = "count", text = count_of(s) } } end
  local list, r, f = of_request(request, s.errno,
    require "aio.cause_submit")
  local found = list[1].key ~= "unknown"
  local name = aio.errname(s.errno)
  if s.refusal == "" or found and (not s.told or name == "EBADF") then
    return list, r, f
  end
  if not found then list[1] = nil end
  table.insert(list, 1, { key = name, text = s.refusal })
  return list, r, f
end

function cause.why(list)
  local texts = {}
  for i, one in ipairs(list) do texts[i] = one.text end
  return table.concat(texts, "; ")
end

return cause
