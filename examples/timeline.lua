-- Draws what became of 64 mixed reads: 512 bytes to 64 KiB, up to 16 in
-- flight, taken and replaced four at a time.
--   usage: aiosh examples/timeline.lua [picture.svg | trace.json]

local READS, DEPTH, SPAN = 64, 16, 1 << 22
local path = (os.getenv("TMPDIR") or ".") .. "/aiosh-timeline.tmp"

local function make_file()
  local f = assert(aio.open(path, "rdwr,creat,trunc"))
  assert(f:write(("x"):rep(SPAN)) == SPAN and f:sync())
  f:drop_cache()
  return aio.open(path, "direct") or f
end

local f = make_file()
os.remove(path)
local ctx = assert(aio.setup(DEPTH))
aio.record{precise=true} -- a thread watches for completions

math.randomseed(7)
local function somewhere()
  local size = 512 << math.random(0, 7)
  local offset = math.random(0, SPAN // size - 1) * size
  return aio.pread(f, aio.buffer(size), size, offset)
end

local submitted, taken = 0, 0
while taken < READS do
  local batch = {}
  for i = 1, math.min(DEPTH - ctx.inflight, READS - submitted) do
    batch[i] = somewhere()
  end
  submitted = submitted + assert(ctx:submit(batch))
  for _, ev in ipairs(ctx:getevents(4, 4)) do
    assert(ev.res == ev.nbytes, ev)
    taken = taken + 1
  end
end

aio.record(false)
print(aio.timeline())
if arg[1] then assert(aio.timeline(arg[1])) end
