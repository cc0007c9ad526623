-- aio_init: how many threads, and how long an idle one stays. It counts before
-- the first request only.
local aio = require "aio"
local tap = require "aio.tap"
local posix = require "aio.posix"

local function threads()
  for line in io.lines("/proc/self/status") do
    local n = line:match("^Threads:%s*(%d+)")
    if n then return tonumber(n) end
  end
end

-- n reads of as many pipes, which nothing is written to.
local function blocked(n)
  local list, writers = {}, {}
  for i = 1, n do
    local r, w = assert(aio.pipe())
    writers[i] = w
    list[i] = posix.aiocb { fd = r, buf = aio.buffer(1) }
    assert(list[i]:read())
  end
  return list, writers
end

local function release(list, writers)
  for i, cb in ipairs(list) do
    writers[i]:write("x")
    while cb.inflight do assert(posix.suspend({ cb }, 20)) end
  end
end

local function eventually(good)
  local deadline = aio.now() + 20 * 10 ^ 9
  repeat
    posix.suspend({ posix.aiocb() }, 0)
    if good() then return true end
  until aio.now() > deadline
  return false
end

tap.raises("table expected", "nothing", posix.init)
tap.raises("unknown field 'thread'", "an unknown field", posix.init,
  { thread = 1 })
tap.raises("no integer value", "half a thread", posix.init, { threads = 0.5 })
posix.aio_init {}
tap.is(select("#", posix.init { threads = 3, idle_time = 1000 }), 1,
  "before the first request: no note")

local before = threads()
local list, writers = blocked(6)
tap.is(threads() - before, 3, "six blocked reads have three threads")
tap.errno("EAGAIN", "the others wait", posix.suspend({ list[6] }, 0.02))
writers[6]:write("x")
tap.errno("EAGAIN", "even with their data there",
  posix.suspend({ list[6] }, 0.02))
release({ list[1], list[4], list[5] }, { writers[1], writers[4], writers[5] })
tap.is(posix.suspend({ list[6] }, 20), true, "until a thread is free")
release({ list[2], list[3] }, { writers[2], writers[3] })
tap.is(threads() - before, 3, "idle threads stay for idle_time")

local good, note = posix.init { threads = 10, idle_time = -1 }
tap.is(good, true, "once there was a request")
tap.like(note, "too late for threads and num", "a note says so")
list, writers = blocked(6)
tap.is(threads() - before, 3, "and it is still three")
release(list, writers)
tap.ok(eventually(function() return threads() == before end),
  "idle_time counts at any time: none stays")
tap.done()
