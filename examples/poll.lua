-- A poll as a request: it completes once when the pipe is ready, also when that
-- is so at once, and has to be submitted again for the next time.
--   usage: aiosh examples/poll.lua

local ctx = assert(aio.setup(2))
local r, w = assert(aio.pipe())
local poll = aio.poll(r, "in")

local function take(what, timeout)
  local ev = ctx:getevents(1, 1, timeout)[1]
  print(("%-34s%s"):format(what, ev or "no event"))
  return ev
end

assert(ctx:submit(poll))
assert(not take("nothing written, after 20 ms", 0.02))
w:write("one")
local ev = take("3 bytes written", 10)
assert(ev.obj == poll and ev.revents == "in" and r:read(3) == "one")

w:write("two")
assert(not take("3 more, the poll is spent", 0.02))
assert(ctx:submit(poll))
ev = take("armed again, the bytes are there", 10)
assert(ev.revents == "in" and r:read(3) == "two")

assert(ctx:submit(poll))
w:close()
ev = take("the writing end is closed", 10)
assert(ev.revents == "hup")
print("res has the bits as poll(2) has them: " .. ev.res)
assert(ev.res & aio.POLLHUP ~= 0)
