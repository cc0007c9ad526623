-- What would corrupt memory or other people's files: bytes in flight, closed
-- objects, numbers used again.
local aio = require "aio"
local tap = require "aio.tap"
local posix = require "aio.posix"
local support = dofile("tests/lua/support/posix.lua")

local function ended(cb)
  while cb.inflight do assert(posix.suspend({ cb }, 20)) end
  return cb
end

local function bytes()
  local r, w = assert(aio.pipe())
  local buf = aio.buffer(4096)
  local cb = posix.aiocb { fd = r, buf = buf:slice(512, 512) }
  cb:read()
  tap.raises("bytes 0..4095 are in flight", "reading", buf.get, buf)
  tap.raises("in flight", "changing", buf.set, buf, 600, "x")
  tap.is(buf:get(0, 512), ("\0"):rep(512), "bytes beside it are free")
  tap.is(buf.inflight, 1, "one request")
  tap.is(#buf:peek(512, 4), 4, "peek does it knowingly")
  w:write("data")
  while cb:error() == aio.EINPROGRESS do posix.suspend({ cb }, 20) end
  tap.is(buf:get(512, 4), "data", "free when aio_error says finished")
  cb:read()
  w:write("more")
  local deadline = aio.now() + 20 * 10 ^ 9
  local good, got
  repeat
    good, got = pcall(buf.get, buf, 512, 4)
  until good or aio.now() > deadline
  tap.is(got, "more", "or when somebody wants them and it is finished")
  tap.is(buf.inflight, 0, "none")
end

-- glibc reads for any opcode whose lower seven bits are LIO_READ.
local function odd_opcodes()
  local r, w = assert(aio.pipe())
  local buf = aio.buffer(64)
  for _, op in ipairs { 128, 256, -128, 1 << 30 } do
    local cb = posix.aiocb { fd = r, buf = buf, nbytes = 65, lio_opcode = op }
    tap.raises("65 is past the buffer's 64 bytes", "opcode " .. op,
      posix.listio, "nowait", { cb })
    cb.nbytes = 64
    posix.listio("nowait", { cb })
    tap.raises("in flight", "it reads", buf.get, buf)
    w:write("x")
    ended(cb)
  end
end

local function writing()
  local r, w = assert(aio.pipe())
  local buf = aio.buffer("1m"):fill("w")
  local cb = posix.aiocb { fd = w, buf = buf }
  cb:write()
  tap.is(buf:get(0, 2), "ww", "bytes being written can be read")
  tap.raises("in flight", "not changed", buf.fill, buf, 0)
  local n = 0
  while n < #buf do n = n + #r:read(65536) end
  ended(cb)
  buf:fill(0)
  tap.is(cb:result(), #buf, "all were written")
end

local function busy()
  local r, w = assert(aio.pipe())
  local cb = posix.aiocb { fd = r, buf = aio.buffer(8) }
  local next_one = posix.aiocb { fd = r, buf = aio.buffer(8) }
  support.blocked(cb)
  next_one:read()
  tap.errno("EBUSY", "closing a file with requests", r:close())
  tap.is(select(2, r:close()), "close: Device or resource busy (EBUSY): " ..
    "2 POSIX AIO requests over it are unfinished", "says why")
  tap.is(posix.cancel(r), "notcanceled", "it is open still")
  tap.like(select(2, r:close()), "1 POSIX AIO request over it is unf", "one")
  w:write("x")
  ended(cb)
  tap.is(r:close(), true, "when all have ended it closes")
  tap.is(r:close(), true, "twice is harmless")
  tap.errno("EBADF", "nothing is open to cancel", cb:cancel())
end

-- Nobody else gets the number while a request may still be carried out on it.
local function number_stays()
  local cb, fd, w
  do
    local r <close>, other = assert(aio.pipe())
    w, fd = other, r:fileno()
    cb = posix.aiocb { fd = r, buf = aio.buffer(8) }
    cb:read()
  end
  local found = false
  local list = {}
  for i = 1, 50 do
    list[i] = assert(aio.open("/dev/null"))
    found = found or list[i]:fileno() == fd
  end
  tap.is(found, false, "the end of a scope: the number is kept")
  w:write("x")
  tap.is(ended(cb):result(), 1, "the request ends as ever")
  tap.is(assert(aio.open("/dev/null")):fileno(), fd, "then it is free")
  tap.raises("it is closed", "but not to this aiocb", cb.read, cb)
end

-- Lua's own files, and other people's objects, are kept as well.
local function foreign()
  local r, w = assert(aio.pipe())
  local function lose()
    local io_file = assert(io.open("/proc/self/fd/" .. r:fileno()))
    local cb = posix.aiocb { fd = io_file, buf = aio.buffer(8),
                             sigevent = aio.eventfd() }
    cb:read()
    return setmetatable({ io_file }, { __mode = "v" }), cb.sigevent.eventfd
  end
  local weak, efd = lose()
  collectgarbage()
  collectgarbage()
  tap.ok(weak[1], "an io file is kept while a request is in flight")
  w:write("x")
  local waiter = aio.waiter():add(efd)
  local count = 0
  for _ in waiter:wait(20) do count = efd:read() end
  tap.is(count, 1, "which ends although nobody has it")
  local object = { pollfd = function() return r:fileno() end }
  local cb = posix.aiocb { fd = object, buf = aio.buffer(8) }
  w:write("object")
  cb:read()
  tap.is(ended(cb):result(), 6, "an object with pollfd()")
  object.pollfd = function() return -1 end
  cb:read()
  tap.is(select(2, ended(cb):error()), "EBADF", "is asked anew each time")
  for _ = 1, 100 do
    cb:read()
    ended(cb)
  end
  tap.is(cb.submissions, 102, "a hundred more")
end

-- What waits over somebody else's file must not meet another one.
local function forsaken()
  local r, w = assert(aio.pipe())
  local io_file = assert(io.open("/proc/self/fd/" .. r:fileno()))
  local efd = aio.eventfd()
  local first = support.blocked(posix.aiocb { fd = io_file,
                                              buf = aio.buffer(8) })
  local second = posix.aiocb { fd = io_file, buf = aio.buffer(8),
                               sigevent = efd }
  second:read()
  second:close()
  local waiter = aio.waiter():add(efd)
  local count = 0
  for _ in waiter:wait(20) do count = efd:read() end
  tap.is(count, 1, "an aiocb closed in the queue of an io file is canceled")
  tap.is(first.inflight, true, "the one before it goes on")
  w:write("x")
  tap.is(ended(first):result(), 1, "to its end")
end

local function closed_in_flight()
  local r, w = assert(aio.pipe())
  local efd = aio.eventfd()
  do
    local buf = aio.buffer("64k")
    local cb = posix.aiocb { fd = r, buf = buf, sigevent = efd }
    cb:read()
    cb:close()
    buf:close()
  end
  collectgarbage()
  w:write(("x"):rep(65536))
  local waiter = aio.waiter():add(efd)
  local count = 0
  for _ in waiter:wait(20) do count = efd:read() end
  tap.is(count, 1, "aiocb and buffer closed in flight: it ends")
  tap.is(r:close(), true, "the file is free")
end

local function timeouts()
  tap.raises("not in 0..999999999", "a timespec that makes glibc abort",
    posix.aio_suspend, {}, 0, { tv_nsec = 1000000000 })
  tap.raises("not in 0..999999999", "or a negative one", posix.aio_suspend,
    {}, 0, { tv_nsec = -1 })
  tap.raises("unknown field 'sec'", "another field", posix.aio_suspend, {}, 0,
    { sec = 1 })
  tap.is(posix.aio_suspend({}, 0, { tv_sec = math.maxinteger }), 0,
    "292 billion years")
end

bytes()
odd_opcodes()
writing()
busy()
number_stays()
foreign()
forsaken()
closed_in_flight()
timeouts()
tap.done()
