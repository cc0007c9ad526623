-- The doctor's checks of the system: a list of {name=, status=, text=}, and
-- whether AIO works at all. status: "ok", "note" (worth knowing), "warn", or
-- "bad" (AIO can't work).
local aio = require "aio"

local function checklist()
  local list = {}
  return list, function(status, name, format, ...)
    list[#list + 1] = { status = status, name = name,
      text = select("#", ...) > 0 and format:format(...) or format }
  end
end

-- ---- the kernel and its limits ----

local function check_kernel(add)
  local l = aio.limits()
  local major, minor = l.kernel:match("^(%d+)%.(%d+)")
  local recent = major and major * 1000 + minor >= 4018
  add(recent and "ok" or "warn", "kernel", "Linux %s%s", l.kernel,
    recent and "" or ": polls and io_pgetevents came with 4.18")
end

local function check_quota(add)
  local l = aio.limits()
  if not l.aio_max_nr then
    add("note", "quota", "/proc/sys/fs/aio-max-nr can't be read")
    return
  end
  local left = l.aio_max_nr - l.aio_nr
  local status = left <= 0 and "bad" or left < l.aio_max_nr // 10 and "warn"
  add(status or "ok", "quota", "%d of fs.aio-max-nr %d in use by the whole "
    .. "system, %d left%s", l.aio_nr, l.aio_max_nr, left, status
    and ": sysctl fs.aio-max-nr raises it, aio.explain(\"EAGAIN\") tells who"
    or "")
end

local function amount(n)
  if n == math.huge then return "unlimited" end
  if n >= 1 << 20 then return ("%d MiB"):format(n >> 20) end
  return ("%d bytes"):format(n)
end

local function check_limits(add)
  local l = aio.limits()
  add("ok", "memlock", "RLIMIT_MEMLOCK %s (AIO needs none of it)",
    amount(l.memlock))
  local limited = l.fsize ~= math.huge
  add(limited and "warn" or "ok", "fsize", "RLIMIT_FSIZE %s%s", amount(l.fsize),
    limited and ": writes beyond it give EFBIG" or "")
  add("ok", "nofile", "RLIMIT_NOFILE %s descriptors",
    l.nofile == math.huge and "unlimited" or tostring(l.nofile))
end

local function check_io_uring(add)
  local state = aio.facts().io_uring
  local sysctl = io.open("/proc/sys/kernel/io_uring_disabled")
  local disabled = sysctl and sysctl:read("n")
  if sysctl then sysctl:close() end
  local setting = disabled and (" (kernel.io_uring_disabled = %d)"):format(
    disabled) or ""
  if state == true then
    add("ok", "io_uring", "can be used as well%s", setting)
  elseif state == aio.ENOSYS then
    add("note", "io_uring", "not in this kernel, or hidden: AIO is what works")
  else
    add("note", "io_uring", "denied (%s)%s: AIO is what works",
      aio.errname(state) or tostring(state), setting)
  end
end

-- ---- a context ----

local function check_ring(add, ctx)
  local ring = ctx.ring
  if ring.usable then
    add("ok", "ring", "mapped: events are taken without a call (%d places, "
      .. "magic 0x%x)", ring.nr, ring.magic)
  else
    add("warn", "ring", os.getenv "AIOSH_RING" == "off"
      and "switched off by AIOSH_RING: events come by io_getevents only"
      or "not as Linux lays it out: events come by io_getevents only, and what "
        .. "was asynchronous can't be told")
  end
end

-- Submits a poll of a pipe, fires it and takes its event.
local function round_trip(ctx)
  local r, w = aio.pipe("nonblock")
  if not r then return false, w end
  local poll = aio.poll(r, "in")
  local n, message = ctx:submit(poll)
  if not n then return false, message end
  w:write("x")
  local evs
  evs, message = ctx:getevents(1, 1, 5)
  if not evs then return false, message end
  return #evs == 1 and evs[1].obj == poll, "no event within 5 s"
end

local function check_round_trip(add, ctx)
  local works, message = round_trip(ctx)
  add(works and "ok" or "bad", "round trip", works
    and "io_submit and io_getevents work: a poll was fired and taken"
    or message)
  return works
end

local function check_cancel(add, ctx)
  local r, message = aio.pipe()
  local poll = aio.poll(r or -1, "in")
  local accepted = r and ctx:submit(poll)
  if accepted then accepted, message = ctx:cancel(poll) end
  ctx:getevents(1, 1, accepted and 5 or 0)
  add(accepted and "ok" or "warn", "io_cancel", accepted
    and "cancels polls (nothing else: so it is in Linux)" or message)
end

local function check_pgetevents(add, ctx)
  local evs, message = ctx:pgetevents(0, 1, 0, {})
  add(evs and "ok" or "warn", "pgetevents", evs and "io_pgetevents works"
    or message)
end

local function check_context(add)
  local ctx, message = aio.setup(8)
  if not ctx then
    add("bad", "io_setup", message)
    return false
  end
  add("ok", "io_setup", "AIO is compiled in and allowed")
  check_ring(add, ctx)
  local works = check_round_trip(add, ctx)
  if works then
    check_cancel(add, ctx)
    check_pgetevents(add, ctx)
  end
  ctx:destroy()
  return works
end

return function()
  local list, add = checklist()
  check_kernel(add)
  local works = check_context(add)
  check_quota(add)
  check_limits(add)
  check_io_uring(add)
  return list, works
end
