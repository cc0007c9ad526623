-- The waiter: what it reports, in which order, and what it refuses.
local aio = require "aio"
local tap = require "aio.tap"

-- One round as a list of "data:events", sorted by nothing but its arrival.
local function round(w, ...)
  local list = {}
  for _, events, data in w:wait(...) do
    list[#list + 1] = ("%s:%s"):format(data, events)
  end
  return table.concat(list, " ")
end

local function ready(n)
  local e = assert(aio.eventfd(n or 1))
  return e
end

local function basics()
  local w <close> = assert(aio.waiter())
  local e, data = ready(0), {}
  tap.is(tostring(w), "waiter (0 watched, 0 ready)", "a new one")
  tap.is(w:add(e, "in", data), w, "add answers the waiter")
  tap.is(round(w, 0), "", "a timeout is zero rounds")
  e:write(1)
  local count = 0
  for obj, events, d in w:wait() do
    tap.is(obj, e, "the object comes back")
    tap.is(events, "in", "with its events")
    tap.is(d, data, "and its data")
    count = count + 1
  end
  tap.is(count, 1, "once in a wait")
  tap.is(round(w, 0), tostring(data) .. ":in", "ready until it is read")
  e:read()
  tap.is(round(w, 0), "", "and no longer")
  tap.is(w:modify(e, "out", "now"), w, "modify answers the waiter")
  tap.is(round(w), "now:out", "and changes events and data")
  tap.is(w:remove(e), w, "remove answers the waiter")
  tap.is(round(w, 0), "", "and nothing comes any more")
end

local function defaults()
  local w <close> = assert(aio.waiter())
  local e = ready()
  w:add(e)
  for _, events, data in w:wait() do
    tap.is(events, "in", "events are \"in\" by default")
    tap.is(data, nil, "and data is nil")
  end
  w:modify(e, nil, false)
  for _, events, data in w:wait() do
    tap.is(events, "in", "modify leaves out what is left out")
    tap.is(data, false, "false is a value")
  end
  w:modify(e, "in")
  for _, _, data in w:wait() do
    tap.is(data, false, "data stays, too")
  end
  w:modify(e, 0x4 | 0x1)
  tap.is(round(w, 0), "false:in,out", "a number is passed as it is")
  w:modify(e, "")
  tap.is(round(w, 0), "", "no events at all")
end

local function names()
  local w <close> = assert(aio.waiter())
  local r, wr = assert(aio.pipe())
  w:add(r, "in,rdhup,pri", "r")
  w:add(wr, "out", "w")
  tap.is(round(w), "w:out", "a pipe can be written")
  wr:write("x")
  w:remove(wr)
  wr:close()
  tap.is(round(w), "r:in,hup", "its writer is gone, the data is not")
  r:close()
  r, wr = assert(aio.pipe())
  w:add(wr, "out", "w")
  r:close()
  tap.is(round(w), "w:out,err", "its reader is gone")
  wr:close()
end

local function refusals()
  local w <close> = assert(aio.waiter())
  local e = ready()
  local file <close> = assert(io.open("/proc/self/exe"))
  w:add(e)
  tap.errno("EEXIST", "twice", w:add(e))
  tap.errno("EEXIST", "also by its number", w:add(e:fileno()))
  tap.errno("EPERM", "a regular file", w:add(file))
  tap.like(select(2, w:add(file)), "regular file", "says why")
  tap.errno("EBADF", "a number that is not open", w:add(54321))
  tap.errno("EBADF", "a negative one", w:add(-1))
  tap.errno("EBADF", "the largest one", w:add(0x7fffffff))
  tap.errno("EINVAL", "itself", w:add(w))
  tap.errno("EINVAL", "et and exclusive with oneshot",
    w:add(ready(), "in,exclusive,oneshot"))
  local other = ready()
  tap.errno("ENOENT", "modify what is not watched", w:modify(other, "in"))
  tap.errno("ENOENT", "remove what is not watched", w:remove(other))
  tap.errno("EBADF", "modify a number that is not open", w:modify(54321, "in"))
  tap.errno("EBADF", "remove a number that is not open", w:remove(54321))
  w:remove(e)
  tap.errno("ENOENT", "remove twice", w:remove(e))
  tap.is(tostring(w), "waiter (0 watched, 0 ready)", "nothing is left")
end

local function misuse()
  local w <close> = assert(aio.waiter())
  local e = ready()
  tap.raises("descriptor", "add nothing", w.add, w)
  tap.raises("descriptor", "add a table", w.add, w, {})
  tap.raises("integer", "add 1.5", w.add, w, 1.5)
  tap.raises("unknown flag 'inn'", "an unknown event", w.add, w, e, "inn")
  tap.raises("#3", "events that are a table", w.add, w, e, {})
  tap.raises("waiter expected", "another object", w.add, e, e)
  tap.raises("closed", "a closed io file", function()
    local f = io.tmpfile()
    f:close()
    w:add(f)
  end)
  w:add(e)
  tap.raises("negative", "a negative timeout", w.wait, w, -1)
  tap.raises("NaN", "NaN", w.wait, w, 0 / 0)
  tap.raises("number", "a timeout in words", w.wait, w, "1")
  tap.raises("integer", "max 1.5", w.wait, w, 0, 1.5)
  tap.raises("EINVAL", "max 0: the kernel's answer", w.wait, w, 0, 0)
  tap.raises("EINVAL", "max -1, also with events left over", function()
    for _ in w:wait(0) do break end -- luacheck: ignore 512
    w:wait(0, -1)
  end)
  tap.raises("no field 'wiat'", "an unknown field", function() w.wiat() end)
end

local function never()
  local w <close> = assert(aio.waiter())
  tap.raises("never end", "a wait for nothing", w.wait, w)
  tap.is(round(w, 0.001), "", "with a timeout it is allowed")
  local e = ready()
  w:add(e, "in,oneshot", "e")
  tap.is(round(w), "e:in", "a oneshot fires")
  tap.raises("oneshot.*never end", "nothing can fire", w.wait, w)
  e:close()
  tap.raises("nothing is watched", "closing removes it", w.wait, w)
end

local function triggers()
  local w <close> = assert(aio.waiter())
  local e = ready()
  w:add(e, "in,et", "e")
  tap.is(round(w), "e:in", "edge-triggered: the first")
  tap.is(round(w, 0), "", "not again without an edge")
  e:write(1)
  tap.is(round(w), "e:in", "a write is an edge, unread as it is")
  e:read()
  w:modify(e, "in,oneshot")
  e:write(1)
  tap.is(round(w), "e:in", "oneshot: the first")
  e:write(1)
  tap.is(round(w, 0), "", "not again, edge or no edge")
  w:modify(e)
  tap.is(round(w), "e:in", "modify arms it")
end

local function maximum()
  local w <close> = assert(aio.waiter())
  for i = 1, 5 do
    w:add(ready(), "in,oneshot", i)
  end
  tap.is(round(w, nil, 2), "1:in 2:in", "not more than max")
  tap.is(round(w, nil, 1), "3:in", "the next one")
  tap.is(round(w), "4:in 5:in", "the rest")
  for i = 1, 200 do
    w:add(ready(), "in", i)
  end
  local count = 0
  for _ in w:wait() do count = count + 1 end
  tap.is(count, 200, "without max, all that are ready")
end

local function kinds()
  local w <close> = assert(aio.waiter())
  local e = ready()
  local wrapped = {pollfd = function() return e:fileno() end}
  w:add(wrapped, "in", "object")
  for obj in w:wait() do
    tap.is(obj, wrapped, "an object with a method pollfd")
  end
  tap.is(w:remove({pollfd = e:fileno()}), w, "or a number pollfd")
  w:add(e:fileno(), "in", "number")
  tap.is(round(w), "number:in", "a number")
  w:remove(e)
  local f <close> = assert(io.popen("echo x"))
  w:add(f, "in", "file")
  tap.like(round(w, 60), "^file:in", "an io file")
  local inner <close> = assert(aio.waiter())
  tap.is(inner:pollfd(), inner:fileno(), "pollfd is the waiter's number")
  tap.is(inner:events(), "r", "cqueues polls it for reading")
  inner:add(e, "in", "inner")
  w:remove(f)
  w:add(inner, "in", "waiter")
  tap.is(round(w), "waiter:in", "a waiter in a waiter")
  tap.is(round(inner), "inner:in", "and what it watches")
  tap.errno("ELOOP", "not both in each other", inner:add(w))
end

local function timing()
  local w <close> = assert(aio.waiter())
  w:add(ready(0))
  local began = aio.now()
  for _ in w:wait(0.03) do error("nothing is ready") end
  tap.ok(aio.now() - began >= 30000000, "a timeout is not early")
  began = aio.now()
  for _ in w:wait(1e-9) do error("nothing is ready") end
  tap.ok(aio.now() - began < 5e9, "the smallest one is short")
end

local function closing()
  local w = assert(aio.waiter())
  local e = ready()
  w:add(e)
  tap.is(w:close(), true, "close answers true")
  tap.is(w:close(), true, "also the second time")
  tap.is(tostring(w), "waiter (closed)", "tostring of a closed one")
  for _, name in ipairs {"add", "modify", "remove", "wait", "fileno",
    "pollfd", "events", "timeout"} do
    tap.raises("waiter is closed", name .. " of a closed one", w[name], w, e)
  end
  tap.is(e:read(), 1, "what it watched is as it was")
  local v <close> = assert(aio.waiter())
  v:add(e)
  tap.is(e:close(), true, "and can be closed")
end

basics()
defaults()
names()
refusals()
misuse()
never()
triggers()
maximum()
kinds()
timing()
closing()
tap.done()
