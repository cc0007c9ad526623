-- A direct write of 1024 bytes, in libaio's names, awaited by asking again and
-- again, with a timeout of 10 ms each time.
--   usage: aiosh examples/libaio/poll_loop.lua [directory]

local L = require "aio.libaio"
local SIZE = 1024
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-loop.tmp"

local function skip(reason)
  print(reason)
  os.exit(77, true)
end

local fd, why, errno = aio.open(path, "rdwr,creat,direct")
local plain = io.open(path, "rb")
os.remove(path)
if errno == aio.EINVAL then skip("no direct I/O here: " .. why) end
assert(fd, why)
local align, block, how = fd:dioalign()
if align and how ~= "fs block size" and (align > 512 or block > 1024) then
  skip("direct I/O wants blocks of " .. block .. " here")
end

local buf = aio.buffer(SIZE, 512)
buf:fill("@")
local ctx = L.io_context_t()
assert(L.io_queue_init(10, ctx) == 0)
local cb = L.iocb()
L.io_prep_pwrite(cb, fd, buf, SIZE, 0)
local written
L.io_set_callback(cb, function(_, iocb, res, res2)
  assert(iocb == cb and res2 == 0)
  written = res
end)
assert(L.io_submit(ctx, 1, { cb }) == 1)

local timeout = { tv_sec = 0, tv_nsec = 10000000 }
local events, rounds, deadline = {}, 0, aio.now() + 10e9
while not written do
  assert(aio.now() < deadline, "not done after 10 seconds")
  rounds = rounds + 1
  local r = L.io_getevents(ctx, 1, 1, events, timeout)
  assert(r >= 0, aio.strerror(r))
  for i = 1, r do
    local callback = events[i].data
    callback(ctx, events[i].obj, events[i].res, events[i].res2)
  end
end
print(("io_getevents: 1 in round %d: %s"):format(rounds, events[1]))

assert(written == SIZE, aio.strerror(written))
assert(plain:read("a") == ("@"):rep(SIZE), "read back otherwise")
assert(L.io_queue_release(ctx) == 0)
