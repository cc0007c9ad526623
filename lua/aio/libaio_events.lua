-- Events of libaio.h: io_getevents, io_pgetevents, io_queue_run, and io_cancel,
-- which may fill one.
local aio = require "aio"
local context = require "aio.libaio_context"
local guard = require "aio.libaio_errors".guard
local integer = require "aio.libaio_integer"
local struct = require "aio.libaio_iocb"

local calls = {}

-- An event of ours, whose obj and data become the user's.
local function translate(ev)
  ev.obj = ev.obj and struct.object(ev.obj)
  return ev
end

-- In seconds; ours refuses what would wait for ever by mistake.
local function seconds(timeout)
  if timeout == nil then return nil end
  if type(timeout) ~= "table" then
    error("timeout: {tv_sec=, tv_nsec=} expected, got " .. type(timeout), 0)
  end
  for key, value in pairs(timeout) do
    if key ~= "tv_sec" and key ~= "tv_nsec" then
      error(("timeout: no field '%s'"):format(tostring(key)), 0)
    end
    integer.check(value, "timeout." .. key)
  end
  return (timeout.tv_sec or 0) + (timeout.tv_nsec or 0) / 1e9
end

-- Older entries beyond the new ones go, so that #events and ipairs see these.
local function fill(events, list)
  for i, ev in ipairs(list) do rawset(events, i, translate(ev)) end
  for i = #events, #list + 1, -1 do rawset(events, i, nil) end
  return #list
end

local function getevents(method, ctx, min_nr, nr, events, timeout, sigmask)
  integer.check(min_nr, "min_nr")
  local wait = seconds(timeout)
  if integer.check(nr, "nr") > 0 and type(events) ~= "table" then
    error("events: table expected, got " .. type(events), 0)
  end
  local native = context.native(ctx)
  if not native then return -aio.EINVAL end
  local list, _, errno = native[method](native, min_nr, nr, wait, sigmask)
  if not list then return -errno end
  return fill(events or {}, list)
end

--- io_getevents(ctx, min_nr, nr, events, timeout) -> n | -errno
--
-- Waits for at least min_nr events, or until the timeout {tv_sec=, tv_nsec=} is
-- over (nil: no limit), and sets events[1] to events[n], at most nr, to tables
-- {data=, obj=, res=, res2=}; what else was in the list goes. They have the
-- fields of our events as well (err, why, lat ...) and their text.
-- Errors: -EINVAL: min_nr over nr, or negative, also with a zero timeout, where
-- libaio may answer 0; no context, where libaio crashes. -EINTR: a signal.
-- Raises for a negative timeout, and for a wait that could never end.
-- Example: libaio.io_submit(ctx, 1, {cb})
-- n = libaio.io_getevents(ctx, 1, 8, ev, {tv_sec = 1})
-- See: io_getevents(2)
function calls.io_getevents(ctx, min_nr, nr, events, timeout)
  return getevents("getevents", ctx, min_nr, nr, events, timeout)
end

--- io_pgetevents(ctx, min_nr, nr, events, timeout, sigmask) -> n | -errno
--
-- As io_getevents, with the signals of the list sigmask blocked, and all others
-- not, while it waits; nil leaves the mask as it is.
-- Example: libaio.io_submit(ctx, 1, {cb})
-- libaio.io_pgetevents(ctx, 1, 8, ev, nil, {"SIGUSR1"})
-- See: io_pgetevents(2)
function calls.io_pgetevents(ctx, min_nr, nr, events, timeout, sigmask)
  return getevents("pgetevents", ctx, min_nr, nr, events, timeout, sigmask)
end

-- ---- io_queue_run ----

local take = guard("io_queue_run", function(ctx)
  local one = {}
  local n = getevents("getevents", ctx, 0, 1, one, { tv_sec = 0 })
  return n, one[1]
end, 3)

--- io_queue_run(ctx) -> 0 | -errno
--
-- Takes the events that are there, without waiting, and calls for each its
-- callback(ctx, iocb, res, res2), which is the iocb's data, until none is left.
-- A callback's error ends it; what was not taken is for the next one. Each is
-- taken by itself, so that a callback may submit, take events, and destroy.
-- Errors: -EINVAL: no context. Raises when an iocb has no callback, where
-- libaio crashes.
-- See: io_queue_run(3), io_set_callback
function calls.io_queue_run(ctx)
  while true do
    local n, ev = take(ctx)
    if n ~= 1 then return n end
    if type(ev.data) ~= "function" then
      error("io_queue_run: no callback, but " .. type(ev.data) ..
            ", is the data of " .. tostring(ev), 2)
    end
    ev.data(ctx, ev.obj, ev.res, ev.res2)
  end
end

-- ---- io_cancel ----

local function take_over(event, ev)
  for key in pairs(event) do event[key] = nil end
  for key, value in pairs(translate(ev)) do event[key] = value end
  setmetatable(event, getmetatable(ev))
end

--- io_cancel(ctx, iocb, event) -> 0 | -errno
--
-- Asks the kernel to cancel a request. Only polls can be. A kernel of today
-- says so by -EINPROGRESS, and the event arrives the normal way; an old one
-- returns 0 and fills the table event.
-- Errors: -EINPROGRESS: it is being cancelled. -EINVAL: no context, not in
-- flight there, or no poll.
-- Example: r = libaio.io_cancel(ctx, cb, {})
-- See: io_cancel(2)
function calls.io_cancel(ctx, iocb, event)
  local ours = struct.native(iocb)
  local native = context.native(ctx)
  if not native then return -aio.EINVAL end
  local r, _, errno = native:cancel(ours)
  if not r then return -errno end
  if r == true then return -aio.EINPROGRESS end
  take_over(event or {}, r)
  return 0
end

return calls
