-- fsync and fdsync as requests. They are not ordered after writes that are in
-- flight: an fdsync of the same io_submit may finish before those, and then
-- says nothing about them. Reap the writes first, then sync.
--   usage: aiosh examples/sync.lua [directory]

local WRITES, SIZE, ROUNDS = 64, 65536, 20
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-sync.tmp"
local f, why, errno = aio.open(path, "rdwr,creat,direct")
if errno == aio.EINVAL then f, why = aio.open(path, "rdwr,creat") end
assert(f, why)
os.remove(path)
assert(f:write(("x"):rep(WRITES * SIZE)) and f:sync())

local ctx = assert(aio.setup(WRITES + 1))
local buf = aio.buffer(SIZE):fill("y")

local function sync(prepare)
  assert(ctx:submit(prepare(f)))
  local ev = ctx:getevents()[1]
  print(tostring(ev))
  assert(ev.res == 0, ev.err)
end

-- Writes and an fdsync in one io_submit: how many writes ended after it.
local function overtaken()
  local list, late = {}, nil
  for i = 1, WRITES do list[i] = aio.pwrite(f, buf, SIZE, (i - 1) * SIZE) end
  list[WRITES + 1] = aio.fdsync(f)
  assert(ctx:submit(list) == WRITES + 1)
  for _, ev in ipairs(ctx:getevents(WRITES + 1)) do
    assert(ev.res == ev.nbytes, ev.err)
    if ev.op == "fdsync" then late = 0 elseif late then late = late + 1 end
  end
  return late
end

sync(aio.fsync)
sync(aio.fdsync)

local rounds, most = 0, 0
for _ = 1, ROUNDS do
  local late = overtaken()
  if late > 0 then rounds = rounds + 1 end
  most = math.max(most, late)
end
print(("in %d of %d rounds writes ended after the fdsync submitted behind " ..
       "them: up to %d of %d"):format(rounds, ROUNDS, most, WRITES))
if rounds == 0 then
  print("chance, or a file system that does it all in io_submit (tmpfs)")
end

local writes = {}
for i = 1, WRITES do writes[i] = aio.pwrite(f, buf, SIZE, (i - 1) * SIZE) end
assert(ctx:submit(writes) == WRITES)
assert(#ctx:getevents(WRITES) == WRITES)
print("the safe order: all writes reaped, then")
sync(aio.fdsync)
