-- What surprises about glibc's POSIX AIO: requests on one descriptor run one
-- after the other, few threads serve all descriptors, and a priority is for
-- one descriptor's queue.
--   usage: aiosh examples/posix_surprises.lua

local posix = require "aio.posix"
posix.init { threads = 4 } -- before the first request; 20 otherwise

local function threads()
  for line in io.lines("/proc/self/status") do
    local n = line:match("^Threads:%s*(%d+)")
    if n then return tonumber(n) end
  end
end

local function read_of(pipe, reqprio)
  local cb = posix.aiocb { fd = pipe, buf = aio.buffer(1), reqprio = reqprio }
  assert(cb:read())
  return cb
end

-- Who is finished first of a list; it leaves the list.
local function first(list)
  assert(posix.suspend(list, 10))
  for i, cb in ipairs(list) do
    if cb:error() ~= aio.EINPROGRESS then return table.remove(list, i) end
  end
end

-- Eight reads of one pipe: one thread does them all, in their order.
local base = threads()
local r, w = assert(aio.pipe())
local list = {}
for i = 1, 8 do list[i] = read_of(r) end
print("8 reads on one descriptor: threads: " .. threads() - base)
assert(threads() - base == 1)
w:write("12345678")
for i = 1, 8 do
  assert(posix.suspend({ list[i] }, 10))
  assert(list[i].buf:get() == tostring(i))
end

-- Eight reads of eight pipes: four threads, all blocked. The others starve
-- although their data is there.
local pipes = {}
for i = 1, 8 do
  local from, to = assert(aio.pipe())
  pipes[i] = { cb = read_of(from), to = to }
end
local deadline = aio.now() + 10 * 10 ^ 9
repeat until threads() - base == 4 or aio.now() > deadline
print("8 reads on 8 descriptors: threads: " .. threads() - base)
assert(threads() - base == 4)
pipes[8].to:write("x")
local ok, why = posix.suspend({ pipes[8].cb }, 0.1)
print("the last one, with data: " .. tostring(why))
assert(not ok)
for i = 1, 8 do pipes[i].to:write("x") end
for i = 1, 8 do assert(posix.suspend({ pipes[i].cb }, 10)) end

-- reqprio lowers a priority. It counts among the requests that wait for the
-- same descriptor: behind the one that is being worked on, 0 is before 10.
local running = read_of(r)
local low, high = read_of(r, 10), read_of(r, 0)
w:write("ab")
assert(posix.suspend({ running }, 10))
assert(first { low, high } == high)
print("reqprio: the second of two was first")
w:write("c")
assert(posix.suspend({ low }, 10))
