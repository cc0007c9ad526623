-- How many requests fit: submit until EAGAIN, reap some, go on with as many.
-- Finished requests count until their events are taken.
--   usage: aiosh examples/capacity.lua [nr_events]

local asked = math.tointeger(arg[1] or 8)
local ctx = assert(aio.setup(asked))
local zero, buf = assert(aio.open("/dev/zero")), aio.buffer(512)

-- Fills the ring: how many were taken, and the error that ended it.
local function fill()
  local n = 0
  while true do
    local ok, message, errno = ctx:submit(aio.pread(zero, buf))
    if not ok then return n, errno, message end
    n = n + 1
  end
end

local full, errno, message = fill()
print(("asked for %d, %d were taken, then: %s"):format(asked, full, message))
assert(errno == aio.EAGAIN and full >= asked)

local reaped = ctx:reap(5)
local more, again = fill()
print(("%d reaped, %d more taken, then %s"):format(#reaped, more,
                                                  aio.errname(again)))
assert(#reaped == 5 and again == aio.EAGAIN and more > 0)

local rest = ctx:getevents(ctx.inflight)
print(("%d taken at the end, none lost"):format(#rest))
assert(#reaped + #rest == full + more)
for _, ev in ipairs(rest) do assert(ev.res == 512) end
