-- A direct write of 1024 bytes, awaited by asking again and again, with a
-- timeout of 10 ms each time.
--   usage: aiosh examples/poll_loop.lua [directory]

local SIZE, TIMEOUT = 1024, 0.01
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-loop.tmp"

local function skip(reason)
  print(reason)
  os.exit(77, true)
end

local f, why, errno = aio.open(path, "rdwr,creat,direct")
local plain = io.open(path, "rb")
os.remove(path)
if errno == aio.EINVAL then skip("no direct I/O here: " .. why) end
assert(f, why)
local align, block, how = f:dioalign()
if align and how ~= "fs block size" and (align > 512 or block > 1024) then
  skip("direct I/O wants blocks of " .. block .. " here")
end

local buf = aio.buffer(SIZE, 512):fill("@")
local ctx = assert(aio.setup(10))
local write = aio.pwrite(f, buf, SIZE, 0)
assert(ctx:submit(write) == 1)

local rounds, deadline = 0, aio.now() + 10e9
local ev
while not ev do
  assert(aio.now() < deadline, "not done after 10 seconds")
  rounds = rounds + 1
  ev = ctx:getevents(1, 1, TIMEOUT)[1]
end
print(("io_getevents: 1 in round %d: %s"):format(rounds, ev))

assert(ev.obj == write and ev.res == SIZE, ev.err)
assert(plain:read("a") == ("@"):rep(SIZE), "read back otherwise")
ctx:destroy()
