-- Every failure explains itself: each is produced, and the cause is told with
-- the field and its value. Messages of calls tell what the request alone
-- tells, ctx.last_submit.why and ev.why the whole cause.
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local ctx = assert(aio.setup(16))
local path = kernel.file("causes.dat", 8192)
local f = assert(aio.open(path, "rdwr"))
local ro, wo = assert(aio.open(path)), assert(aio.open(path, "wronly"))
local opath = assert(aio.open(path, "path"))
local directory = assert(aio.open(kernel.dir))
local buf = assert(aio.buffer(8192))
local r, w = aio.pipe("nonblock")
local waiter, efd = aio.waiter(), aio.eventfd(0)
local unused = 1000000 -- more than there are descriptors

-- ---- how a failure is looked at ----

-- "EBADF: why": what was refused, by ctx.last_submit; and the message's cause.
local function refusal(iocb)
  local n, message = ctx:submit(iocb)
  if n then
    local ev = ctx:getevents(1, 1, 10)[1]
    return "was accepted: " .. tostring(ev), ""
  end
  local s = ctx.last_submit
  return s.err .. ": " .. s.why, message:match("request 1 of 1: (.*)$")
end

-- "EINVAL: why" of the event.
local function failure(iocb)
  local n, message = ctx:submit(iocb)
  if not n then return "was refused: " .. message end
  local ev = ctx:getevents(1, 1, 10)[1]
  return ev and ("%s: %s"):format(ev.err, ev.why) or "no event in 10 s"
end

-- Rows: name, what is told, function that makes the iocb, what the message
-- says at its end (by default the same cause), reason to skip it.
local function refused(rows)
  for _, row in ipairs(rows) do
    local name, want, make, message, why = table.unpack(row, 1, 5)
    if why then
      tap.skip(why, name, 2)
    else
      local got, said = refusal(make())
      tap.is(got, want, name)
      message = message or want:match(": (.*)$")
      tap.is(said:sub(-#message), message, name .. ": the message")
    end
  end
end

local function failed(rows)
  for _, row in ipairs(rows) do
    local name, want, make, why = table.unpack(row, 1, 4)
    if why then
      tap.skip(why, name)
    else
      tap.is(failure(make()), want, name)
    end
  end
end

local function iocb(fields)
  return function() return aio.iocb(fields) end
end

local function read(fields)
  fields.opcode, fields.fd, fields.buf = "pread", f, fields.buf or buf
  return iocb(fields)
end

local function many(n)
  local list = {}
  for i = 1, n do list[i] = buf:slice(0, 1) end
  return list
end

local function fd(object) return object:pollfd() end

-- ---- what the request alone tells ----

refused {
  { "opcode 4", "EINVAL: the kernel has no such opcode (4)",
    iocb { opcode = 4, fd = f } },
  { "noop", "EINVAL: the kernel has no such opcode (6)",
    iocb { opcode = 6, fd = f } },
  { "opcode 99", "EINVAL: the kernel has no such opcode (99)",
    iocb { opcode = 99, fd = f, buf = buf } },
  { "reserved2", "EINVAL: reserved2 is not 0 (7)", read { reserved2 = 7 } },
  { "a negative length", "EINVAL: nbytes is negative (-1)",
    read { nbytes = -1 } },
  { "a negative offset", "EINVAL: offset is negative (-512)",
    read { offset = -512 } },
  { "the sum overflows",
    "EINVAL: offset 9223372036854775707 + nbytes 8192 overflows",
    read { offset = math.maxinteger - 100 } },
  { "the sum with a vector overflows",
    "EINVAL: offset 9223372036854775707 + length 1000 overflows", function()
      return aio.preadv(f, { buf:slice(0, 600), buf:slice(600, 400) },
        math.maxinteger - 100)
    end },
  { "1025 segments", "EINVAL: 1025 segments are over the limit of 1024",
    function() return aio.preadv(f, many(1025)) end },
  { "append and noappend",
    "EINVAL: rw_flags append,noappend exclude each other",
    function()
      return aio.pwrite { fd = f, buf = buf, rw_flags = "append,noappend" }
    end, nil, kernel.since(6, 9) },
  { "a level without class",
    "EINVAL: reqprio 5 is of class 0, which has no level",
    read { reqprio = 5 } },
  { "a class that is none",
    "EINVAL: reqprio 0xe000 is of class 7, the last is 3",
    read { reqprio = 7 << 13 } },
  { "real-time priority",
    "EPERM: reqprio 0x2000 is real-time, which needs CAP_SYS_NICE",
    read { reqprio = 1 << 13 }, nil, kernel.root and "root may" or nil },
  { "fsync with nbytes", "EINVAL: fsync takes no nbytes (1)",
    iocb { opcode = "fsync", fd = f, nbytes = 1 } },
  { "fdsync with offset", "EINVAL: fdsync takes no offset (2)",
    iocb { opcode = "fdsync", fd = f, offset = 2 } },
  { "fsync with events", "EINVAL: fsync takes no buf or events",
    iocb { opcode = "fsync", fd = f, events = 1 } },
  { "fsync with rw_flags",
    "EINVAL: rw_flags are for reads and writes only (0x2)",
    iocb { opcode = "fsync", fd = f, rw_flags = "dsync" } },
  { "poll with nbytes", "EINVAL: poll takes no nbytes (1)",
    iocb { opcode = "poll", fd = r, events = "in", nbytes = 1 } },
  { "poll with too many bits", "EINVAL: events 0x10001 are over 16 bits",
    function() return aio.poll(r, 0x10001) end },
  { "a flag that the kernel does not know",
    "EOPNOTSUPP: no rw_flags of Linux up to 6.18 (0x400)",
    read { rw_flags = 0x400 } },
  { "an atomic read", "EOPNOTSUPP: rw_flags atomic is for writes only",
    read { rw_flags = "atomic" }, nil, kernel.since(6, 11) },
  { "an address of the kernel",
    "EFAULT: buf is an address of the kernel (0xffff800000000000)",
    read { buf = aio.wild, nbytes = 512 } },
  { "a list of segments at NULL", "EFAULT: bufs is NULL",
    iocb { opcode = "preadv", fd = f, buf = aio.null, nbytes = 1 } },
}

-- ---- what the descriptors are ----

local function mode(object, was, op, needs)
  return ("fd %d%%s was opened %s, %s needs %s or rdwr"):format(fd(object), was,
    op, needs)
end

-- A descriptor of the wrong mode: the message has its number, why its name.
local function wrong_mode(name, object, label, was, make, op, needs)
  local text = mode(object, was, op, needs)
  return { name, "EBADF: " .. text:format(label and " (" .. label .. ")" or ""),
    make, text:format("") }
end

refused {
  { "fd -1", "EBADF: fd -1 is not open", iocb { fd = -1, buf = buf },
    "fd is negative (-1)" },
  { "a closed number", "EBADF: fd 1000000 is not open",
    iocb { fd = unused, buf = buf },
    "fd 1000000 is not open, or not for pread" },
  { "O_PATH", ("EBADF: fd %d (%s) was opened with O_PATH, which allows no I/O")
    :format(fd(opath), path), iocb { fd = opath, buf = buf },
    ("fd %d was opened with O_PATH, which allows no I/O"):format(fd(opath)) },
  wrong_mode("pwrite on rdonly", ro, path, "rdonly",
    function() return aio.pwrite(ro, buf) end, "pwrite", "wronly"),
  wrong_mode("preadv on wronly", wo, path, "wronly",
    function() return aio.preadv(wo, { buf }) end, "preadv", "rdonly"),
  wrong_mode("read of a pipe's write end", w, nil, "wronly",
    function() return aio.pread(w, buf) end, "pread", "rdonly"),
  wrong_mode("write to a pipe's read end", r, nil, "rdonly",
    function() return aio.pwrite(r, buf) end, "pwrite", "wronly"),
  wrong_mode("write to a directory", directory, kernel.dir, "rdonly",
    function() return aio.pwrite(directory, buf) end, "pwrite", "wronly"),
  { "eventfd closed", "EBADF: eventfd 1000000 is not open",
    read { eventfd = unused },
    ("eventfd 1000000 or fd %d is not open, or not for pread"):format(fd(f)) },
  { "eventfd is a file", ("EINVAL: eventfd %d (%s) is a file, no eventfd")
    :format(fd(f), path), read { eventfd = f },
    "or what else takes no pread?" },
  { "eventfd is a pipe", ("EINVAL: eventfd %d is a pipe, no eventfd")
    :format(fd(r)), read { eventfd = r },
    ("its fields are right; is eventfd %d no eventfd, or is fd %d a directory, "
      .. "of /proc, or what else takes no pread?"):format(fd(r), fd(f)) },
}

-- A file whose driver lacks what AIO calls.
local function lacks(name, object, label, kind, op, operation, why)
  local n = object and fd(object)
  local transfer = op:find("^p")
  local message = (transfer and "is fd %d a directory, of /proc, or what else "
    .. "takes no %s?" or "is fd %d a pipe, a device, or what else has no %s?")
    :format(n or 0, transfer and op or "fsync")
  return { name, ("EINVAL: fd %d%s is %s, which takes no %s by AIO (its "
    .. "driver has no %s)"):format(n or 0, label and " (" .. label .. ")" or "",
    kind, op, operation),
    function() return transfer and aio[op](object, buf) or aio[op](object) end,
    message, why }
end

local status = aio.open("/proc/self/status")
local full, zero = aio.open("/dev/full", "rdwr"), aio.open("/dev/zero", "rdwr")

refused {
  lacks("read of a directory", directory, kernel.dir, "a directory", "pread",
    "read_iter"),
  lacks("read of a /proc file", status, "/proc/self/status", "a proc file",
    "pread", "read_iter"),
  lacks("read of an epoll", waiter, nil, "an epoll",
    "pread", "read_iter"),
  lacks("write to an eventfd", efd, nil, "an eventfd",
    "pwrite", "write_iter"),
  lacks("write to /dev/full", full, "/dev/full", "a character device", "pwrite",
    "write_iter"),
  lacks("fsync of a pipe", r, nil, "a pipe", "fsync", "fsync"),
  lacks("fsync of an eventfd", efd, nil, "an eventfd",
    "fsync", "fsync"),
  lacks("fdsync of /dev/zero", zero, "/dev/zero", "a character device",
    "fdsync", "fsync"),
}

do -- polls that can't be waited for
  local tty, no_tty = aio.open("/dev/ptmx", "rdwr,nonblock")
  local n = tty and fd(tty) or 0
  refused {
    { "poll of a terminal that is not ready",
      ("EINVAL: fd %d (/dev/ptmx) is not ready, and AIO can't wait for it: it "
        .. "has two wait queues (a terminal, a FIFO opened rdwr) or none")
        :format(n), function() return aio.poll(tty, "in") end,
      ("is fd %d a terminal, or what else AIO can't poll?"):format(n),
      not tty and no_tty or nil },
    { "poll of a file for what never comes",
      ("EINVAL: fd %d (%s) is a file, which is always ready for in and out, "
        .. "and never for anything else"):format(fd(f), path),
      function() return aio.poll(f, "pri") end,
      ("is fd %d a terminal, or what else AIO can't poll?"):format(fd(f)) },
  }
end

do -- RWF_ flags that a file does not know
  local memory = aio.open("/dev/shm", "tmpfile,rdwr")
  local label = memory and aio.facts(memory).path or ""
  local why = kernel.fs("/dev/shm") ~= "tmpfs" and "no tmpfs at /dev/shm" or nil
  for flag, version in pairs { nowait = { 4, 18 }, dontcache = { 6, 14 } } do
    refused { { flag .. " on tmpfs", ("EOPNOTSUPP: rw_flags %s: /dev/shm "
      .. "(tmpfs) does not support it for a buffered pread"):format(flag),
      function()
        return aio.pread { fd = memory, buf = buf, rw_flags = flag }
      end, "this file does not support rw_flags " .. flag,
      why or kernel.since(table.unpack(version)) } }
  end
  tap.ok(why or label ~= "", "an unnamed file has a path in /proc: " .. label)
end

-- ---- two causes that both hold ----

refused {
  { "reserved2 and offset",
    "EINVAL: reserved2 is not 0 (1); offset is negative (-1)",
    read { reserved2 = 1, offset = -1 } },
  { "an opcode and a length",
    "EINVAL: nbytes is negative (-1); the kernel has no such opcode (9)",
    iocb { opcode = 9, fd = f, nbytes = -1 } },
  { "fd and eventfd", "EBADF: fd -1 is not open; eventfd -2 is not open",
    iocb { opcode = "pread", fd = -1, eventfd = -2, buf = buf },
    "fd is negative (-1); eventfd is negative (-2)" },
  { "an offset and a directory", "EINVAL: offset is negative (-1); fd "
    .. fd(directory) .. " (" .. kernel.dir .. ") is a directory, which takes "
    .. "no pread by AIO (its driver has no read_iter)",
    iocb { opcode = "pread", fd = directory, buf = buf, offset = -1 },
    "offset is negative (-1)" },
  { "an offset and an eventfd that is none", ("EINVAL: offset is negative (-1)"
    .. "; eventfd %d (%s) is a file, no eventfd"):format(fd(f), path),
    read { offset = -1, eventfd = f }, "offset is negative (-1)" },
}

-- ---- memory, pipes, eventfds: in the event ----

local null = aio.buffer(512, { prot = "none" })
local readonly = aio.buffer(512, { prot = "r" })
local empty, orphan = { aio.pipe() }, { aio.pipe("nonblock") }
orphan[1]:close()
local packed = { aio.pipe("nonblock") }
repeat until not packed[2]:write(("x"):rep(4096))

failed {
  { "buf NULL", "EFAULT: buf is NULL (address 0)",
    read { buf = aio.null, nbytes = 512 } },
  { "no buf", "EFAULT: buf is NULL (address 0)",
    iocb { fd = f, nbytes = 512 } },
  { "a buffer without access", "EFAULT: buffer is protected (prot \"none\")",
    read { buf = null } },
  { "a buffer that is read-only", "EFAULT: buffer is read-only (prot \"r\"), "
    .. "and pread writes to it", read { buf = readonly } },
  { "a segment without access", "EFAULT: segment 1 is protected (prot "
    .. "\"none\")", function() return aio.preadv(f, { null, buf }) end },
  { "an empty pipe with nonblock", "EAGAIN: the pipe is open with nonblock "
    .. "(O_NONBLOCK): nothing to read",
    function() return aio.pread(r, buf) end },
  { "a full pipe with nonblock", "EAGAIN: the pipe is open with nonblock "
    .. "(O_NONBLOCK): no room to write",
    function() return aio.pwrite(packed[2], buf) end },
  { "an empty pipe with nowait", "EAGAIN: rw_flags nowait, and it would have "
    .. "to wait (nothing to read)", function()
      return aio.pread { fd = empty[1], buf = buf, rw_flags = "nowait" }
    end },
  { "nowait and nonblock", "EAGAIN: rw_flags nowait, and it would have to wait "
    .. "(nothing to read); the pipe is open with nonblock (O_NONBLOCK): "
    .. "nothing to read", function()
      return aio.pread { fd = r, buf = buf, rw_flags = "nowait" }
    end },
  { "a pipe that nobody reads", "EPIPE: nobody has the pipe open for reading",
    function() return aio.pwrite(orphan[2], buf) end },
  { "an eventfd at 0", "EAGAIN: the eventfd is open with nonblock "
    .. "(O_NONBLOCK): its count is 0",
    function() return aio.pread(efd, buf, 8) end, kernel.since(5, 7) },
  { "an eventfd and 4 bytes", "EINVAL: length 4 is less than the 8 bytes of "
    .. "one eventfd value", function() return aio.pread(efd, buf, 4) end,
    kernel.since(5, 7) },
  { "beyond the largest file", "EFBIG: offset 4611686018427387904 is beyond "
    .. "the largest file of ext4 (RLIMIT_FSIZE allows it)",
    function() return aio.pwrite(f, buf, 512, 1 << 62) end,
    kernel.only("ext4") },
  { "nowait for a buffered write", "EOPNOTSUPP: rw_flags nowait: not supported "
    .. "by a buffered pwrite on ext4", function()
      return aio.pwrite { fd = f, buf = buf, rw_flags = "nowait" }
    end, kernel.only("ext4") },
}

do -- a cold read with nowait: other readers may have warmed it
  local cold = aio.open(path)
  cold:drop_cache()
  local why = failure(aio.pread { fd = cold, buf = buf, rw_flags = "nowait" })
  tap.ok(why:find("^nil") or why == "EAGAIN: rw_flags nowait, and it would "
    .. "have to wait (the data is not in the page cache)", "nowait, cold: "
    .. why)
end

do -- a signal while io_submit waits in a read of an empty pipe
  local signals = aio.signals("SIGUSR1")
  local stop = kernel.again("kill -USR1 $PPID")
  local why = failure(aio.pread(empty[1], buf))
  stop()
  signals:close()
  tap.is(why, "EINTR: a signal came while io_submit was waiting in it",
    "a signal")
end

-- ---- alignment ----

do
  local direct, no_direct = kernel.direct(path)
  local mem, off, how
  if direct then mem, off, how = direct:dioalign() end
  local why = not direct and no_direct
    or how ~= "statx" and "statx does not tell the alignment here" or nil
  local function rule(field)
    return (" is not a multiple of %d (statx: dio_%s_align of %s, %s)"):format(
      field == "mem" and mem or off, field, path, kernel.here)
  end
  local function address(slice)
    return ("buffer address 0x%x"):format(slice.address)
  end
  if why then
    tap.skip(why, "alignment", 10)
  else
    local odd = buf:slice(1, 4096) -- shorter ones may pass
    failed {
      { "offset", "EINVAL: offset 100" .. rule("offset"),
        function() return aio.pread(direct, buf, off, 100) end },
      { "length", "EINVAL: length 1000" .. rule("offset"),
        function() return aio.pwrite(direct, buf, 1000) end },
      { "address", "EINVAL: " .. address(odd) .. rule("mem"),
        function() return aio.pread(direct, odd) end },
      { "the end of a file that is appended to", "EINVAL: the end of the file "
        .. "(append) 8191" .. rule("offset"), function()
          f:truncate(8191)
          return aio.pwrite { fd = direct, buf = buf, nbytes = off,
            offset = 1, rw_flags = "append" }
        end, kernel.since(4, 18) },
      { "no append to it", "EINVAL: offset 1" .. rule("offset"), function()
          return aio.pwrite { fd = aio.open(direct.path, "rdwr,direct,append"),
            buf = buf, nbytes = off, offset = 1, rw_flags = "noappend" }
        end, kernel.since(6, 9) },
      { "offset and length", "EINVAL: offset 1" .. rule("offset")
        .. "; length 7" .. rule("offset"),
        function() return aio.pread(direct, buf, 7, 1) end },
      { "a segment's address", ("EINVAL: segment 2 address 0x%x"):format(
        odd.address) .. rule("mem"),
        function() return aio.preadv(direct, { buf:slice(0, 4096), odd }) end },
      { "a segment's length", "EINVAL: segment 1 length 100" .. rule("offset")
        .. "; segment 2 length 100" .. rule("offset"), function()
          return aio.preadv(direct, { buf:slice(0, 100), buf:slice(off, 100) })
        end },
    }
    -- The iocb has changed, and the file is closed, before anybody asks.
    local cb = aio.pread(direct, buf, 1000)
    ctx:submit(cb)
    local ev = ctx:getevents(1, 1, 10)[1]
    cb:pread(f, buf, 512, 77)
    tap.is(ev.why, "length 1000" .. rule("offset"), "why is of then")
    ctx:submit(aio.pread(direct, buf, 1000))
    ev = ctx:getevents(1, 1, 10)[1]
    direct:close()
    tap.is(ev.why, "Invalid argument: the file was closed since, its rules "
      .. "can't be asked", "closed before anybody asked")
  end
end

-- ---- the other calls ----

local function message(_, text) return text:match("%((.*)$") end

do
  local poll, other = aio.poll(r, "in"), assert(aio.setup(1))
  tap.is(message(aio.setup(0)), "EINVAL): nr_events 0: at least 1 is needed",
    "io_setup: 0")
  tap.is(message(aio.setup(0x10000000)), "EINVAL): nr_events 268435456: more "
    .. "than the kernel can count", "io_setup: too many")
  local max = aio.limits().aio_max_nr
  if max and max < 1 << 22 then
    tap.is(message(aio.setup(max + 1)), ("EAGAIN): nr_events %d: over "
      .. "fs.aio-max-nr, the system's limit for all contexts together"):format(
      max + 1), "io_setup: over the quota")
  else
    tap.skip("fs.aio-max-nr is too large", "io_setup: over the quota")
  end
  tap.is(message(ctx:getevents(5, 4)), "EINVAL): min_nr 5 is over nr 4",
    "io_getevents: min over nr")
  tap.is(message(ctx:getevents(-2)), "EINVAL): min_nr is negative (-2)",
    "io_getevents: min negative")
  tap.is(message(ctx:getevents(0, -3)), "EINVAL): nr is negative (-3)",
    "io_getevents: nr negative")
  tap.is(message(ctx:submit({}, -1)), "EINVAL): count is negative (-1)",
    "io_submit: count negative")
  tap.is(message(ctx:cancel(poll)), "EINVAL): the iocb is not in flight",
    "io_cancel: not in flight")
  other:submit(poll)
  tap.is(message(ctx:cancel(poll)), "EINVAL): the iocb is in flight in another "
    .. "context", "io_cancel: another context's")
  other:cancel(poll)
  other:getevents(1)
  w:write("x")
  ctx:submit(poll)
  tap.is(message(ctx:cancel(poll)), "EINVAL): it has finished: its event is in "
    .. "the ring", "io_cancel: finished")
  ctx:getevents(1)
  r:read(1)
end

do -- a full ring
  local list = {}
  for i = 1, 2000 do list[i] = aio.poll(r, "in") end
  local n = ctx:submit(list)
  while ctx:submit(list, nil, n + 1) do n = n + ctx.last_submit.taken end
  local want = ("the ring is full: reap events first (%d in flight, set up for "
    .. "16)"):format(n)
  tap.is(ctx.last_submit.why, want, "a full ring")
  tap.like(select(2, ctx:submit(list, nil, n + 1)), want, "its message")
  w:write("x")
  ctx:getevents(n)
  r:read(1)
end

do -- RLIMIT_FSIZE, in a process of its own
  local program = path .. ".lua"
  local g = assert(io.open(program, "w"))
  g:write([[local aio = require "aio"
    local ctx, f = aio.setup(1), aio.open(arg[1], "rdwr")
    ctx:submit(aio.pwrite(f, aio.buffer(512), 512, 8192))
    print(ctx:getevents(1)[1].why)]])
  g:close()
  tap.is(kernel.ask(("ulimit -f 4; %s '%s' '%s'"):format(kernel.interpreter(),
    program, path)), "offset 8192 is not below RLIMIT_FSIZE (2048)",
    "RLIMIT_FSIZE")
  os.remove(program)
end

do -- the file is never changed
  local same = aio.open(path):read(8191) == ("x"):rep(8191)
  tap.ok(same, "no byte of the file was changed by all that")
end

kernel.remove()
tap.done()
