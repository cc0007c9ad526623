-- struct sigevent: how a request of POSIX AIO tells that it has ended.
local aio = require "aio"
local run = require "aio.posix_run"

local sigevent = {}

-- What an object keeps of its fields is under this key, so that each access
-- comes through the metatable.
local STORE = {}

local names = {
  notify = "notify", signo = "signo", value = "value", eventfd = "eventfd",
  notify_function = "func", notify_attributes = "attributes",
}
local fields = {}
for name, key in pairs(names) do
  fields[name] = key
  fields["sigev_" .. name] = key
end

local kinds = { signal = aio.SIGEV_SIGNAL, none = aio.SIGEV_NONE,
                thread = aio.SIGEV_THREAD }

local function key_of(name)
  return fields[name]
    or error(("sigevent has no field '%s'"):format(tostring(name)), 3)
end

local function bad(field, expected, value)
  error(("bad field '%s' (%s expected, got %s)"):format(
    field, expected, type(value)), 0)
end

-- ---- union sigval ----

local union = {}

function union.new(store)
  return setmetatable({ [STORE] = store }, union)
end

local function member(name)
  if name ~= "sival_int" and name ~= "sival_ptr" then
    error(("sigval has no field '%s'"):format(tostring(name)), 3)
  end
end

function union.__index(object, name)
  member(name)
  return rawget(object, STORE).value
end

function union.__newindex(object, name, value)
  member(name)
  local store = rawget(object, STORE)
  sigevent.check_owner(store)
  store.value = value
end

-- {sival_int=1} or {sival_ptr=any} as the value that it holds.
local function from_union(value)
  if type(value) ~= "table" or getmetatable(value) then return value end
  local name, inner = next(value)
  if name ~= "sival_int" and name ~= "sival_ptr" or next(value, name) then
    return value
  end
  return inner
end

-- ---- fields ----

local check = {}

function check.notify(value)
  if value == nil then return nil end
  local number = kinds[value] or math.type(value) and math.tointeger(value)
  return number or error(
    "bad field 'notify' (\"none\", \"signal\", \"thread\" or a number " ..
    "expected)", 0)
end

function check.signo(value)
  local good = value == nil or type(value) == "string" or math.type(value)
  return good and value or value and bad("signo", "name or number", value)
end

function check.func(value)
  local good = value == nil or type(value) == "function"
  return good and value or bad("notify_function", "function", value)
end

function check.attributes(value)
  return value ~= nil and bad("notify_attributes", "nil", value) or nil
end

-- An aiocb in flight is not to be changed, not here either.
function sigevent.check_owner(store)
  if store.owner[1] and store.owner[1].inflight then
    error("sigevent: its aiocb is in flight", 3)
  end
end

local meta = { __name = "sigevent" }

function meta.__index(object, name)
  local store = rawget(object, STORE)
  if name == "sigev_value" then return union.new(store) end
  return store[key_of(name)]
end

function meta.__newindex(object, name, value)
  local store = rawget(object, STORE)
  local key = key_of(name)
  sigevent.check_owner(store)
  if name == "sigev_value" then value = from_union(value) end
  if check[key] then value = check[key](value) end
  store[key] = value
end

-- What was left out follows from what was said.
local function notify_of(store)
  if store.notify then return store.notify end
  if store.eventfd or store.func then return aio.SIGEV_THREAD end
  return store.signo and aio.SIGEV_SIGNAL or aio.SIGEV_NONE
end

local function text_of_signal(store)
  return ("signal %s, value %s"):format(store.signo, store.value or 0)
end

function meta.__tostring(object)
  local store = rawget(object, STORE)
  local notify = notify_of(store)
  local text = tostring(notify)
  if notify == aio.SIGEV_NONE then
    text = "none"
  elseif notify == aio.SIGEV_SIGNAL then
    text = text_of_signal(store)
  elseif notify == aio.SIGEV_THREAD then
    text = store.func and "thread, function" or "thread, eventfd"
  end
  return ("sigevent (%s)"):format(text)
end

-- ---- making ----

-- The owner is held weakly: it holds the object.
local function new(owner)
  local weak = setmetatable({ owner }, { __mode = "v" })
  return setmetatable({ [STORE] = { owner = weak } }, meta)
end

local function fill(object, from)
  for name, value in next, from do object[name] = value end
end

-- A copy: two aiocbs do not share one.
local function copy(object, from)
  for key, value in next, rawget(from, STORE) do
    if key ~= "owner" then rawget(object, STORE)[key] = value end
  end
end

local function is_eventfd(value)
  return type(value) == "userdata" and tostring(value):find("^eventfd") ~= nil
end

-- The object for what a user gave as sigevent.
function sigevent.make(value, owner)
  local object = new(owner)
  local kind = type(value)
  if getmetatable(value) == meta then
    copy(object, value)
  elseif kind == "table" then
    fill(object, value)
  elseif is_eventfd(value) then
    object.eventfd = value
  elseif kind == "function" then
    object.notify_function = value
  elseif kinds[value] then
    object.notify = value
  elseif kind == "string" then
    object.signo = value
  elseif value ~= nil then
    bad("sigevent", "table, name of a signal, eventfd or function", value)
  end
  return object
end

--- posix.sigevent{notify=, signo=, value=, eventfd=, notify_function=}
--
-- How a request, or with posix.listio a group of them, tells that it has ended;
-- the names in C (sigev_notify, sigev_value.sival_int ...) work as well.
-- notify is "none", "signal" or "thread", and follows from the other fields
-- where it is left out. By signal: signo is sent with value (an int), which
-- aio.signals reads; one that nobody takes does nothing. Only real-time signals
-- queue. By thread: a thread adds 1 to eventfd, or else to posix.eventfd(); and
-- where there is a notify_function, posix.run calls that with value (anything).
-- Wherever a sigevent is expected, its table of fields, the name of a signal,
-- an eventfd or a function will do.
-- Errors: raises for an unknown field or a bad value.
-- Example: cb.sigevent = {signo="SIGRTMIN+1", value=7}
-- See: sigevent(7)
function sigevent.new(from)
  return sigevent.make(from)
end

-- ---- for glibc ----

local function signal_value(value)
  local number = math.type(value) and math.tointeger(value)
  return number or bad("value", "integer", value)
end

-- What C tells glibc: notify, signo, value, eventfd, and a note for posix.run.
function sigevent.read(object, subject)
  local store = rawget(object, STORE)
  local notify = notify_of(store)
  if notify == aio.SIGEV_SIGNAL then
    return notify, store.signo, signal_value(store.value or 0)
  elseif notify ~= aio.SIGEV_THREAD then
    return notify, nil, 0
  end
  local note = store.func and run.note(store.func, store.value, subject)
  return notify, nil, 0, store.eventfd or run.eventfd(), note or nil
end

return sigevent
