-- Functions that requests notified by thread are to call: glibc's thread only
-- writes an eventfd of ours, and posix.run calls them, on the thread that runs
-- Lua.
local aio = require "aio"

local run = {}

-- Notes of what was submitted, in order: [1] is whether it was accepted (0:
-- not known yet; "old": nor when posix.run looked), then func, value, and of
-- each request how often it had been submitted before.
local notes = {}
local due = {} -- functions whose time has come, the oldest first
local efd

--- posix.eventfd() -> eventfd
--
-- The eventfd that tells of requests whose sigevent has a function: when a
-- waiter reports it, posix.run() calls what is due.
-- Example: w:add(posix.eventfd())
-- See: posix.run
function run.eventfd()
  if not efd or not pcall(efd.fileno, efd) then
    efd = assert(aio.eventfd())
  end
  return efd
end

local function subjects(subject)
  if type(subject) ~= "table" then return { subject } end
  local list = {}
  for i = 1, #subject do
    if rawget(subject, i) then list[#list + 1] = rawget(subject, i) end
  end
  return list
end

-- A note for func(value), due when subject (an aiocb or a list) has ended.
function run.note(func, value, subject)
  local note = { 0, func = func, value = value, before = {} }
  for _, cb in ipairs(subjects(subject)) do
    note.before[cb] = cb.submissions
  end
  notes[#notes + 1] = note
  return note
end

-- One closed meanwhile can't be asked: nobody waits for it.
local function ended(cb, before)
  local open, flies = pcall(function()
    return cb.submissions == before + 1 and cb.inflight
  end)
  return not (open and flies)
end

local function is_due(note)
  for cb, before in pairs(note.before) do
    if not ended(cb, before) then return false end
  end
  return true
end

-- Moves what is due from notes to due. A note that stays unknown was left
-- behind by an error.
local function collect()
  local kept = {}
  for _, note in ipairs(notes) do
    local state = note[1]
    if state == true and is_due(note) then
      due[#due + 1] = note
    elseif state == true or state == 0 then
      kept[#kept + 1] = note
    end
    if state == 0 then note[1] = "old" end
  end
  notes = kept
end

local function call(note)
  local ok, message = pcall(note.func, note.value)
  if ok then return end
  if due[1] then run.eventfd():write(1) end
  error(message, 0)
end

--- posix.run() -> n
--
-- Calls, here and now, the functions of requests that have ended and whose
-- sigevent has one: notify_function(value). Returns how many. An error in one
-- is raised; the others are for the next posix.run, and posix.eventfd() says
-- so.
-- Example: for _ in w:wait(5) do posix.run() end
-- See: posix.sigevent
function run.run()
  run.eventfd():read()
  collect()
  local n = 0
  while due[1] do
    n = n + 1
    call(table.remove(due, 1))
  end
  return n
end

return run
