-- io_submit stops at the first request that the kernel refuses, and returns how
-- many it took before; the error is told when one goes on from there.
--   usage: aiosh examples/partial_submit.lua

local zero = assert(aio.open("/dev/zero"))
local ctx = assert(aio.setup(8))
local list = {
  aio.pread(zero, aio.buffer(512)),
  aio.pread(-1, aio.buffer(512)),
  aio.pread(zero, aio.buffer(512)),
}

local function submit(first)
  local n, message, errno = ctx:submit(list, #list - first + 1, first)
  print(("from %d on: %s"):format(first, n or message))
  return n, errno
end

assert(submit(1) == 1)
assert(ctx.last_submit.refused == list[2])
local n, errno = submit(2)
assert(n == nil and errno == aio.EBADF)
assert(submit(3) == 1)

local events = ctx:getevents(2)
for _, ev in ipairs(events) do print(tostring(ev)) end
assert(#events == 2 and events[1].res == 512 and events[2].res == 512)
assert(ctx.inflight == 0, "the bad one has no event")
