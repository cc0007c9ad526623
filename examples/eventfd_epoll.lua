-- 128 direct reads whose completions are counted by an eventfd that an
-- edge-triggered epoll watches. The last begins at the end of the file: res 0.
--   usage: aiosh examples/eventfd_epoll.lua [directory]

local REQUESTS, SIZE = 128, 1024
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-epoll.tmp"

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
assert(f:truncate("127k"))

local ctx, message, err = aio.setup(8192)
if err == aio.EAGAIN then skip(message) end
assert(ctx, message)
local buf, efd, results = aio.buffer(SIZE, 512), aio.eventfd(), {}

local function on_read(_, iocb, res, res2)
  print(("nth_request: %d, request_type: %s, offset: %d, length: %d, " ..
         "res: %d, res2: %d"):format(iocb.data,
    iocb.opcode == aio.IOCB_CMD_PREAD and "READ" or "WRITE",
    iocb.offset, iocb.nbytes, res, res2))
  results[iocb.data] = res
end

local reads = {}
for i = 1, REQUESTS do
  reads[i] = aio.pread {
    fd = f, buf = buf, nbytes = SIZE, offset = (i - 1) * SIZE,
    eventfd = efd, callback = on_read, data = i,
  }
end
assert(ctx:submit(reads) == REQUESTS)

local waiter = aio.waiter():add(efd, "in,et")
local counted, done = 0, 0
while done < REQUESTS do
  local woken = 0
  for obj in waiter:wait(10) do
    woken = assert(obj:read())
    print("finished io number: " .. woken)
    counted = counted + woken
    done = done + ctx:run(woken, woken)
  end
  assert(woken > 0, "no completion in 10 seconds")
end

assert(counted == done, "the eventfd counted other than the events taken")
for i = 1, REQUESTS do
  assert(results[i] == (i < REQUESTS and SIZE or 0), "request " .. i)
end
ctx:destroy()
