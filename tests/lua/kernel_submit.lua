-- What io_submit checks itself, and what it leaves to the file (kernel.md,
-- sections 3, 4 and 13.1): on a buffered file and on /dev/zero.
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local ctx = assert(aio.setup(64))
local path = kernel.file("submit.dat", 8192)
local f = assert(aio.open(path, "rdwr"))
local ro, wo = assert(aio.open(path)), assert(aio.open(path, "wronly"))
local opath = assert(aio.open(path, "path"))
local zero = assert(aio.open("/dev/zero"))
local null = assert(aio.open("/dev/null", "wronly"))
local buf = assert(aio.buffer(4096))
local r, w = aio.pipe("nonblock")
local unused = 1000000 -- more than there are descriptors

local function iocb(fields)
  return function() return aio.iocb(fields) end
end

local function read(fields)
  fields.opcode, fields.fd, fields.buf = "pread", f, fields.buf or buf
  return iocb(fields)
end

local function vector(fields)
  fields.opcode, fields.fd = "preadv", fields.fd or f
  return iocb(fields)
end

local function many(n)
  local list = {}
  for i = 1, n do list[i] = buf:slice(0, 1) end
  return list
end

local rt = aio.IOPRIO_CLASS_RT << aio.IOPRIO_CLASS_SHIFT

kernel.rows(ctx, {
  -- descriptors
  { "fd -1", "submit EBADF", iocb { fd = -1, buf = buf } },
  { "a closed fd", "submit EBADF", iocb { fd = unused, buf = buf } },
  { "O_PATH", "submit EBADF", iocb { fd = opath, buf = buf } },
  { "pwrite on rdonly", "submit EBADF",
    function() return aio.pwrite(ro, buf) end },
  { "pread on wronly", "submit EBADF",
    function() return aio.pread(wo, buf) end },
  { "pwritev on rdonly", "submit EBADF",
    function() return aio.pwritev(ro, { buf }) end },
  { "preadv on wronly", "submit EBADF",
    function() return aio.preadv(wo, { buf }) end },
  { "read of a pipe's write end", "submit EBADF",
    function() return aio.pread(w, buf) end },
  { "write to a pipe's read end", "submit EBADF",
    function() return aio.pwrite(r, buf) end },
  { "fsync on rdonly", "res 0", function() return aio.fsync(ro) end },
  -- opcodes
  { "opcode 4", "submit EINVAL", iocb { opcode = 4, fd = f } },
  { "opcode 6 (NOOP)", "submit EINVAL", iocb { opcode = 6, fd = f } },
  { "noop without a file", "submit EBADF", aio.noop },
  { "opcode 9", "submit EINVAL", iocb { opcode = 9, fd = f } },
  { "opcode 99", "submit EINVAL", iocb { opcode = 99, fd = f, buf = buf } },
  { "opcode 65535", "submit EINVAL", iocb { opcode = 65535, fd = f } },
  -- the other fields
  { "reserved2 1", "submit EINVAL", read { reserved2 = 1 } },
  { "an unknown bit in flags", "res 4096", read { flags = 8 } },
  { "all unknown bits in flags", "res 4096", read { flags = 0xfffffffc } },
  { "reqprio without its flag", "res 4096", read { reqprio = 5, flags = 0 } },
  { "garbage reqprio without its flag", "res 4096",
    read { reqprio = -1, flags = 0 } },
  { "eventfd without its flag", "res 4096",
    read { eventfd = unused, flags = 0 } },
  { "eventfd -1", "submit EBADF", read { eventfd = -1 } },
  { "eventfd closed", "submit EBADF", read { eventfd = unused } },
  { "eventfd is a file", "submit EINVAL", read { eventfd = f } },
  { "eventfd is a pipe", "submit EINVAL", read { eventfd = r } },
  -- lengths and offsets
  { "nbytes 0", "res 0", read { nbytes = 0 } },
  { "nbytes with its top bit", "submit EINVAL",
    read { nbytes = math.mininteger } },
  { "nbytes SIZE_MAX", "submit EINVAL", read { nbytes = -1 } },
  { "offset -1", "submit EINVAL", read { offset = -1 } },
  { "offset + nbytes overflows", "submit EINVAL",
    read { offset = math.maxinteger - 100 } },
  { "offset -1 on a pipe", "submit EINVAL",
    function() return aio.pread(r, buf, 10, -1) end },
  { "a write beyond the largest offset", "res -EFBIG",
    function() return aio.pwrite(f, buf, 4096, 1 << 62) end,
    kernel.only("ext4") },
  { "read across EOF", "res 192", read { offset = 8000 } },
  { "read at EOF", "res 0", read { offset = 8192 } },
  { "read beyond EOF", "res 0", read { offset = 100000 } },
  -- memory
  { "buffer NULL", "res -EFAULT", read { buf = aio.null, nbytes = 4096 } },
  { "no buffer at all", "res -EFAULT", iocb { fd = f, nbytes = 4096 } },
  { "buffer in the kernel's range", "submit EFAULT",
    read { buf = aio.wild, nbytes = 4096 } },
  { "buffer PROT_NONE", "res -EFAULT",
    read { buf = aio.buffer(4096, { prot = "none" }) } },
  { "buffer read-only", "res -EFAULT",
    read { buf = aio.buffer(4096, { prot = "r" }) } },
  { "writing from a read-only buffer", "res 4096", function()
    return aio.pwrite(null, aio.buffer(4096, { prot = "r" }))
  end },
  -- vectors
  { "preadv", "res 4096", vector { bufs = { buf } } },
  { "preadv of nothing", "res 0", vector { bufs = {} } },
  { "preadv of 1024 segments", "res 1024", vector { bufs = many(1024) } },
  { "preadv of 1025", "submit EINVAL", vector { bufs = many(1025) } },
  { "preadv of 2000", "submit EINVAL", vector { bufs = many(2000) } },
  { "one empty segment of 3", "res 1024", vector {
    bufs = { buf:slice(0, 512), buf:slice(9, 0), buf:slice(512, 512) } } },
  { "preadv of fewer segments", "res 512", vector {
    bufs = { buf:slice(0, 512), buf:slice(512, 512) }, nbytes = 1 } },
  { "preadv with nbytes -1", "submit EINVAL",
    vector { bufs = { buf }, nbytes = -1 } },
  { "list NULL", "submit EFAULT", vector { buf = aio.null, nbytes = 1 } },
  { "list in the kernel's range", "submit EFAULT",
    vector { buf = aio.wild, nbytes = 1 } },
  { "a segment PROT_NONE", "res 512", vector { bufs = {
    buf:slice(0, 512), aio.buffer(512, { prot = "none" }) } } },
  -- fsync and poll take nothing else
  { "fsync with nbytes", "submit EINVAL",
    iocb { opcode = "fsync", fd = f, nbytes = 1 } },
  { "fsync with offset", "submit EINVAL",
    iocb { opcode = "fsync", fd = f, offset = 1 } },
  { "fsync with buf", "submit EINVAL",
    iocb { opcode = "fsync", fd = f, events = 1 } },
  { "fdsync with rw_flags", "submit EINVAL",
    iocb { opcode = "fdsync", fd = f, rw_flags = "dsync" } },
  { "poll with nbytes", "submit EINVAL",
    iocb { opcode = "poll", fd = r, events = "in", nbytes = 1 } },
  { "poll with offset", "submit EINVAL",
    iocb { opcode = "poll", fd = r, events = "in", offset = 1 } },
  { "poll with rw_flags", "submit EINVAL",
    iocb { opcode = "poll", fd = r, events = "in", rw_flags = 1 } },
  { "poll with bits above 16", "submit EINVAL",
    function() return aio.poll(r, 0x10001) end },
  -- priorities
  { "class 0, level 0", "res 4096", read { reqprio = 0 } },
  { "class 0, level 5", "submit EINVAL", read { reqprio = 5 } },
  { "best effort", "res 4096", read { reqprio = 2 << 13 | 4 } },
  { "idle", "res 4096", read { reqprio = 3 << 13 } },
  { "class 4", "submit EINVAL", read { reqprio = 4 << 13 } },
  { "class 7", "submit EINVAL", read { reqprio = 7 << 13 } },
  { "level 8 (a hint)", "res 4096", read { reqprio = 2 << 13 | 8 },
    kernel.since(6, 6) },
  { "real time", kernel.root and { "res 4096", "submit EPERM" }
    or "submit EPERM", read { reqprio = rt } },
  -- sources of everything
  { "/dev/zero", "res 4096", function() return aio.pread(zero, buf) end },
  { "/dev/null", "res 4096", function() return aio.pwrite(null, buf) end },
})

do -- a bad one in a list
  local bad = aio.iocb { fd = -1 }
  local list = { aio.pread(f, buf, 512), bad, aio.pread(f, buf, 512) }
  tap.is(ctx:submit(list), 1, "good, bad, good: 1, the error is not told")
  tap.is(ctx.last_submit.refused, bad, "but where it stopped")
  tap.is(ctx.last_submit.errno, nil, "there is no error")
  tap.is(ctx.last_submit.why, "fd -1 is not open", "but a cause")
  tap.like(tostring(ctx.last_submit),
    "; stopped at request 2: fd %-1 is not open$", "in words as well")
  tap.errno("EBADF", "from the bad one on: its error", ctx:submit(list, 2, 2))
  tap.is(ctx:submit(list, 1, 3), 1, "and on after it")
  tap.is(#ctx:getevents(2, 2, 10), 2, "the good ones complete")
  local unsure = aio.pread(aio.open("/proc/self/status"), buf)
  tap.is(ctx:submit(list[1], unsure), 1, "one that only the kernel can judge")
  tap.like(ctx.last_submit.why, "submit it again to learn it", "is not judged")
  ctx:getevents(1, 1, 10)
end

do -- wrong counts
  tap.is(ctx:submit {}, 0, "nr 0")
  tap.errno("EINVAL", "nr -1", ctx:submit({}, -1))
end

do -- more than the kernel moves at once: no memory is touched
  local huge, message = aio.buffer("3g", { prot = "none" })
  if huge then
    tap.is(kernel.outcome(ctx, aio.pwrite(null, huge)), "res 2147479552",
      "3 GiB are cut to 0x7ffff000 bytes")
  else
    tap.skip(message, "more than 0x7ffff000 bytes")
  end
end

do -- what may be reused when io_submit has returned
  local list = { buf:slice(0, 512), buf:slice(512, 512) }
  local cb = aio.preadv(f, list)
  ctx:submit(cb)
  list[1], list[2] = nil, nil
  tap.is(ctx:getevents(1, 1, 10)[1].res, 1024, "the list of segments")
  local file = assert(aio.open(path))
  ctx:submit(aio.fsync(file), aio.pread(file, buf))
  file:close()
  tap.is(#ctx:getevents(2, 2, 10), 2, "a file closed in flight")
  r:close()
  local rd, wr = aio.pipe()
  ctx:submit(aio.poll(rd, "in"))
  rd:close()
  wr:write("x")
  tap.is(ctx:getevents(1, 1, 10)[1].revents, "in", "a poll fires all the same")
end

kernel.remove()
tap.done()
