-- What more requests in flight bring: random 4 KiB direct reads, by depth.
--   usage: aiosh examples/depth.lua [file]     (default: a file made for it)

local READS, BLOCK = 256, 4096

local function make_file()
  local path = (os.getenv("TMPDIR") or ".") .. "/aiosh-depth.tmp"
  local f = assert(aio.open(path, "rdwr,creat"))
  assert(f:write(("x"):rep(1 << 20)) == 1 << 20 and f:sync())
  return path, f
end

local function open_file()
  local made
  local path = arg[1]
  if not path then path, made = make_file() end
  local f = aio.open(path, "direct") or assert(aio.open(path))
  if made then made:unlink() end
  return f
end

local f = open_file()
local blocks = f:size() // BLOCK
local ctx = assert(aio.setup(64))

local function somewhere(iocb)
  return iocb:at(math.random(0, blocks - 1) * BLOCK)
end

-- Keeps depth requests in flight until READS of them were submitted: ns.
local function measure(depth)
  local left, begin = READS - depth, aio.now()
  for _ = 1, depth do
    ctx:submit(somewhere(aio.pread(f, aio.buffer(BLOCK))))
  end
  while ctx.inflight > 0 do
    for iocb, res in ctx:each() do
      assert(res == BLOCK)
      if left > 0 then ctx:submit(somewhere(iocb)) end
      left = left - 1
    end
  end
  return aio.now() - begin
end

print(f.direct and "direct" or "buffered", f.path)
for _, depth in ipairs{1, 2, 4, 8, 16, 32, 64} do
  local ns = measure(depth)
  print(("depth %2d  %8.0f reads/s"):format(depth, READS / ns * 1e9))
end
