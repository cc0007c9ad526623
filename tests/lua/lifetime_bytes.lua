-- Bytes in flight: from submit until its event is delivered, a request's
-- range of a buffer can't be read (where the kernel may write) or changed.
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(64))
local zero = assert(aio.open("/dev/zero", "rdwr"))
local dir = os.getenv "TMPDIR" or "build/tmp"
local valgrind = os.getenv "AIOSH_UNDER" == "valgrind"

local function submit(...)
  assert(ctx:submit(...) == select("#", ...))
end

-- Every event is handed out: nothing is in flight any more.
local function drain()
  while ctx.inflight > 0 do ctx:getevents(ctx.inflight) end
end

-- Each over the range 512..1023 of a buffer of 2048 bytes.
local reads = {
  get = { 512, 512 }, check = { 0, 1000, 100 }, crc32c = { 512, 1 },
  hexdump = { 1023, 1 }, unpack = { 510, "<I4" },
}
local changes = {
  set = { 511, "xx" }, fill = { 1, 1020, 200 }, pack = { 1022, "<I4", 7 },
}

local function all(buf, methods, refused, name)
  for method, args in pairs(methods) do
    local good, message = pcall(buf[method], buf, table.unpack(args))
    tap.ok(refused == not good and (good or message:find "in flight"),
      ("%s: %s %s"):format(name, method, refused and "raises" or "works"))
  end
end

local function reading()
  local buf = aio.buffer(2048):fill(7)
  submit(aio.pread(zero, buf:slice(512, 512)))
  all(buf, reads, true, "read in flight")
  all(buf, changes, true, "read in flight")
  tap.raises("in flight", "as the other side of check", buf.check,
    aio.buffer(2048), buf)
  tap.raises("in flight", "in a slice of it", buf.get, buf:slice(1000, 30))
  tap.is(buf:get(0, 512), ("\7"):rep(512), "the bytes before it")
  tap.is(buf:get(1024), ("\7"):rep(1024), "and after it are free")
  tap.is(buf:set(1024, "x"):get(1024, 1), "x", "to be changed, too")
  tap.is(buf:get(600, 0), "", "no bytes at all are never in flight")
  tap.is(buf:peek(512, 1), "\0", "peek reads them knowingly")
  tap.is(buf:poke(600, "y"):peek(600, 1), "y", "poke changes them")
  tap.is(buf.inflight, 1, "the buffer counts its requests")
  tap.is(buf:slice(0, 512).inflight, 0, "a slice only its own")
  tap.like(tostring(buf), "1 in flight", "its tostring tells")
  drain()
  all(buf, reads, false, "delivered")
  all(buf, changes, false, "delivered")
end

local function writing()
  local buf = aio.buffer(2048)
  submit(aio.pwrite(zero, buf:slice(512, 512)))
  all(buf, reads, false, "write in flight")
  all(buf, changes, true, "write in flight")
  drain()
  all(buf, changes, false, "written")
end

local function unknown_opcode()
  local buf = aio.buffer(2048)
  local cb = aio.iocb { opcode = 99, fd = zero, buf = buf }
  tap.errno("EINVAL", "an opcode that nobody knows", ctx:submit(cb))
  tap.is(buf.inflight, 0, "what is refused is not in flight")
end

local function neighbours()
  local buf = aio.buffer(2048):fill(7)
  submit(aio.pread(zero, buf:slice(0, 1024)),
    aio.pread(zero, buf:slice(1024, 1024)))
  local first = ctx:getevents(1, 1)[1]
  local done = first.obj.buf.address == buf.address and 0 or 1024
  tap.is(buf:get(done, 1024), ("\0"):rep(1024), "a finished part is free")
  tap.raises("in flight", "its neighbour is not", buf.get, buf, 1024 - done, 1)
  drain()
end

local function overlapping()
  local buf = aio.buffer(1024)
  submit(aio.pread(zero, buf:slice(0, 600)),
    aio.pread(zero, buf:slice(400, 600)), aio.pread(zero, buf, 0))
  tap.is(buf.inflight, 2, "two requests; one for no bytes counts for none")
  ctx:getevents(1, 1)
  tap.raises("in flight", "one of two over the same bytes ended", buf.get, buf,
    450, 10)
  drain()
  tap.is(#buf:get(), 1024, "both have")
end

local function vectors()
  local a, b = aio.buffer(1024), aio.buffer(512)
  submit(aio.preadv(zero, { a:slice(0, 256), b, a:slice(512, 256) }))
  tap.raises("in flight", "the last segment", a.get, a, 700, 1)
  tap.raises("in flight", "another buffer of the vector", b.set, b, 0, "x")
  tap.is(#a:get(256, 256), 256, "between the segments all is free")
  drain()
  tap.is(#a:get() + #b:get(), 1536, "afterwards everywhere")
end

local function closed()
  local buf = aio.buffer(1024)
  local slice = buf:slice(0, 512)
  local cb = aio.pread(zero, slice)
  submit(cb)
  buf:close()
  tap.raises("closed", "closed in flight", buf.get, buf)
  tap.raises("closed", "peek, too", buf.peek, buf)
  tap.raises("closed", "and its slices", slice.peek, slice)
  tap.is(tostring(buf), "buffer (closed)", "it says so")
  tap.is(ctx:getevents(1)[1].res, 512, "the event comes")
  tap.raises("buf: the buffer is closed", "it can't be submitted again",
    ctx.submit, ctx, cb)
  slice = aio.buffer(1024):slice(0, 512)
  submit(aio.pread(zero, slice))
  slice:close()
  tap.is(ctx:getevents(1)[1].res, 512, "a slice closed in flight")
end

local function past_the_end()
  local buf = aio.buffer(512)
  local cb = aio.pread(zero, buf, 513)
  tap.raises("nbytes: 513 is past", "a length past the buffer", ctx.submit, ctx,
    cb)
  tap.raises("nbytes", "of a slice", ctx.submit, ctx,
    aio.pread(zero, buf:slice(256, 128), 129))
  tap.is(ctx.inflight, 0, "nothing was submitted")
end

-- ---- memory that is not there ----

local function top_bit()
  local cb = aio.pread(zero, aio.buffer(512), math.mininteger)
  tap.errno("EINVAL", "its top bit is the kernel's to refuse", ctx:submit(cb))
end

local function protected()
  local none = aio.buffer(4096, { prot = "none" })
  local r = aio.buffer(4096, { prot = "r" })
  submit(aio.pread(zero, none), aio.pread(zero, r))
  for i, ev in ipairs(ctx:getevents(2)) do
    tap.is(ev.err, "EFAULT", "the kernel may not write there either " .. i)
  end
  submit(aio.pwrite(zero, r))
  tap.is(ctx:getevents(1)[1].res, 4096, "but read what may be read")
  tap.raises("not readable", "prot none", none.get, none)
  tap.raises("not writable", "prot r", r.set, r, 0, "x")
  tap.raises("not writable", "poke, too", r.poke, r, 0, "x")
end

local function bad_addresses()
  local null = aio.pread { fd = zero, buf = aio.null, nbytes = 512 }
  local wild = aio.pread { fd = zero, buf = aio.wild, nbytes = 512 }
  submit(null)
  tap.is(ctx:getevents(1)[1].err, "EFAULT", "aio.null: in the event")
  tap.errno("EFAULT", "aio.wild: from submit", ctx:submit(wild))
  tap.raises("nbytes is needed", "they have no size", aio.pread, zero, aio.wild)
end

local function truncated()
  local f = assert(aio.open(dir .. "/lifetime_bytes", "rdwr,creat"))
  f:truncate(8192)
  local buf = assert(aio.buffer(8192, { map = f }))
  submit(aio.pread(zero, buf:slice(4096, 4096)))
  f:truncate(4096)
  tap.errno("EFAULT", "truncated in flight: peek fails, no SIGBUS",
    buf:peek(4096, 10))
  drain()
  tap.errno("EFAULT", "delivered: get fails", buf:get(4096))
  tap.errno("EFAULT", "so does set", buf:set(4096, "x"))
  submit(aio.pread(zero, buf:slice(4096, 4096)))
  tap.is(ctx:getevents(1)[1].err, "EFAULT", "and the kernel says the same")
  tap.is(#buf:get(0, 4096), 4096, "what is left can be read")
  f:unlink()
end

reading()
writing()
unknown_opcode()
neighbours()
overlapping()
vectors()
closed()
past_the_end()
if valgrind then
  tap.skip("valgrind reports bad addresses as errors of ours", 1)
else
  top_bit()
  protected()
  bad_addresses()
end
truncated()
tap.is(ctx.inflight, 0, "nothing is left")
tap.done()
