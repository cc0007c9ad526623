-- How results read: the text of events, submissions and lists, and the fields
-- of an event that are worked out when they are asked for.

local show = {}

--- aio.duration(ns) -> string
--
-- A duration in ns as people write it: "850 ns", "81 us", "3.4 ms", "1.2 s".
-- Example: print(aio.duration(ev.clat))
function show.duration(ns)
  if type(ns) ~= "number" then
    error("bad argument #1 to 'aio.duration' (number expected, got " ..
          type(ns) .. ")", 2)
  end
  if ns < 1000 then return ("%.0f ns"):format(ns) end
  local value, unit = ns / 1e3, "us"
  if value >= 1000 then value, unit = value / 1e3, "ms" end
  if value >= 1000 then value, unit = value / 1e3, "s" end
  return (value < 10 and "%.1f %s" or "%.0f %s"):format(value, unit)
end

local without_range = { fsync = true, fdsync = true, noop = true, poll = true }

-- "4096 @0"; nil for a request that has no bytes.
function show.range(r)
  local op = tostring(r.op)
  if without_range[op] then return nil end
  local unit = op:sub(-1) == "v" and " segments" or ""
  return ("%d%s @%d"):format(r.nbytes, unit, r.offset)
end

-- "pread 4096 @0"
function show.request(r)
  local op = type(r.op) == "string" and r.op or "opcode " .. tostring(r.op)
  if r.posix then op = "POSIX " .. op end
  local where = show.range(r)
  return where and op .. " " .. where or op
end

local posix_calls = { pread = "aio_read", pwrite = "aio_write" }

-- The function of POSIX AIO for an operation.
function show.posix_call(op)
  return posix_calls[op] or "aio_fsync"
end

-- ---- events ----

-- The names of the bits that matter; res has them all (POLLRDNORM and so on
-- come along with POLLIN).
local poll_bits = {
  { "in", 1 }, { "out", 4 }, { "pri", 2 }, { "err", 8 }, { "hup", 0x10 },
  { "rdhup", 0x2000 }, { "nval", 0x20 },
}

local function poll_names(mask)
  local names = {}
  for _, bit in ipairs(poll_bits) do
    if mask & bit[2] ~= 0 then names[#names + 1] = bit[1] end
  end
  return table.concat(names, ",")
end

local function failed(ev)
  return type(ev.res) == "number" and ev.res < 0
end

-- The fields of an event that are not stored in it.
local computed = {}

function computed.lat(_, ev)
  return ev.slat and ev.slat + ev.clat
end

function computed.err(aio, ev)
  return failed(ev) and (aio.errname(-ev.res) or tostring(-ev.res)) or nil
end

function computed.why(aio, ev)
  if not failed(ev) then return nil end
  if not rawget(ev, "request") then return aio.strerror(-ev.res) end
  local cause = require "aio.cause"
  local why = cause.why(cause.of_event(ev))
  rawset(ev, "why", why)
  return why
end

function computed.revents(_, ev)
  if ev.op ~= "poll" or failed(ev) then return nil end
  return poll_names(ev.res)
end

-- pairs() goes over the fields as if all of them were stored.
local fields = { "obj", "data", "res", "res2", "slat", "clat", "lat", "op",
                 "nbytes", "offset", "err", "why", "request", "revents" }

local function event_pairs(ev)
  local i = 0
  return function()
    while i < #fields do
      i = i + 1
      local value = ev[fields[i]]
      if value ~= nil then return fields[i], value end
    end
  end
end

local function result_text(ev)
  if failed(ev) then return ("-%s: %s"):format(ev.err, ev.why) end
  if ev.op == "poll" then
    return ev.res == 0 and "0 (canceled)" or ev.revents
  end
  return tostring(ev.res)
end

local function event_text(ev)
  if ev.foreign then
    return ("foreign event: data 0x%x -> %d"):format(ev.data, ev.res)
  end
  return ("%s -> %s (%s)"):format(show.request(ev), result_text(ev),
                                  show.duration(ev.lat))
end

-- ---- submissions ----

-- The fields of a submission that are not stored in it.
local judged = {}

function judged.err(aio, s)
  return s.errno and (aio.errname(s.errno) or tostring(s.errno))
end

function judged.why(_, s)
  local cause = require "aio.cause"
  if s.errno then return cause.why(cause.of_submission(s)) end
  return s.refused and cause.why(cause.of_stop(s))
end

function judged.verdict(_, s)
  return require "aio.verdict".of(s)
end

function judged.reason(_, s)
  return s.verdict == "synchronous" and require "aio.verdict".reason(s) or nil
end

local function submission_text(s)
  return require "aio.verdict".text(s)
end

-- ---- into the metatables ----

return setmetatable(show, {
  __call = function(_, aio, metatables)
    aio.duration = show.duration
    metatables.event.__name = "aio event"
    metatables.event.__tostring = event_text
    metatables.event.__pairs = event_pairs
    local fact = metatables.event.fact
    metatables.event.__index = function(ev, key)
      local f = computed[key]
      if f then return f(aio, ev) end
      return fact(ev, key)
    end
    metatables.submission.__name = "aio submission"
    metatables.submission.__tostring = submission_text
    metatables.submission.__index = function(s, key)
      local f = judged[key]
      local value = f and f(aio, s)
      rawset(s, key, value)
      return value
    end
    metatables.list.__tostring = function(list)
      return require "aio.list".text(list)
    end
    metatables.list.complete = function(list)
      require "aio.list".complete(list)
    end
  end,
})
