-- aio.explain: pages about events, submissions, errors, and iocbs that were
-- not submitted; ctx.last_submit's verdict.
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

tap.is(tostring(aio.explain()), "nothing has failed yet", "nothing yet")

local ctx = assert(aio.setup(64))
local path = kernel.file("explain.dat", 65536)
local f, ro = assert(aio.open(path, "rdwr")), assert(aio.open(path))
local buf = assert(aio.buffer(8192))
local r, w = aio.pipe()

local function event(iocb)
  assert(ctx:submit(iocb))
  return ctx:getevents(1, 1, 10)[1]
end

-- ---- what failed ----

do
  local ev = event(aio.pread(f, aio.null, 64))
  local page = aio.explain(ev)
  tap.is(page.title, "pread 64 @0 -> -EFAULT", "an event: title")
  tap.is(page.causes[1].text, ev.why, "its cause")
  for _, key in ipairs { "rule", "see", "todo" } do
    tap.ok(#page.causes[1][key] > 0, key .. ": " .. page.causes[1][key])
  end
  tap.like(tostring(page), "\n  why   buf is NULL", "tostring is the page")
  tap.is(tostring(aio.explain()), tostring(page), "the last failure")
  tap.is(aio.explain(page), page, "a page is its own explanation")
  tap.is(#aio.explain(event(aio.pread(f, buf))).causes, 0, "a success has none")
  tap.is(tostring(aio.explain()), tostring(page), "and is no failure")
end

do
  tap.errno("EBADF", "a refusal", ctx:submit(aio.pwrite(ro, buf)))
  local page = aio.explain()
  tap.is(page.title, "io_submit -> EBADF", "is the last failure then")
  tap.like(page.causes[1].text, "was opened rdonly, pwrite needs", "its cause")
  tap.is(tostring(aio.explain(ctx.last_submit)), tostring(page),
    "ctx.last_submit is the same")
  tap.is(tostring(aio.explain(ctx)), tostring(page), "so is the context")
  ctx:submit(aio.pread(f, buf), aio.pwrite(ro, buf))
  page = aio.explain(ctx.last_submit)
  tap.like(page.causes[1].text, "io_submit will answer EBADF: fd %d+",
    "where a submit stopped, the reason can be foretold")
  ctx:getevents(1)
end

do
  aio.setup(0)
  local page = aio.explain()
  tap.is(page.title, "io_setup -> EINVAL: Invalid argument", "another call")
  tap.is(page.causes[1].text, "nr_events 0: at least 1 is needed", "its cause")
  tap.is(aio.explain("EAGAIN").title, aio.explain(aio.EAGAIN).title,
    "by name and number")
  tap.is(aio.explain(-22).title, "EINVAL (22): Invalid argument", "negative")
  page = tostring(aio.explain("EAGAIN"))
  if aio.limits().aio_nr then
    tap.like(page, "fs.aio%-nr is %d+ of fs.aio%-max%-nr %d+", "EAGAIN: quota")
    tap.like(page, "pid %d+ %(", "and who has contexts")
  else
    tap.skip("no /proc/sys/fs/aio-nr", 2)
  end
  tap.is(aio.explain((select(2, aio.setup(0)))).title,
    "io_setup -> EINVAL: Invalid argument", "a message")
  tap.raises("bad argument #1 to 'explain'", "nonsense", aio.explain, {})
  tap.raises("bad argument #1 to 'explain'", "a text", aio.explain, "what?")
  tap.raises("got nil", "nil is no event", aio.explain, nil)
end

do -- which of the flags it was, by trying
  local memory = aio.open("/dev/shm", "tmpfile,rdwr")
  if memory and not kernel.since(4, 18) then
    ctx:submit(aio.pread { fd = memory, buf = buf, rw_flags = "nowait,dsync" })
    local page = aio.explain()
    tap.is(page.notes[1], "tried alone, refused: nowait", "tried alone")
    tap.is(tostring(aio.explain()), tostring(page), "trials are no failures")
  else
    tap.skip("no tmpfs here", 2)
  end
end

do -- with what change a read would work
  local direct, why = kernel.direct(path)
  local _, align, how = (direct or f):dioalign()
  if direct and how == "statx" and align == 512 then
    for change, cb in pairs {
      ["into aligned memory"] = aio.pread(direct, buf:slice(1, 4096)),
      ["with a length of 4096"] = aio.pread(direct, buf, 1000),
      ["at offset 0"] = aio.pread(direct, buf, 4096, 100),
      ["at offset 4096 with a length of 4096"] =
        aio.pread(direct, buf, 100, 5000),
    } do
      tap.is(aio.explain(event(cb)).notes[1], "tried: it works " .. change,
        change)
    end
  else
    tap.skip(why or "its alignment is not 512", 4)
  end
end

-- ---- what will become of an iocb ----

local function plan(want, iocb)
  tap.like(tostring(aio.explain(iocb)):gsub("%s+", " "), want, want)
  tap.is(ctx.inflight, 0, "and nothing was submitted")
end

plan("io_submit will answer EBADF: fd %-1 is not open", aio.pread(-1, buf))
plan("io_submit will answer EINVAL: offset is negative (-5)",
  aio.pread(f, buf, 1, -5))
plan("io_submit will answer EINVAL: fd %d+ .* takes no pread by AIO",
  aio.pread(aio.open(kernel.dir), buf))
plan("its event will say EFAULT: buf is NULL", aio.pread(f, aio.null, 8))
plan("io_submit will wait: there is nothing to read now", aio.pread(r, buf))
plan("its event will say EAGAIN: there is nothing to read",
  aio.pread { fd = r, buf = buf, rw_flags = "nowait" })
plan("it will be done inside io_submit (not O_DIRECT)", aio.pread(f, buf))
w:write("x")
plan("it will be done inside io_submit (a pipe)", aio.pread(r, buf))
plan("it will be asynchronous", aio.poll(r, "in"))

-- Nothing is foretold that does not come.
local rn = aio.pipe("nonblock")
for name, iocb in pairs {
  ["fsync has no memory"] = aio.fsync(f),
  ["no bytes, no memory"] = aio.pread(f, aio.null, 0),
  ["no bytes at the end"] = aio.pread(f, aio.null, 8, 65536),
  ["no bytes from a pipe"] = aio.pread(rn, buf, 0),
} do
  local page = aio.explain(iocb)
  tap.is(#page.causes, 0, name)
  tap.is(event(iocb).res, 0, name .. ": it works")
end
do
  local direct, why = kernel.direct(path)
  if direct and f:fallocate(65536, 8192) then
    local read = aio.pread(direct, buf, 100, 65537)
    local page = aio.explain(read)
    tap.ok(not tostring(page):find "will say", "unwritten blocks", page)
    f:truncate(65536)
  else
    tap.skip(why or "no fallocate", "unwritten blocks")
  end
end
plan("io_submit may answer EINVAL: offset is negative",
  aio.pread { fd = f, buf = buf, offset = -1, rw_flags = "nowait" })

-- ---- was it asynchronous? ----

local function batch(op, file, n)
  local list = {}
  for i = 1, n do
    list[i] = aio[op](file, aio.buffer(4096)):at((i - 1) * 4096)
  end
  assert(ctx:submit(list) == n)
  local last = ctx.last_submit
  ctx:getevents(n, n, 10)
  return last
end

if not ctx.ring.usable then
  tap.skip("no completion ring here", "verdicts", 14)
else
  local last = batch("pread", f, 8)
  tap.is(last.done_at_return, 8, "buffered reads: all done")
  tap.is(last.verdict, "synchronous", "verdict")
  tap.is(last.reason, "not O_DIRECT", "reason")
  tap.like(tostring(last), "^submitted 8, 8 already done, [%d.]+ %as in the "
    .. "call: synchronous %(not O_DIRECT%)$", "in words")
  last = batch("pread", f, 1)
  tap.is(last.verdict, nil, "one alone does not tell")
  tap.like(tostring(last), "one alone does not tell$", "in words")
  local zero = aio.open("/dev/zero")
  tap.is(batch("pread", zero, 2).reason, "a character device", "a device")
  w:write("x")
  ctx:submit(aio.poll(r, "in"), aio.poll(w, "out"))
  tap.like(tostring(ctx.last_submit), ": ready at once$", "polls")
  ctx:getevents(2)
  tap.is(require "aio.verdict".of { taken = 2, done_at_return = 2,
    failed_at_return = 0, one_op = true, first = aio.fsync(f) },
    "asynchronous", "a thread of the kernel was quick with two fsync")
  local direct, no_direct = kernel.direct(path, "rdwr,trunc")
  local why = not direct and no_direct or kernel.only("ext4")
  if why then
    tap.skip(why, "extending writes", 5)
  else
    last = batch("pwrite", direct, 8)
    tap.is(last.verdict, "synchronous", "direct writes that extend the file")
    tap.is(last.reason, "extending write", "reason")
    last = batch("pread", direct, 64)
    tap.is(last.reason, nil, "a batch of reads, some beyond the end: unknown")
    direct:truncate(0)
    direct:truncate("1m")
    last = batch("pread", direct, 8)
    tap.is(last.reason, "read of a hole", "reads of what was never written")
    last = batch("pread", aio.open(path, "direct,rdwr"), 8)
    tap.ok(last.verdict == "asynchronous" or last.verdict == "synchronous",
      "direct reads: " .. tostring(last))
  end
end

kernel.remove()
tap.done()
