-- What the collector takes while requests are in flight: buffers, iocbs,
-- files and whole contexts. Events arrive all the same, in memory that is
-- still there, and what nobody needs any more goes.
local aio = require "aio"
local tap = require "aio.tap"

local dir = os.getenv "TMPDIR" or "build/tmp"
local ctx = assert(aio.setup(64))

local modes = {
  { "incremental", "incremental", 200, 100 },
  { "generational", "generational" },
  { "pause 0", "incremental", 0, 1000 },
}

local function churn()
  for i = 1, 2000 do
    local _ = { i, tostring(i) }
  end
  collectgarbage()
  collectgarbage()
end

-- A file of 16 blocks, each of its own pattern; direct where that works.
local function new_file()
  local path = dir .. "/lifetime_gc"
  local f = aio.open(path, "rdwr,creat,direct")
    or assert(aio.open(path, "rdwr,creat"))
  f:unlink()
  for b = 0, 15 do
    local block = aio.buffer(4096):fill { random = b }
    f:write(block:get(), b * 4096)
  end
  return f
end

-- Nobody keeps the iocb, the buffer and the file's second object.
local function submit_reads(f)
  local list = {}
  for b = 0, 15 do
    list[b + 1] = aio.pread { fd = f, buf = aio.buffer(4096),
      offset = b * 4096, data = { block = b } }
  end
  assert(ctx:submit(list) == 16)
end

local function reads(mode)
  submit_reads(new_file())
  churn()
  local right = 0
  for _, ev in ipairs(ctx:getevents(16)) do
    local b = ev.data.block
    local good = ev.res == 4096 and ev.obj.offset == b * 4096
      and ev.obj.buf:check { random = b }
    right = right + (good and 1 or 0)
  end
  tap.is(right, 16, mode .. ": reads whose buffers and file were dropped")
end

local function vectors(mode)
  local f = new_file()
  ctx:submit(aio.preadv(f, { aio.buffer(8192):slice(4096, 4096),
    aio.buffer(4096) }))
  churn()
  local ev = ctx:getevents(1)[1]
  tap.is(ev.res, 8192, mode .. ": a vector whose buffers were dropped")
  tap.ok(ev.obj.bufs[1]:check { random = 0 }
    and ev.obj.bufs[2]:check { random = 1 }, "both segments are right")
end

local function polls(mode)
  local r, w = assert(aio.pipe())
  ctx:submit(aio.poll { fd = r, events = "in", data = "poll" })
  r = nil
  churn()
  tap.is(w:write "x", 1, mode .. ": the pipe of a poll stays open")
  local ev = ctx:getevents(1)[1]
  tap.ok(ev.data == "poll" and ev.obj.fd:read(1) == "x", "and its event comes")
  tap.is(r, nil)
end

local function closed_iocbs(mode)
  local r, w = assert(aio.pipe())
  local cb = aio.poll { fd = r, events = "in", data = {} }
  ctx:submit(cb)
  cb:close()
  churn()
  w:write "x"
  local ev = ctx:getevents(1)[1]
  tap.ok(ev.obj == cb and ev.revents == "in",
    mode .. ": an iocb closed in flight gets its event")
end

-- ---- contexts ----

local function eventually(good)
  local deadline = aio.now() + 20 * 10 ^ 9
  while not good() do
    collectgarbage()
    if aio.now() > deadline then return false end
  end
  return true
end

-- The writer of a pipe tells whether the other end is open still: then the
-- context that polls it lives. Nobody keeps that.
local function abandon(before)
  local own = assert(aio.setup(64))
  local r, w = assert(aio.pipe "nonblock")
  before(own, r, w)
  assert(own:submit(aio.poll(r, "in")) == 1)
  return w
end

local function gone(w)
  local n, _, errno = w:write "x"
  return n == nil and errno == aio.EPIPE
end

local function in_flight(mode)
  local w = abandon(function() end)
  churn()
  tap.is(w:write "x", 1, mode .. ": a context with a request in flight stays")
  tap.ok(eventually(function() return gone(w) end), "and goes when it ended")
end

-- Three polls of one pipe are done: one is delivered, one taken.
local function undelivered(mode)
  local w = abandon(function(own, r, w)
    w:write "x"
    own:submit(aio.poll(r, "in"), aio.poll(r, "in"))
    local cb, res = own:each(2)(math.maxinteger)
    tap.ok(cb and res > 0, mode .. ": one of two events is delivered")
  end)
  tap.ok(eventually(function() return gone(w) end),
    mode .. ": with events taken, but not delivered")
end

local function resurrected(mode)
  local keeper = {}
  local function lose(r, w)
    local own = assert(aio.setup(8))
    own:submit(aio.poll(r, "in"))
    setmetatable({}, { __gc = function() keeper.ctx = own end })
    return w
  end
  local w = lose(assert(aio.pipe()))
  churn()
  tap.is(keeper.ctx.inflight, 1, mode .. ": a resurrected context works")
  w:write "x"
  tap.is(keeper.ctx:getevents(1)[1].revents, "in", "and hands out its event")
  keeper.ctx:close()
end

-- Other processes have contexts, too, but smaller ones.
local function idle(mode)
  local keeper = {}
  collectgarbage "stop"
  for i = 1, 20 do keeper[i] = assert(aio.setup(1000)) end
  local before = aio.limits().aio_nr
  keeper = setmetatable(keeper, { __mode = "v" })
  collectgarbage "restart"
  tap.ok(eventually(function()
    return aio.limits().aio_nr < before - 15000
  end), mode .. ": aio_nr falls when idle contexts are collected")
  tap.is(#keeper, 0, "all of them")
end

-- ---- the end ----

for _, m in ipairs(modes) do
  local mode = table.remove(m, 1)
  collectgarbage(table.unpack(m))
  reads(mode)
  vectors(mode)
  polls(mode)
  closed_iocbs(mode)
  in_flight(mode)
  undelivered(mode)
  resurrected(mode)
  idle(mode)
end
collectgarbage("incremental", 200, 100)
tap.is(ctx.inflight, 0, "nothing is left")
tap.done()
