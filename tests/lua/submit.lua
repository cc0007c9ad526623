-- ctx:submit: its forms, what it takes, what it refuses, last_submit (design,
-- section 4, invariant 4).
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(16))
local dir = os.getenv("TMPDIR") or "build/tmp"
local buf = assert(aio.buffer(4096))
local zero = assert(aio.open("/dev/zero"))

local function read(fd)
  return aio.pread(fd or zero, buf:slice(0, 16))
end

local function reads(n)
  local list = {}
  for i = 1, n do list[i] = read() end
  return list
end

local function take(n, name)
  tap.is(#ctx:getevents(0, 100, 0), n, name)
end

-- ---- forms ----

tap.is(ctx:submit(), 0, "nothing")
tap.is(ctx:submit(read()), 1, "one")
tap.is(ctx:submit(read(), read(), read()), 3, "three")
take(4, "their events")
tap.is(ctx:submit {}, 0, "an empty list")
tap.is(ctx:submit(reads(5)), 5, "a list")
tap.is(ctx:submit(reads(5), 2), 2, "count")
tap.is(ctx:submit(reads(5), 2.0, 4.0), 2, "count and first")
tap.is(ctx:submit(reads(5), nil, 3), 3, "first: the rest of the list")
take(12, "their events")
tap.is(ctx:submit(reads(5), 0), 0, "count 0")
tap.is(ctx:submit(reads(5), nil, 6), 0, "first behind the end: none is left")
tap.errno("EINVAL", "a negative count reaches the kernel",
  ctx:submit(reads(2), -1))
tap.is(ctx.last_submit.asked, -1, "which last_submit shows")
take(0, "none was submitted")

do -- raw access: no metamethods
  local list = setmetatable({}, {
    __len = function() return 1 end,
    __index = function() return read() end })
  tap.is(ctx:submit(list), 0, "lists are read raw")
end

-- ---- misuse ----

local function refused(pattern, name, ...)
  local before = ctx.inflight
  tap.raises(pattern, name, ctx.submit, ctx, ...)
  tap.is(ctx.inflight, before, "and submits nothing")
end

refused("#2 to '.*submit' .*iocb expected, got nil", "nil", nil)
refused("#2 .*iocb expected, got number", "a number", 1)
refused("#3 .*iocb expected, got buffer", "a buffer", read(), buf)
refused("#3 .*iocb expected, got table", "an iocb and a list", zero and read(),
  {})
refused("#2 .*%[2%]: iocb expected, got string", "a list with a string",
  { read(), "x", read() })
refused("#2 .*%[2%]: iocb expected, got boolean", "a list with false",
  { read(), false })
refused("#3 .*6 iocbs from 1 on, but the list has 5", "count too large",
  reads(5), 6)
refused("#3 .*2 iocbs from 5 on, but the list has 5", "count from first",
  reads(5), 2, 5)
refused("#4 .*0 is not in 1", "first 0", reads(5), 1, 0)
refused("#3 .*no integer value", "count 1.5", reads(2), 1.5)
refused("#4 .*no integer value", "first NaN", reads(2), 1, 0 / 0)
refused("#3 .*number expected", "count of a wrong type", reads(2), "1")

-- ---- in flight once ----

local r, w = aio.pipe("nonblock")
do
  local poll = aio.poll(r, "in")
  ctx:submit(poll)
  refused("#2 .*in flight already", "a double submit", poll)
  refused("#3 .*in flight already", "behind another", read(), poll)
  refused("%[2%]: .*in flight already", "in a list", { read(), poll, read() })
  local twice = read()
  refused("#3 .*in flight already", "twice in one call", twice, twice)
  refused("%[3%]: .*in flight already", "twice in one list",
    { twice, read(), twice })
  tap.is(twice.inflight, false, "it is not in flight")
  tap.is(ctx:submit(twice), 1, "and can be submitted")
  local other = assert(aio.setup(1))
  tap.raises("in flight already", "nor in another context", other.submit,
    other, poll)
  ctx:cancel(poll)
  tap.is(#ctx:getevents(2, 10, 10), 2, "both events")
  ctx:submit(poll)
  w:write("x")
  tap.is(ctx:getevents(1, 1, 10)[1].obj, poll, "delivered: it can go again")
  r:read(1)
end

-- ---- a partial submit ----

do
  local bad = aio.iocb { fd = -1 }
  local list = { read(), read(), bad, read(), bad:copy() }
  tap.is(ctx:submit(list), 2, "stops before a bad one")
  local last = ctx.last_submit
  tap.is(last.asked, 5, "asked")
  tap.is(last.taken, 2, "taken")
  tap.is(last.refused, bad, "refused")
  tap.is(last.errno, nil, "the kernel does not say why")
  tap.is(last.why, "fd -1 is not open", "but it can be seen")
  tap.is(last.verdict, ctx.ring.usable and "synchronous" or nil, "verdict")
  tap.is(list[4].inflight, false, "what comes after is not in flight")
  local _, message, errno = ctx:submit(list, nil, 3)
  tap.is(errno, aio.EBADF, "again from there: the error")
  tap.is(message, "io_submit: Bad file descriptor (EBADF): "
    .. "request 3 of 5: pread 0 @0: fd is negative (-1)", "its message")
  last = ctx.last_submit
  tap.is(last.taken, 0, "taken")
  tap.is(last.refused, bad, "refused")
  tap.is(last.err, "EBADF", "err")
  tap.is(last.why, "fd -1 is not open", "why")
  tap.like(tostring(last), "submitted 0 of 3, .*EBADF", "tostring")
  tap.is(ctx:submit(list, nil, 4), 1, "and on behind it")
  take(3, "the good ones completed")
end

do -- the ring is full
  local list = {}
  for i = 1, 4000 do list[i] = aio.poll(r, "in") end
  local n = ctx:submit(list)
  while ctx:submit(list, nil, n + 1) do n = n + ctx.last_submit.taken end
  tap.is(ctx.last_submit.err, "EAGAIN", "a full ring: EAGAIN")
  tap.is(ctx.inflight, n, "what was taken is in flight: " .. n)
  tap.is(list[n + 1].inflight, false, "and no more")
  w:write("x")
  tap.is(#ctx:getevents(n, n, 10), n, "all events")
  r:read(1)
end

-- ---- last_submit ----

do
  ctx:submit(read(), read())
  local last = ctx.last_submit
  tap.is(last.asked, 2, "asked")
  tap.is(last.taken, 2, "taken")
  tap.is(last.refused, nil, "refused")
  tap.is(last.err, nil, "err")
  tap.ok(math.type(last.ns) == "integer" and last.ns > 0, "ns")
  tap.is(last.switches, nil, "switches: not while nothing is recorded")
  if ctx.ring.usable then
    tap.is(last.done_at_return, 2, "done at return: synchronous in disguise")
  else
    tap.is(last.done_at_return, nil, "done at return: not without a ring")
  end
  tap.like(tostring(last), "^submitted 2, ", "tostring")
  take(2, "their events")
  ctx:submit(aio.poll(r, "in"), read())
  if ctx.ring.usable then
    tap.is(ctx.last_submit.done_at_return, 1, "a poll is not done")
    tap.like(tostring(ctx.last_submit), ": asynchronous$", "so it waits")
  end
  w:write("x")
  ctx:getevents(2, 2, 10)
end

-- ---- half-built iocbs, and what changed since ----

do
  tap.errno("EBADF", "an empty one", ctx:submit(aio.iocb()))
  tap.errno("EBADF", "no file", ctx:submit(aio.pread { buf = buf }))
  tap.is(ctx:submit(aio.pread { fd = zero }), 1, "no buffer and no length")
  tap.is(ctx:getevents(1, 1, 10)[1].res, 0, "reads nothing")
  refused("nbytes: 4097 is past the buffer's 4096 bytes", "too long",
    aio.pread(zero, buf, 4097))
  refused("nbytes: 2 is past the 1 segments", "too many segments",
    aio.iocb { opcode = "preadv", fd = zero, bufs = { buf }, nbytes = 2 })
  refused("buf: opcode 7 takes a list", "a vector over plain bytes",
    aio.iocb { opcode = "preadv", fd = zero, buf = buf, nbytes = 1 })
  refused("bufs: opcode 0 takes one buffer", "a list for pread",
    aio.iocb { opcode = "pread", fd = zero, bufs = { buf } })
  refused("events: opcode 1 takes no events", "an address as events",
    aio.iocb { opcode = "pwrite", fd = zero, events = 4096, nbytes = 8 })
  local late = aio.buffer(64)
  local cb, vec = aio.pread(zero, late), aio.preadv(zero, { buf, late })
  late:close()
  refused("buf: the buffer is closed", "a buffer closed since", cb)
  refused("bufs: buffer 2 is closed", "one of a list", vec)
end

do -- the number goes to another file between prepare and submit
  local name = dir .. "/submit.dat"
  for _, open in ipairs { aio.open, io.open } do
    local f = assert(open("/dev/zero"))
    local cb = read(f)
    f:close()
    local g = assert(aio.open(name, "rdwr,creat"))
    refused("closed", "closed, and its number is another file", cb)
    g:close()
  end
  local number = assert(aio.open("/dev/zero"))
  local moving = { pollfd = function() return number:fileno() end }
  local cb = read(moving)
  number = zero
  tap.is(ctx:submit(cb), 1, "an object's number is taken at submit")
  tap.is(ctx:getevents(1, 1, 10)[1].res, 16, "and read")
  os.remove(name)
end

-- ---- objects whose pollfd() does what it should not ----

do
  local function nasty(f)
    local prepared = false
    return read { pollfd = function()
      if prepared then f() end
      prepared = true
      return zero:fileno()
    end }
  end
  local cb
  cb = nasty(function() ctx:submit(cb:copy():pread(zero, buf)) end)
  tap.is(ctx:submit(cb), 1, "submits another meanwhile")
  take(2, "both complete")
  local list
  list = { nasty(function() list[2] = 5 end), read() }
  refused("%[2%]: iocb expected, got number", "replaces one of the list", list)
  list = { read(), nasty(function() list[1] = nil end) }
  refused("%[1%]: iocb expected, got nil", "removes one before it", list)
  cb = nasty(function() cb:close() end)
  refused("the iocb is closed", "closes the iocb", cb)
  cb = nasty(function() error("oops") end)
  refused("oops", "raises", cb)
  local c = assert(aio.setup(4))
  cb = nasty(function() c:destroy() end)
  tap.raises("the context is destroyed", "destroys the context", c.submit, c,
    read(), cb)
  tap.is(cb.inflight, false, "nothing is in flight")
end

tap.done()
