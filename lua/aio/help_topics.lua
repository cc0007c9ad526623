-- What help tells about ideas, rather than functions: topics by name, each
-- with the fields of an entry of aio.manual.
local topics = {}

topics["alignment"] = {
  text = [[
Direct I/O moves data between the device and your memory without a copy, so
the memory address, the file offset and the length must be multiples of what
the device and the file system ask for. f:dioalign() tells both numbers:
often 512, 512. aio.buffer aligns to 4096 unless told otherwise, which is
always enough.

The kernel does not refuse a misaligned request at submit: it is accepted,
and its event has res -EINVAL. Files that are not open for direct I/O, and
tmpfs, have no such rule.]],
  Example = [[
f = aio.open("/tmp/example.dat", "rdwr,creat,direct")
print(f:dioalign())
buf = aio.buffer(8192, 4096)
part = buf:slice(1, 512)          -- misaligned on purpose]],
  See = "statx(2), open(2), aio.buffer, f:dioalign, buf:slice",
}

topics["asynchronous"] = {
  text = [[
io_submit only looks asynchronous for some requests: reads and writes of
files opened with "direct" (not writes that extend an ext4 file, nor reads of
holes), fsync and fdsync, and polls. For everything else (buffered files,
tmpfs, /dev/zero) the kernel does the whole work inside the call: it is done
when io_submit returns. Reading an empty pipe even blocks there.

ctx.last_submit tells how long the call took and how many of its requests
were done at its return.]],
  Example = [[
f = aio.open("/etc/passwd")
buf = aio.buffer(4096)
ctx = aio.setup(8)
ctx:submit(aio.pread(f, buf))
print(ctx.last_submit)]],
  See = "ctx.last_submit, io_submit(2)",
}

topics["cancel"] = {
  text = [[
The kernel can cancel polls, and nothing else: ctx:cancel of a read, a write
or an fsync is EINVAL, and so is one of what is finished already. true means
that the cancellation began: the event still arrives, with res 0, which a
poll that fired never has. ctx:destroy() cancels polls and waits for all
other requests.]],
  Example = [[
ctx = aio.setup(8)
r, w = aio.pipe()
p = aio.poll(r, "in")
ctx:submit(p)
ctx:cancel(p)
print(ctx:getevents(1)[1])        -- poll -> 0 (canceled)]],
  See = "ctx:cancel, ctx:destroy, io_cancel(2)",
}

topics["errors"] = {
  text = [[
A function that makes a system call returns its value, or nil, a message and
the errno: wrap it in assert where a failure should stop the script. Misuse
that the kernel never sees (a wrong type, a closed object, a range outside a
buffer, an unknown field) raises an error.

A request has two ways to fail. What is wrong with the request itself (a bad
descriptor, an unknown opcode or flag, a negative offset) is the answer of
ctx:submit, and no event follows. What the file says (alignment, EIO, ENOSPC)
is res in the event, below 0: ev.err is its name, ev.why the reason.]],
  Example = [[
ctx = aio.setup(8)
print(ctx:submit(aio.fsync(-1)))  -- nil, message, errno]],
  See = "help \"EINVAL\", aio.errname, aio.strerror, tap.errno",
}

topics["events"] = {
  text = [[
Every request that ctx:submit took gives exactly one event. ctx:getevents
returns them as a list and waits for as many as you say; ctx:reap takes what
is there without entering the kernel; ctx:each loops over them without
garbage; ctx:run calls the callback of each. They come in the order of
completion, which is not that of submission: ev.obj is the iocb, ev.data what
you gave it, ev.res the result: a count of bytes, a poll's mask, or an error
below 0. An event that was taken and not handed out, after a break or an
error, comes first the next time.]],
  Example = [[
ctx = aio.setup(8)
f = aio.open("/etc/passwd")
a, b = aio.buffer(512), aio.buffer(512)
ctx:submit(aio.pread{fd=f, buf=a, data="first"},
           aio.pread{fd=f, buf=b, offset=512, data="second"})
for _, ev in ipairs(ctx:getevents(2)) do print(ev.data, ev.res, ev) end]],
  See = "ctx:getevents, ctx:reap, ctx:each, ctx:run, ev.obj, "
    .. "io_getevents(2)",
}

topics["flags"] = {
  text = [[
Flags are words in a string, with commas: those of C without prefix and in
lower case. Numbers are passed on as they are, so that C's constants work too
(aio.O_RDWR | aio.O_DIRECT). TAB inside the quotes lists the words.

  aio.open(path, "rdwr,creat,direct")    O_ flags of open(2)
  aio.pread{..., rw_flags="nowait"}      RWF_ flags of preadv2(2)
  aio.poll(r, "in,out")                  POLL events of poll(2)
  w:add(obj, "in,et,oneshot")            EPOLL events of epoll_ctl(2)
  aio.eventfd(0, "nonblock,semaphore")   EFD_ flags of eventfd(2)
  f:fallocate(0, "1m", "keep_size")      FALLOC_FL_ flags of fallocate(2)
  aio.pipe("nonblock")                   O_ flags of pipe2(2)]],
  Example = 'f = aio.open("/tmp/example.dat", "rdwr,creat")',
  See = "aio.open, aio.pread, aio.poll, w:add",
}

topics["in flight"] = {
  text = [[
A request is in flight from the ctx:submit that took it until its event was
handed out. Meanwhile the kernel may use its memory at any moment: reading
bytes that it may be writing, and changing bytes that it uses, raises
"in flight"; buf:peek and buf:poke do it knowingly. The iocb can't be changed
nor submitted again: cb:copy() makes another. Closing the buffer or the file
is allowed: both are kept until the request ends.

ctx.inflight counts, print(ctx:list()) lists, buf.inflight counts for a
buffer. A context that is dropped with requests in flight stays until they
are taken.]],
  Example = [[
ctx = aio.setup(8)
r, w = aio.pipe()
ctx:submit(aio.poll(r, "in"))
print(ctx:list())]],
  See = "ctx:list, ctx.inflight, buf.inflight, buf:peek, iocb:copy",
}

topics["libaio"] = {
  text = [[
require "aio.libaio" has every function of libaio.h under its own name and
argument order, answering -errno as libaio does, so that a C program can be
typed almost verbatim. A struct iocb is L.iocb(), a handle L.io_context_t(),
io_event[] a table that io_getevents fills from 1.]],
  Example = [[
L = require "aio.libaio"
ctx, cb, events = L.io_context_t(), L.iocb(), {}
f, buf = aio.open("/etc/passwd"), aio.buffer(4096)
L.io_setup(8, ctx)
L.io_prep_pread(cb, f, buf, 4096, 0)
L.io_submit(ctx, 1, {cb})
L.io_getevents(ctx, 1, 8, events, nil)
print(events[1].res)
L.io_destroy(ctx)]],
  See = "io_setup, io_submit, io_getevents, io_prep_pread",
}

topics["lifetimes"] = {
  text = [[
Every object has close(), works with <close>, and is closed by the collector.
Closing twice is harmless, and closing what is in flight is safe: memory and
descriptors that the kernel still uses are kept until the last request ends.
local names last until the end of their chunk: at the prompt that is the
line, so that `local ctx <close>` there is closed at once. Use globals.

ctx:destroy() takes some 30 ms even when idle, since the kernel waits for all
processors, and waits for requests in flight: nothing can interrupt that.]],
  Example = [[
do
  local ctx <close> = aio.setup(8)
  print(ctx)
end]],
  See = "ctx:destroy, ctx:close, buf:close, f:close",
}

topics["partial submit"] = {
  text = [[
ctx:submit hands over a list and returns how many requests the kernel took,
which may be fewer: it stops at the first one that it refuses, or when the
ring is full. The reason is told only when that one comes first: submit the
rest to learn it. ctx:submit(list, count, first) goes on in the middle.]],
  Example = [[
ctx = aio.setup(8)
f, buf = aio.open("/etc/passwd"), aio.buffer(512)
list = {aio.pread(f, buf), aio.fsync(-1), aio.fsync(f)}
n = ctx:submit(list)                            -- 1
print(ctx:submit(list, #list - n, n + 1))       -- nil, EBADF ...
print(ctx.last_submit)]],
  See = "ctx:submit, ctx.last_submit, io_submit(2)",
}

topics["prompt"] = {
  text = [[
A line is an expression, whose value is shown, or statements; a trailing ;
shows nothing but a failure. A chunk that is not complete goes on in the next
line. _ is the last result, _1, _2 ... the last ones. A local lives as long
as its line. Requests go on while you type, and their completions are
announced; their events stay for your own ctx:getevents.

TAB completes names, fields, methods, keys in aio.pread{, flags inside
strings, and file names; it runs none of your code. Ctrl-C clears the line,
ends a wait, or stops Lua. Ctrl-D ends.]],
  Example = "help(aio.watch); help(aio.save); help(aio.timing)",
  See = "help \"start\", aiosh(1)",
}

topics["ring"] = {
  text = [[
A context is a ring of events in memory that the kernel and the process
share. ctx:reap and ctx:each read it without a system call; ctx:getevents
always makes the call. ctx.ring shows it. It has room for more than was asked
for in aio.setup, and every request takes one slot at submit, so that it never
overflows: when none is free, submit is EAGAIN.]],
  Example = [[
ctx = aio.setup(8)
print(ctx.ring.nr, ctx.ring.head, ctx.ring.tail)]],
  See = "ctx.ring, ctx:reap, ctx:each, aio.setup",
}

topics["sizes"] = {
  text = [[
Offsets and lengths are bytes and begin at 0, as in C; wherever bytes are
taken, "4k", "1m", "2g" and "1t" are units of 1024. Lists begin at 1, as in
Lua. Latencies are integer nanoseconds, timeouts are seconds.]],
  Example = [[
buf = aio.buffer("64k")
print(#buf, #buf:slice("4k", 512))]],
  See = "aio.buffer, aio.duration",
}

topics["start"] = {
  text = [[
aiosh does Linux asynchronous I/O by hand, in Lua. A read, from nothing to
its data (every line can be pasted):

  f = aio.open("/etc/passwd")         -- open(2); "rdwr,creat,direct" ...
  buf = aio.buffer(4096)              -- posix_memalign(3)
  ctx = aio.setup(8)                  -- io_setup(2)
  cb = aio.pread(f, buf, 4096, 0)     -- io_prep_pread: a struct iocb
  ctx:submit(cb)                      -- io_submit(2): how many were taken
  ev = ctx:getevents(1)[1]            -- io_getevents(2): struct io_event
  print(ev)                           -- what it was, result, latency
  print(buf:get(0, ev.res))           -- the bytes; or buf:hexdump(0, 64)

help(x) tells about a function or an object, help "word" about a name, in C or
here ("io_submit"), an error ("EAGAIN"), a constant ("O_DIRECT") or a topic.
TAB completes names, methods after ":", flags inside strings.]],
  See = "help \"prompt\", aiosh(1)",
}

topics["timeouts"] = {
  text = [[
Timeouts are seconds: 0.5 is half of one, nil waits without limit, 0 does not
wait. A negative one raises (the kernel would wait for ever). When the time is
over, ctx:getevents returns what is there, perhaps an empty list; a loop has
zero rounds. A wait that could never end, because nothing is in flight,
raises. Ctrl-C ends a wait; the requests stay in flight.]],
  Example = [[
ctx = aio.setup(8)
r, w = aio.pipe()
ctx:submit(aio.poll(r, "in"))
print(#ctx:getevents(1, 8, 0.1))  -- 0, after 0.1 s]],
  See = "ctx:getevents, ctx:each, w:wait, io_getevents(2)",
}

topics["tests"] = {
  text = [[
A script is a test when it uses aio.tap: it prints TAP and exits with 0, 1, or
77 when it was skipped. `prove -e aiosh scenario.lua` runs it.]],
  Example = [[
tap = require "aio.tap"
ctx = aio.setup(8)
tap.errno("EBADF", "no such descriptor", ctx:submit(aio.fsync(-1)))]],
  See = "tap.ok, tap.is, tap.errno, tap.done",
}

topics["waiting"] = {
  text = [[
ctx:getevents waits for one context. To wait for several things at once, put
them into an aio.waiter, which is an epoll: contexts as they are, eventfds,
timers, signals, pipes, sockets, numbers. Regular files can't be watched
(EPERM). A context that is watched signals its own eventfd; a request can have
one of yours: aio.pread{..., eventfd=efd}.]],
  Example = [[
ctx = aio.setup(8)
r, w = aio.pipe()
wt = aio.waiter()
wt:add(ctx)
ctx:submit(aio.poll(r, "in"))
w:write("x")
for obj in wt:wait(1) do print(obj:reap()[1]) end]],
  See = "aio.waiter, w:add, w:wait, aio.eventfd, aio.timer, aio.signals",
}

return topics
