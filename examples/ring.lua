-- The completion ring that the kernel maps into the process: events taken from
-- it without a system call, next to io_getevents.
--   usage: aiosh examples/ring.lua

local BATCH, BATCHES = 32, 500
local ctx = assert(aio.setup(BATCH))
if not ctx.ring.usable then
  print("the ring can't be used here")
  os.exit(77, true)
end

local zero, list = assert(aio.open("/dev/zero")), {}
for i = 1, BATCH do list[i] = aio.pread(zero, aio.buffer(512)) end

local function show(when)
  local r = ctx.ring
  print(("%-16s head %3d, tail %3d of %d, %2d ready"):format(when, r.head,
    r.tail, r.nr, r.ready))
  return r
end

local before = show("at first")
assert(ctx:submit(list) == BATCH)
local full = show("submitted")
assert(#ctx:reap() == BATCH)
local after = show("reaped")
assert(before.ready == 0 and full.ready == BATCH and after.ready == 0)
assert(after.head == full.tail and after.tail == full.tail)

-- How long it takes to take all events, per event.
local function measure(name, take)
  local ns, taken = 0, 0
  for _ = 1, BATCHES do
    assert(ctx:submit(list) == BATCH)
    local begin = aio.now()
    taken = taken + take()
    ns = ns + aio.now() - begin
  end
  assert(taken == BATCH * BATCHES, "events are missing")
  print(("%-16s %4d ns an event"):format(name, ns // taken))
end

local function each()
  local n = 0
  for _, res in ctx:each(0) do
    assert(res == 512)
    n = n + 1
  end
  return n
end

local function one_by_one(take)
  local n = 0
  while n < BATCH do n = n + #take() end
  return n
end

measure("ctx:getevents", function() return #ctx:getevents(BATCH) end)
measure("ctx:reap", function() return #ctx:reap() end)
measure("ctx:each", each)
print("one event at a time:")
measure("ctx:getevents", function()
  return one_by_one(function() return ctx:getevents(1, 1) end)
end)
measure("ctx:reap", function()
  return one_by_one(function() return ctx:reap(1) end)
end)
