-- "hello world" in a block of 1024 bytes is written, then read back: awaited
-- by getevents, and once more by an eventfd and epoll.
--   usage: aiosh examples/write_then_read.lua [directory]

local TEXT, SIZE = "hello world", 1024
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-hello.tmp"

local function skip(reason)
  print(reason)
  os.exit(77, true)
end

local f, why, errno = aio.open(path, "rdwr,creat,direct")
os.remove(path)
if errno == aio.EINVAL then skip("no direct I/O here: " .. why) end
assert(f, why)
local align, block, how = f:dioalign()
if align and how ~= "fs block size" and (align > 512 or block > 1024) then
  skip("direct I/O wants blocks of " .. block .. " here")
end

local ctx = assert(aio.setup(1))
local out, back = aio.buffer(SIZE, 512), aio.buffer(SIZE, 512)
out:set(0, TEXT)

local function done(ev)
  assert(ev.res == SIZE, ev.err)
end

local function show()
  local text = back:unpack(0, "z")
  print("read result: " .. text)
  assert(text == TEXT and back:check(out), "read other than written")
  back:fill(0)
end

-- ---- by getevents ----

for _, request in ipairs { aio.pwrite(f, out), aio.pread(f, back) } do
  assert(ctx:submit(request))
  done(ctx:getevents()[1])
end
show()

-- ---- by eventfd and epoll ----

local efd, waiter = aio.eventfd(), aio.waiter()
waiter:add(efd, "in")

local function await()
  local count
  for obj in waiter:wait(10) do
    count = assert(obj:read())
    print(("success read from efd, read %d bytes, data is %d"):format(
      #string.pack("j", count), count))
  end
  assert(count == 1, "no completion in 10 seconds")
  return ctx:reap()[1]
end

assert(f:truncate(0))
for _, request in ipairs { aio.pwrite(f, out), aio.pread(f, back) } do
  request.eventfd = efd
  assert(ctx:submit(request))
  done(await())
end
show()
ctx:destroy()
