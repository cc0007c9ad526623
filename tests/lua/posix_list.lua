-- lio_listio: many requests in one call, waited for or not.
local aio = require "aio"
local tap = require "aio.tap"
local posix = require "aio.posix"

local base = (os.getenv("TMPDIR") or ".") .. "/posix_list.dat"
local f = assert(aio.open(base, "rdwr,creat,trunc"))
f:unlink()

local function block(i, op)
  return posix.aiocb { fd = f, buf = aio.buffer(512):fill(i), offset = i * 512,
                       lio_opcode = op }
end

local function eight()
  local list = {}
  for i = 1, 8 do list[i] = block(i, "write") end
  tap.is(posix.listio("wait", list), true, "eight writes")
  local good = 0
  for i, cb in ipairs(list) do
    local read = f:read(512, i * 512) == string.char(i):rep(512)
    good = good + (cb:error() == 0 and cb:result() == 512 and read and 1 or 0)
  end
  tap.is(good, 8, "all done when it returns")
  for _, cb in ipairs(list) do
    cb.lio_opcode = "read"
    cb.buf:fill(0)
  end
  tap.is(posix.listio("nowait", list), true, "eight reads, not waited for")
  good = 0
  for i, cb in ipairs(list) do
    while cb:error() == aio.EINPROGRESS do posix.suspend({ cb }, 20) end
    good = good + (cb.buf:check(i) and 1 or 0)
  end
  tap.is(good, 8, "come all the same")
end

-- nil, message, errno and the error of each.
local function failed(want, mode, list, what, cause)
  local r, message, errno, errors = posix.listio(mode, list)
  tap.errno(want, what, r, message, errno)
  tap.like(message, cause, "the message says which")
  return errors
end

local function failures()
  local good, nop, bad = block(1, "read"), block(2, "nop"), block(3, "read")
  bad.offset = -1
  local errors = failed("EIO", "wait", { good, false, nop, bad },
    "one of them fails", "request 4 of 4: pread 512 @-1: EINVAL: offset is neg")
  tap.is(table.concat(errors, " "), "0 0 0 22", "the error of each")
  tap.is(good:error() .. " " .. nop:error() .. " " .. bad:error(), "0 0 22",
    "which error() tells as well")
  tap.is(good:result(), 512, "the others were carried out")
  tap.is(nop.submissions, 0, "a nop was not")
  bad.offset, bad.reqprio = 0, 21
  errors = failed("EIO", "wait", { good, bad }, "a bad reqprio among others",
    "reqprio is not 0 to 20")
  tap.is(table.concat(errors, " "), "0 22", "the error of each")
  failed("EINVAL", "wait", { bad }, "alone", "reqprio is not 0 to 20")
  failed("EINVAL", "nowait", { bad }, "and not waited for", "reqprio")
  tap.is(bad.inflight, false, "it is not in flight")
  bad.reqprio, bad.lio_opcode = 0, 99
  failed("EIO", "wait", { bad }, "a bad opcode", "lio_opcode is none")
  failed("EINVAL", 7, { good }, "a bad mode", "neither LIO_WAIT nor LIO_NOWAIT")
  tap.is(good.submissions, 2, "submits nothing")
end

local function misuse()
  local cb, other = block(1, "read"), block(2, "read")
  tap.raises("invalid option 'later'", "another word", posix.listio, "later",
    { cb })
  tap.raises("table expected", "no list", posix.listio, "wait")
  tap.raises("element 2 of the list is no aiocb but a string", "a stranger",
    posix.listio, "wait", { cb, "x" })
  tap.raises("element 2 of the list: it is in the list already", "twice",
    posix.listio, "wait", { cb, cb })
  other.nbytes = 513
  tap.raises("element 2 of the list: 513 is past the buffer's 512 bytes",
    "a range outside", posix.listio, "nowait", { cb, other })
  tap.is(cb.submissions, 0, "nothing was submitted")
  tap.is(posix.listio("wait", { cb }), true, "nor is anything left behind")
  other:close()
  tap.raises("element 1 of the list is closed", "closed", posix.listio, "wait",
    { other })
  tap.raises("undefined in glibc", "a negative count", posix.lio_listio,
    posix.LIO_WAIT, { cb }, -1)
  tap.raises("glibc has it on its stack", "a large one", posix.lio_listio,
    posix.LIO_WAIT, { cb }, 1 << 20)
  local r, w = assert(aio.pipe())
  local flies = posix.aiocb { fd = r, buf = aio.buffer(1) }
  flies:read()
  tap.raises("in flight until aio_error", "in flight", posix.listio, "wait",
    { cb, flies })
  tap.is(cb.submissions, 1, "and nothing is submitted")
  w:write("x")
  posix.suspend({ flies }, 20)
end

-- Signals, again and again, should the first come before the wait.
local function meanwhile()
  local pid = io.open("/proc/self/stat"):read("n")
  os.execute(("(for i in 1 2 3 4 5 6 7 8; do kill -URG %d || exit; " ..
    "sleep 0.2; done) >/dev/null 2>&1 &"):format(pid))
end

-- glibc's own LIO_WAIT would leave pointers to its stack behind.
local function interrupted()
  local r, w = assert(aio.pipe())
  local s <close> = assert(aio.signals("URG"))
  local cb = posix.aiocb { fd = r, buf = aio.buffer(1), lio_opcode = "read" }
  meanwhile()
  tap.errno("EINTR", "a signal ends listio", posix.listio("wait", { cb }))
  tap.is(cb.inflight, true, "the request goes on")
  tap.errno("EINTR", "and suspend", posix.suspend { cb })
  tap.is(s:read(), "SIGURG", "the signal can be read")
  w:write("x")
  while cb.inflight do posix.suspend({ cb }, 20) end
  tap.is(cb:result(), 1, "the request ends as ever")
end

eight()
failures()
misuse()
interrupted()
tap.done()
