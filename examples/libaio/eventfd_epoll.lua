-- 128 direct reads whose completions are counted by an eventfd that epoll
-- watches, in libaio's names: line by line as in eventfd_epoll.c.
--   usage: aiosh examples/libaio/eventfd_epoll.lua [directory]

local L = require "aio.libaio"
local REQUESTS, SIZE = 128, 1024
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-epoll.tmp"

local function skip(reason)
  print(reason)
  os.exit(77, true)
end

local results = {}
local function on_read(_, iocb, res, res2)
  print(("nth_request: %d, request_type: %s, offset: %d, length: %d, " ..
         "res: %d, res2: %d"):format(iocb.nth_request,
    iocb.aio_lio_opcode == L.IO_CMD_PREAD and "READ" or "WRITE",
    iocb.u.c.offset, iocb.u.c.nbytes, res, res2))
  results[iocb.nth_request] = res
end

local fd, why, errno = aio.open(path, "rdwr,creat,direct")
os.remove(path)
if errno == aio.EINVAL then skip("no direct I/O here: " .. why) end
assert(fd, why)
local align, block, how = fd:dioalign()
if align and how ~= "fs block size" and (align > 512 or block > 1024) then
  skip("direct I/O wants blocks of " .. block .. " here")
end
assert(fd:truncate("127k"))

local ctx = L.io_context_t()
local r = L.io_setup(8192, ctx)
if r == -aio.EAGAIN then skip("io_setup: " .. aio.strerror(r)) end
assert(r == 0, aio.strerror(r))
local buf = aio.buffer(SIZE, 512)
local efd = aio.eventfd()
local ios = {}
for i = 0, REQUESTS - 1 do
  local iocb = L.iocb { nth_request = i + 1 }
  L.io_prep_pread(iocb, fd, buf, SIZE, i * SIZE)
  L.io_set_eventfd(iocb, efd)
  L.io_set_callback(iocb, on_read)
  ios[i + 1] = iocb
end
r = L.io_submit(ctx, REQUESTS, ios)
assert(r == REQUESTS, r)

local epfd = aio.waiter()
epfd:add(efd, "in,et")
local done, counted, events = 0, 0, {}
while done < REQUESTS do
  local before = done
  for _ in epfd:wait(10) do
    local finished = assert(efd:read())
    print("finished io number: " .. finished)
    r = L.io_getevents(ctx, finished, finished, events, nil)
    assert(r == finished, r)
    for i = 1, r do
      local callback = events[i].data
      callback(ctx, events[i].obj, events[i].res, events[i].res2)
    end
    done, counted = done + r, counted + finished
  end
  assert(done > before, "no completion in 10 seconds")
end

assert(counted == done, "the eventfd counted other than the events taken")
for i = 1, REQUESTS do
  assert(results[i] == (i < REQUESTS and SIZE or 0), "request " .. i)
end
epfd:close()
efd:close()
assert(L.io_destroy(ctx) == 0)
fd:close()
