-- The same 32 writes three times: to a buffered file, a direct one, and a
-- direct one that they extend. How many were done when io_submit returned tells
-- whether that was asynchronous I/O, or synchronous in disguise.
--   usage: aiosh examples/sync_in_disguise.lua [directory]

local WRITES, SIZE = 32, 16384
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-disguise.tmp"

local function skip(reason)
  print(reason)
  os.exit(77, true)
end

local buffered = assert(aio.open(path, "rdwr,creat,trunc"))
local direct, why, errno = aio.open(path, "rdwr,direct")
os.remove(path)
if errno == aio.EINVAL then skip("no direct I/O here: " .. why) end
assert(direct, why)
local ctx = assert(aio.setup(WRITES))
if not ctx.ring.usable then skip("no ring to see what io_submit did") end

local data = aio.buffer(WRITES * SIZE):fill { random = 1 }

-- Writes it all to f: how many writes were done at return.
local function write(how, f)
  local list = {}
  for i = 1, WRITES do
    local at = (i - 1) * SIZE
    list[i] = aio.pwrite(f, data:slice(at, SIZE), SIZE, at)
  end
  assert(ctx:submit(list) == WRITES)
  local s, begin = ctx.last_submit, aio.now()
  for _, ev in ipairs(ctx:getevents(WRITES)) do
    assert(ev.res == SIZE, ev.err)
  end
  print(("%-10s %2d of %d done at return  %8s in io_submit  %8s after"):format(
    how, s.done_at_return, s.taken, aio.duration(s.ns),
    aio.duration(aio.now() - begin)))
  return s.done_at_return
end

local function verify()
  local back = aio.buffer(#data)
  back:set(0, assert(buffered:read(#data)))
  assert(back:check(data), "the file has other bytes")
end

local done = write("buffered", buffered)
assert(done == WRITES, "buffered writes that are not done at return")
verify()
assert(buffered:sync())
done = write("direct", direct)
verify()
assert(direct:truncate(0))
local extending = write("extending", direct)
verify()

print(done < WRITES and "direct: asynchronous"
  or "direct: synchronous as well, as on tmpfs")
print(extending < WRITES and "extending: asynchronous, as on xfs"
  or "extending: synchronous, as on ext4 and tmpfs")
