-- What will become of an iocb that was not submitted yet: every rule that it
-- breaks for certain, and whether it will be asynchronous. It is not
-- submitted.
local aio = require "aio"
local cause = require "aio.cause"
local filesystem = require "aio.filesystem"
local transfer = require "aio.transfer"
local verdict = require "aio.verdict"

local readers, writers = transfer.reads, transfer.writes

-- In the order in which the kernel looks.
local refusals = { "EBADF", "EFAULT", "EINVAL", "EOPNOTSUPP", "EPERM" }
local failures = { "EINVAL", "EFAULT", "EPERM", "EFBIG" }

local function add(causes, list, where)
  for _, c in ipairs(list) do
    causes[#causes + 1] = { key = c.key, text = ("%s: %s"):format(where,
      c.text) }
  end
end

-- Some files lack these flags (NOWAIT, ATOMIC, DONTCACHE): EOPNOTSUPP then
-- comes before most other answers.
local function doubtful(r)
  return (readers[r.op] or writers[r.op]) and r.rw_flags & 0xc8 ~= 0
end

local stored = { file = true, ["block device"] = true }

-- Whether other rules than ours may come first: some files have no such
-- operation at all, which is told before an address is looked at.
local function unsure(r, f, name)
  local special = not stored[f.type] or filesystem.made_up[f.fs]
  return f.open and (doubtful(r) or name == "EFAULT" and special)
end

-- By which rules io_submit answers this error.
local function refused_by(iocb, name, f)
  local r = aio.facts(iocb, aio[name])
  local list = {}
  r.certain = true
  if name == "EBADF" or name == "EINVAL" then
    list = cause.run(require "aio.cause_submit", name, r, f)
  end
  if r.told and (name ~= "EBADF" or #list == 0) then
    list[#list + 1] = { key = name, text = r.refusal }
  end
  return list, r
end

local CAP_SYS_ADMIN, CAP_SYS_NICE = 21, 23

-- Whether the process may use real-time priorities.
local function privileged()
  local status = io.open("/proc/self/status")
  local text = status and status:read("a") or ""
  if status then status:close() end
  local caps = tonumber(text:match("CapEff:%s*(%x+)") or "0", 16)
  return caps & (1 << CAP_SYS_ADMIN | 1 << CAP_SYS_NICE) ~= 0
end

-- What needs no waiting for, by poll.
local function is_ready(r, f)
  return (f.ready or ""):find(readers[r.op] and "in" or "out", 1, true)
end

local waitable = { file = false, directory = false, ["block device"] = false }

local function about_waiting(causes, r, f)
  local moves = readers[r.op] or writers[r.op]
  if not moves or waitable[f.type] == false or transfer.length(r) == 0 then
    return
  end
  if (f.ready or ""):find("err", 1, true) and writers[r.op] then
    add(causes, { { key = "pipe", text = "nobody has it open for reading" } },
      "its event will say EPIPE")
  elseif not is_ready(r, f) then
    local waits = not f.nonblock and r.rw_flags & 8 == 0
    add(causes, { { key = waits and "signal" or "nonblock", text = readers[r.op]
      and "there is nothing to read now" or "there is no room to write now" } },
      waits and "io_submit will wait" or "its event will say EAGAIN")
  end
end

-- Where nothing was written the kernel needs no sector: it fills in zeros.
local function meets_hole(r, n)
  if not readers[r.op] then return false end
  return aio.facts(r.fd, r.offset, 1).hole
    or aio.facts(r.fd, r.offset + n - 1, 1).hole
end

-- Whether the bytes will be moved, so that wrong memory or alignment is found:
-- "will", "may", or nil where there are none to move.
local function moving(r, f)
  local n = transfer.length(r)
  if not stored[f.type] then return "may" end
  if n == 0 or readers[r.op] and r.offset >= f.size then return nil end
  local doubt = doubtful(r) or filesystem.made_up[f.fs] or meets_hole(r, n)
  return doubt and "may" or "will"
end

-- Not every driver insists on aligned memory; a length that is too short is
-- found first.
local certainty = { dio_memory = "may", short_read = "will" }

-- Operations that go to the event, where the file is what it seems.
local function accepted(causes, iocb, f)
  local r = aio.facts(iocb)
  r.certain = true
  local moves = moving(r, f)
  for _, name in ipairs(moves and failures or {}) do
    for _, c in ipairs((cause.run(require "aio.cause_event", name, r, f))) do
      add(causes, { c }, ("its event %s say %s"):format(
        certainty[c.key] or moves, name))
    end
  end
  about_waiting(causes, r, f)
  return r
end

local function outlook(r, f)
  local reason = verdict.expect(r, f)
  if reason then
    return { ("it will be done inside io_submit (%s)"):format(reason) }
  end
  return { "it will be asynchronous, as far as can be known" }
end

-- Calls fn with each error of io_submit for which rules are broken.
local function each_refusal(iocb, f, fn)
  for _, name in ipairs(refusals) do
    if name ~= "EPERM" or not privileged() then
      local list, r = refused_by(iocb, name, f)
      if #list > 0 then fn(name, list, r) end
    end
  end
end

local plan = {}

-- The causes by which io_submit refuses the iocb for certain.
function plan.refusals(iocb)
  local causes = {}
  each_refusal(iocb, cause.file(iocb, aio.facts(iocb)), function(_, list)
    table.move(list, 1, #list, #causes + 1, causes)
  end)
  return causes
end

-- What will become of the iocb: causes and notes.
function plan.outlook(iocb)
  local causes = {}
  local f = cause.file(iocb, aio.facts(iocb))
  each_refusal(iocb, f, function(name, list, r)
    add(causes, list, ("io_submit %s answer %s"):format(
      unsure(r, f, name) and "may" or "will", name))
  end)
  if #causes > 0 then return causes, {} end
  local r = accepted(causes, iocb, f)
  if #causes > 0 then return causes, {} end
  local notes = outlook(r, f)
  table.insert(notes, 1, "nothing is wrong with it that can be seen beforehand")
  return causes, notes
end

return plan
