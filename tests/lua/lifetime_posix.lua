-- Thousands of POSIX AIO requests while the collector never rests: aiocbs,
-- buffers, files and eventfds that nobody keeps, glibc's threads that notify
-- late, and the end of the state with a thread still blocked in a read.
local aio = require "aio"
local tap = require "aio.tap"
local posix = require "aio.posix"

local REQUESTS <const> = 10000

local base = (os.getenv("TMPDIR") or ".") .. "/lifetime_posix.dat"
local f = assert(aio.open(base, "rdwr,creat,trunc"))
f:unlink()
for i = 0, 15 do f:write(string.char(i):rep(4096), i * 4096) end

local function eventually(good)
  local deadline = aio.now() + 100 * 10 ^ 9
  repeat
    collectgarbage()
    if good() then return true end
  until aio.now() > deadline
  return false
end

-- 32 in flight at a time, each notified by a thread through the waiter; every
-- other one is forgotten at once, with its buffer.
local function by_thread()
  local efd, notified, right, kept = aio.eventfd(), 0, 0, {}
  local w <close> = assert(aio.waiter()):add(efd)
  local function submit(i)
    local block = i % 16
    local cb = posix.aiocb { fd = f, buf = aio.buffer(512), data = block,
                             offset = block * 4096, sigevent = efd }
    assert(cb:read())
    if i % 2 == 0 then kept[#kept + 1] = cb end
  end
  local function judge()
    local flies = {}
    for _, cb in ipairs(kept) do
      if cb.inflight then
        flies[#flies + 1] = cb
      elseif cb:error() == 0 and cb:result() == 512
          and cb.buf:check(cb.data) then
        right = right + 1
      end
    end
    kept = flies
  end
  collectgarbage("incremental", 0, 1000)
  local submitted = 0
  while notified < REQUESTS do
    while submitted < REQUESTS and submitted - notified < 32 do
      submitted = submitted + 1
      submit(submitted)
    end
    local before = notified
    for _ in w:wait(100) do notified = notified + efd:read() end
    assert(notified > before, "no notification in 100 s")
    judge()
  end
  collectgarbage("incremental", 200, 100)
  tap.is(notified, REQUESTS, "10,000 notifications by thread")
  tap.ok(eventually(function() judge() return #kept == 0 end), "all have ended")
  tap.is(right, REQUESTS // 2, "with the right bytes, where anybody looked")
end

local modes = { "incremental", "generational" }

-- The writer of a pipe tells whether anybody holds the other end.
local function gone(w)
  local n, _, errno = w:write "x"
  return n == nil and errno == aio.EPIPE
end

local function abandoned(mode)
  local function abandon()
    local r, w = assert(aio.pipe("nonblock"))
    local plain, other = assert(aio.pipe())
    local cb = posix.aiocb { fd = plain, buf = aio.buffer("1m"),
                             data = { r } }
    assert(cb:read())
    return w, other
  end
  local w, other = abandon()
  collectgarbage()
  collectgarbage()
  tap.ok(eventually(function() return gone(w) end),
    mode .. ": an aiocb that nobody has is collected in flight")
  tap.is(other:write("x"), 1, "its file is open still")
  tap.ok(eventually(function()
    posix.aiocb():close()
    return gone(other)
  end), "and closes when the request has ended")
end

local function lists(mode)
  local efd = aio.eventfd()
  local w <close> = assert(aio.waiter()):add(efd)
  for _ = 1, 20 do
    local list = {}
    for i = 1, 8 do
      list[i] = posix.aiocb { fd = f, buf = aio.buffer(512), offset = i * 4096,
                              lio_opcode = "read" }
    end
    assert(posix.listio("nowait", list, efd))
  end
  collectgarbage()
  local n = 0
  while n < 20 do
    local before = n
    for _ in w:wait(100) do n = n + efd:read() end
    if n == before then break end
  end
  tap.is(n, 20, mode .. ": lists that nobody has tell that they have ended")
end

local function functions(mode)
  local called = 0
  for _ = 1, 100 do
    local cb = posix.aiocb { fd = f, buf = aio.buffer(512) }
    cb.sigevent = { notify_function = function(own)
      called = called + (own:result() == 512 and 1 or 0)
    end, value = cb }
    cb:read()
  end
  tap.ok(eventually(function()
    posix.run()
    return called == 100
  end), mode .. ": functions of requests that nobody else has")
end

-- Finalizers that submit, ask and close.
local function finalizers(mode)
  local log = 0
  for _ = 1, 50 do
    local cb = posix.aiocb { fd = f, buf = aio.buffer(512) }
    assert(cb:read())
    setmetatable({}, { __gc = function()
      if not cb.inflight then assert(cb:read()) end
      cb:close()
      log = log + 1
    end })
  end
  tap.ok(eventually(function() return log == 50 end),
    mode .. ": finalizers submit and close")
  local resurrected
  local r, w = assert(aio.pipe())
  do
    local cb = posix.aiocb { fd = r, buf = aio.buffer(8) }
    assert(cb:read())
    setmetatable({}, { __gc = function() resurrected = cb end })
  end
  tap.ok(eventually(function() return resurrected end), "one comes back")
  tap.ok(eventually(function()
    return tostring(resurrected) == "aiocb (closed)"
  end), "but is closed: the request goes on without it")
  w:write("x")
end

by_thread()
for _, mode in ipairs(modes) do
  collectgarbage(mode)
  abandoned(mode)
  lists(mode)
  functions(mode)
  finalizers(mode)
end
collectgarbage("incremental")

-- The end of this state, with three requests that nothing ends.
local r1, w1 = assert(aio.pipe())
local r2, w2 = assert(aio.pipe())
local last = posix.aiocb { fd = r1, buf = aio.buffer(4096), data = { w1, w2 },
                           sigevent = aio.eventfd() }
last:read()
posix.aiocb { fd = r2, buf = aio.buffer(4096) }:read()
posix.aiocb { fd = r2, buf = aio.buffer(4096),
              sigevent = "SIGRTMIN+1" }:read()
tap.is(last.inflight, true, "the state ends with requests in flight")
tap.done()
