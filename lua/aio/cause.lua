-- Why a request failed, worked out from what the request was and what its
-- file is. Nothing is guessed: where no rule is broken, the text says what
-- was ruled out.
--   cause.of_event(ev)         list of causes {key=, text=}, and the request's
--                              and the file's facts
--   cause.of_submission(s)     the same for ctx.last_submit
--   cause.of_stop(s)           the same where it took some: what holds of the
--                              request where it stopped
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

-- What was looked at in vain, by errno, after io_submit took the request and
-- before.
local ruled_out_before = {
  EINVAL = "the fields, the kinds of fd and eventfd",
  EBADF = "closed, O_PATH, access mode", EOPNOTSUPP = "rw_flags, which are 0",
}
local ruled_out = {
  EINVAL = "alignment, length, kind of file",
  EFAULT = "NULL, the buffers' protection",
  EAGAIN = "rw_flags nowait, O_NONBLOCK", EPERM = "seals, a read-only device",
  EFBIG = "RLIMIT_FSIZE", ENOSPC = "free blocks", ESPIPE = "the offset",
}

-- Says for what no rule explains what is known.
local function unexplained(errno, name, f, by_name)
  local text = aio.strerror(errno)
  if f.closed then
    return text .. ": the file was closed since, its rules can't be asked"
  end
  local out = by_name[name]
  return out and ("%s (ruled out: %s)"):format(text, out) or text
end

function cause.run(rules, name, r, f)
  local list, say = collect()
  if rules[name] and (f.open or name == "EBADF" or name == "EFAULT") then
    rules[name](r, f, say)
  end
  return list, say
end

function cause.of_event(ev)
  local errno = -ev.res
  local r, name = aio.facts(ev.request, errno), aio.errname(errno) or ""
  local f = cause.file(ev.request, r)
  local list, say = cause.run(require "aio.cause_event", name, r, f)
  if #list == 0 then say("unknown", unexplained(errno, name, f, ruled_out)) end
  return list, r, f
end

local function count_of(s)
  return s.asked < 0 and ("count is negative (%d)"):format(s.asked)
    or aio.strerror(s.errno)
end

-- What the request alone tells is known already (src/core/cause.c); more may
-- hold. For a wrong descriptor the rules here tell the same and its name.
local function add_refusal(list, s, name)
  local rules = require "aio.cause_submit"
  if s.told and not (name == "EBADF" and #list > 0)
    or not s.told and not rules[name] and s.refusal ~= "" then
    table.insert(list, 1, { key = name, text = s.refusal })
  end
end

function cause.of_submission(s)
  local request = rawget(s, "request")
  if not request then return { { key = "count", text = count_of(s) } } end
  local r, name = aio.facts(request, s.errno), aio.errname(s.errno) or ""
  local f = cause.file(request, r)
  r.certain = s.told
  local list, say = cause.run(require "aio.cause_submit", name, r, f)
  add_refusal(list, s, name)
  if #list == 0 then
    say("unknown", unexplained(s.errno, name, f, ruled_out_before))
  end
  return list, r, f
end

-- Of a request that is not the first io_submit tells no error: only what is
-- certain is said.
function cause.of_stop(s)
  local list = require "aio.explain_plan".refusals(rawget(s, "request"))
  if #list > 0 then return list end
  if s.told then return { { key = "EAGAIN", text = s.refusal } } end
  return { { key = "unknown", text = "io_submit tells no error after it has "
    .. "taken some: submit it again to learn it" } }
end

function cause.why(list)
  local texts = {}
  for i, one in ipairs(list) do texts[i] = one.text end
  return table.concat(texts, "; ")
end

return cause
