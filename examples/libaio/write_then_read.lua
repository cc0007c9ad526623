-- "hello world" in a block of 1024 bytes is written, then read back, in
-- libaio's names: awaited by io_getevents, and once more by eventfd and epoll.
--   usage: aiosh examples/libaio/write_then_read.lua [directory]

local L = require "aio.libaio"
local TEXT, SIZE = "hello world", 1024
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-hello.tmp"

local function skip(reason)
  print(reason)
  os.exit(77, true)
end

local fd, why, errno = aio.open(path, "rdwr,creat,direct")
os.remove(path)
if errno == aio.EINVAL then skip("no direct I/O here: " .. why) end
assert(fd, why)
local align, block, how = fd:dioalign()
if align and how ~= "fs block size" and (align > 512 or block > 1024) then
  skip("direct I/O wants blocks of " .. block .. " here")
end

local ctx = L.io_context_t()
assert(L.io_setup(1, ctx) == 0)
local out = aio.buffer(SIZE, 512)
local back = aio.buffer(SIZE, 512)
local cb = L.iocb()
local events = {}
out:set(0, TEXT)

local function submit()
  assert(L.io_submit(ctx, 1, { cb }) == 1)
end

local function take()
  assert(L.io_getevents(ctx, 1, 1, events, nil) == 1)
  assert(events[1].obj == cb and events[1].res == SIZE)
end

local function show()
  local text = back:unpack(0, "z")
  print("read result: " .. text)
  assert(text == TEXT and back:check(out), "read other than written")
  back:fill(0)
end

-- ---- by io_getevents ----

L.io_prep_pwrite(cb, fd, out, SIZE, 0)
submit()
take()
L.io_prep_pread(cb, fd, back, SIZE, 0)
submit()
take()
show()

-- ---- by eventfd and epoll ----

local efd = aio.eventfd()
local epfd = aio.waiter()
epfd:add(efd, "in")

local function await()
  local count
  for _ in epfd:wait(10) do
    count = assert(efd:read())
    print(("success read from efd, read %d bytes, data is %d"):format(
      #string.pack("j", count), count))
  end
  assert(count == 1, "no completion in 10 seconds")
  take()
end

assert(fd:truncate(0))
L.io_prep_pwrite(cb, fd, out, SIZE, 0)
L.io_set_eventfd(cb, efd)
submit()
await()
L.io_prep_pread(cb, fd, back, SIZE, 0)
L.io_set_eventfd(cb, efd)
submit()
await()
show()
assert(L.io_destroy(ctx) == 0)
