-- Was it asynchronous? Seven ways to read or write 2 MiB in one io_submit, and
-- what ctx.last_submit says of each: how many of the 32 requests were done when
-- it returned, how long it took, the verdict and, where it is known, the
-- reason. switches: how often the thread slept in the call.
--   usage: aiosh examples/asynchronous.lua [directory]

local N, SIZE = 32, 65536
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-asynchronous.tmp"

local function skip(reason)
  print(reason)
  os.exit(77, true)
end

local buffered = assert(aio.open(path, "rdwr,creat,trunc"))
local direct, why, errno = aio.open(path, "rdwr,direct")
os.remove(path)
if errno == aio.EINVAL then skip("no direct I/O here: " .. why) end
assert(direct, why)
local ctx = assert(aio.setup(N))
if not ctx.ring.usable then skip("no ring to see what io_submit did") end
local data = aio.buffer(N * SIZE):fill { random = 1 }

local function switches()
  local status = io.open("/proc/thread-self/status")
  if not status then return 0 end
  local n = status:read("a"):match("\nvoluntary_ctxt_switches:%s*(%d+)")
  status:close()
  return tonumber(n or 0)
end

local function batch(op, f)
  local list = {}
  for i = 1, N do
    local at = (i - 1) * SIZE
    list[i] = aio[op](f, data:slice(at, SIZE)):at(at)
  end
  return list
end

-- Submits and prints what came of it; the verdict.
local function row(name, op, f)
  local list = batch(op, f)
  local before = switches()
  assert(ctx:submit(list) == N)
  local slept = switches() - before
  local s = ctx.last_submit
  print(("%-24s %3d switches  %s"):format(name, slept, s))
  for _, ev in ipairs(ctx:getevents(N)) do assert(ev.res == SIZE, ev.why) end
  return s.verdict
end

local function fresh(size)
  assert(buffered:truncate(0) and buffered:truncate(size))
end

local function filled()
  fresh(0)
  assert(buffered:write(data:get(), 0) and buffered:drop_cache())
end

filled()
row("direct read", "pread", direct)
row("direct overwrite", "pwrite", direct)
fresh(N * SIZE)
row("direct write to a hole", "pwrite", direct)
fresh(0)
row("direct append", "pwrite", direct)
filled()
local cold = row("buffered read, cold", "pread", buffered)
local warm = row("buffered read, warm", "pread", buffered)
local written = row("buffered write", "pwrite", buffered)
assert(cold == "synchronous" and warm == cold and written == cold,
  "buffered I/O is done in io_submit")
