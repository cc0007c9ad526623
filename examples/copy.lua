-- Copies a file with 16 blocks on their way, each a small state machine: read,
-- write, then the next block that is left. A short read or write goes on with
-- the rest. The checksums of both files are compared.
--   usage: aiosh examples/copy.lua [from to]   (default: files of its own)

local SLOTS, BLOCK = 16, 65536

-- Half a block at the end, and no multiple of anything.
local function make_files()
  local path = (os.getenv("TMPDIR") or ".") .. "/aiosh-copy.tmp"
  local from = assert(aio.open(path, "rdwr,creat,trunc"))
  from:unlink()
  local bytes = aio.buffer(50 * BLOCK + 30001):fill { random = 1 }
  assert(from:write(bytes:get()) == #bytes)
  local to = assert(aio.open(path, "rdwr,creat,trunc"))
  to:unlink()
  return from, to
end

local source, target
if arg[2] then
  source = assert(aio.open(arg[1]))
  target = assert(aio.open(arg[2], "rdwr,creat,trunc"))
else
  source, target = make_files()
end
local size, next_offset, copied = source:size(), 0, 0
local ctx = assert(aio.setup(SLOTS))

-- Submits what a slot has to do in this state, from where it is.
local function go(slot, state)
  slot.state = state
  local rest = slot.buf:slice(slot.done, slot.want - slot.done)
  local at = slot.offset + slot.done
  if state == "reading" then
    slot.iocb:pread(source, rest, #rest, at)
  else
    slot.iocb:pwrite(target, rest, #rest, at)
  end
  assert(ctx:submit(slot.iocb))
end

local function begin(slot)
  slot.offset, slot.done = next_offset, 0
  slot.want = math.min(BLOCK, size - next_offset)
  next_offset = next_offset + slot.want
  if slot.want > 0 then go(slot, "reading") end
end

local function completed(slot, res)
  assert(res > 0, res == 0 and "the file has become shorter"
           or aio.strerror(res))
  slot.done = slot.done + res
  if slot.done < slot.want then
    go(slot, slot.state)
  elseif slot.state == "reading" then
    slot.done = 0
    go(slot, "writing")
  else
    copied = copied + slot.want
    begin(slot)
  end
end

for _ = 1, SLOTS do
  local slot = { buf = aio.buffer(BLOCK) }
  slot.iocb = aio.iocb { data = slot }
  begin(slot)
end
while ctx.inflight > 0 do
  for iocb, res in ctx:each() do completed(iocb.data, res) end
end

local function checksum(f)
  if size == 0 then return 0 end
  return aio.buffer(size, { map = f, prot = "r" }):crc32c()
end

local want, got = checksum(source), checksum(target)
print(("%d bytes copied, crc32c %08x and %08x"):format(copied, want, got))
assert(copied == size and target:size() == size and want == got)
