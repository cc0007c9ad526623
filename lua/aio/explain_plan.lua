-- What will become of an iocb that was not submitted yet: every rule that it
-- breaks for certain, and whether it will be asynchronous. It is not
-- submitted.
local aio = require "aio"
local cause = require "aio.cause"
local verdict = require "aio.verdict"

local readers = { pread = true, preadv = true }
local writers = { pwrite = true, pwritev = true }

-- In the order in which the kernel looks.
local refusals = { "EBADF", "EFAULT", "EINVAL", "EOPNOTSUPP", "EPERM" }
local failures = { "EINVAL", "EFAULT", "EPERM", "EFBIG" }

local function add(causes, list, where)
  for _, c in ipairs(list) do
    causes[#causes + 1] = { key = c.key, text = ("%s: %s"):format(where,
      c.text) }
  end
end

-- What io_submit will answer by this error.
local function refused(causes, iocb, name, f)
  local r = aio.facts(iocb, aio[name])
  local list = {}
  r.certain = true
  if name == "EBADF" or name == "EINVAL" then
    list = cause.run(require "aio.cause_submit", name, r, f)
  end
  if r.told and (name ~= "EBADF" or #list == 0) then
    list[#list + 1] = { key = name, text = r.refusal }
  end
  add(causes, list, "io_submit will answer " .. name)
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
  if not moves or waitable[f.type] == false then return end
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

-- Not every driver insists on aligned memory.
local function insists(list)
  for _, c in ipairs(list) do
    if c.key ~= "dio_memory" then return true end
  end
  return false
end

-- Operations that go to the event, where the file is what it seems.
local function accepted(causes, iocb, f)
  local r = aio.facts(iocb)
  r.certain = true
  for _, name in ipairs(failures) do
    local list = cause.run(require "aio.cause_event", name, r, f)
    add(causes, list, ("its event %s say %s"):format(
      insists(list) and "will" or "may", name))
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

return function(iocb)
  local causes = {}
  local f = cause.file(iocb, aio.facts(iocb))
  for _, name in ipairs(refusals) do
    if name ~= "EPERM" or not privileged() then
      refused(causes, iocb, name, f)
    end
  end
  if #causes > 0 then return causes, {} end
  local r = accepted(causes, iocb, f)
  if #causes > 0 then return causes, {} end
  local notes = outlook(r, f)
  table.insert(notes, 1, "nothing is wrong with it that can be seen beforehand")
  return causes, notes
end
