-- A waiter whose descriptors' numbers are used again: for an object that was
-- closed, for an io file closed behind the waiter's back, and for one whose
-- file a child keeps open.
local aio = require "aio"
local tap = require "aio.tap"

local function round(w, ...)
  local list = {}
  for _, events, data in w:wait(...) do
    list[#list + 1] = ("%s:%s"):format(data, events)
  end
  return table.concat(list, " ")
end

local function reused()
  local w <close> = assert(aio.waiter())
  local old = assert(aio.eventfd(1))
  local number = old:fileno()
  w:add(old, "in", "old")
  for _ = 1, 2 do
    for _ in w:wait(0) do end
    old:write(1)
    old:close()
    local new = assert(aio.eventfd(0))
    tap.is(new:fileno(), number, "the number is used again")
    tap.is(round(w, 0), "", "but not watched")
    w:add(new, "in", "new")
    tap.is(round(w, 0), "", "and not ready for the old one's sake")
    new:write(1)
    tap.is(round(w), "new:in", "when it is ready, it is the new one")
    old = new
  end
end

-- Closed by the number behind the waiter's back: the kernel has dropped it.
local function plain_number()
  local w <close> = assert(aio.waiter())
  local old = assert(io.popen("exec cat >/dev/null", "w"))
  w:add(old, "out", "old")
  old:close()
  tap.is(round(w, 0), "", "a closed io file reports nothing")
  local new = assert(io.popen("exec cat >/dev/null", "w"))
  w:add(new, "out", "new")
  tap.is(tostring(w), "waiter (1 watched, 0 ready)", "it was replaced")
  tap.is(round(w), "new:out", "by the new one")
  w:remove(new)
  new:close()
end

local function fifo(path)
  os.remove(path)
  if os.execute("mkfifo " .. path) then
    local f = io.open(path, "r+")
    os.remove(path)
    return f
  end
end

-- A child keeps a closed file open; the kernel goes on reporting its number
-- and lets nobody remove it.
local function undead()
  collectgarbage("stop") -- a lower number given back would go to `new`
  local path = os.tmpname()
  local outer <close>, w = assert(aio.waiter()), assert(aio.waiter())
  local e, fired = assert(aio.eventfd(0)), assert(aio.eventfd(1))
  outer:add(w, "in", "w")
  w:add(e, "in,et", "e")
  w:add(fired, "in,oneshot", "fired")
  tap.is(round(w), "fired:in", "a oneshot fires")
  local old = assert(fifo(path))
  old:setvbuf("no")
  old:write("x")
  local holder = assert(io.popen("exec cat >/dev/null", "w"))
  w:add(old, "in", "old")
  old:close()
  local new = assert(fifo(path))
  new:setvbuf("no")
  w:add(new, "in", "new")
  tap.is(round(w, 0), "", "the old file under the new number: not reported")
  tap.is(round(w, 0.001), "", "and no wait is cut short by it")
  tap.is(round(outer, 0), "", "nor one of a waiter that watches this one")
  new:write("y")
  e:write(1)
  tap.is(round(outer), "w:in", "which it still does")
  tap.like(round(w), "new:in", "the new file is watched")
  tap.is(round(w, 0), "new:in", "what is edge-triggered came, and once")
  w:modify(fired)
  tap.like(round(w), "fired:in", "a oneshot can be armed again")
  tap.is(tostring(w), "waiter (3 watched, 0 ready)", "and nothing was lost")
  w:close()
  new:close()
  holder:close()
  collectgarbage("restart")
end

reused()
plain_number()
undead()
tap.done()
