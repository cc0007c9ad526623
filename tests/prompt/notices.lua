-- Completions above the line that is being typed.
local aio = require "aio"
local tap = require "aio.tap"
local terminal = require "terminal"

local probe = aio.setup(1)
if not probe then tap.skip("io_setup is refused here") end
if not probe.ring.usable then tap.skip("the ring is not used here") end

local t = terminal.start { columns = 40, rows = 40 }

-- The pipe's other end, so that the test decides when a poll completes.
local function pipe(name)
  t:run(("%sr, %sw = aio.pipe()"):format(name, name))
  local fd = t:run(("%sw:fileno()"):format(name))
  return assert(io.open(("/proc/%s/fd/%s"):format(t.pid, fd), "w"))
end
local function fire(f)
  f:write("x")
  f:flush()
end

t:run("ctx = aio.setup(64)")
local a, b = pipe "a", pipe "b"
tap.like(t:run("ctx:submit(aio.poll(ar, 'in'), aio.poll(br, 'in'));"),
  "^submitted 2, 0 already done", "the verdict after a submit")
t:shows("\naio 2%+0> $", "the prompt tells what is in flight")

-- A line that wraps, with the cursor inside it.
local line = "x = {'" .. ("abcdefghi "):rep(5) .. "', 1}"
t:type(line)
t:keys "\27[D\27[D"
local before = t.screen:rows_text()
fire(a)
local notice = t:shows("\n(#%d+ poll [^\n]*)\naio 1%+1> x = [^\n]*$",
  "a completion is announced above the line")
tap.like(notice, "^#1 poll fd %d+ %-> in %(%d.*%)$", "with what came")
tap.is(t.screen:rows_text(), (before:gsub("aio 2%+0>", notice ..
  "\naio 1+1>", 1)), "and the line stands as it was")
t:keys "2"
t:take(function() return t.screen:text():find(", 21}", 1, true) end,
  "typing goes on")
t:keys "\r"
t:ready()
t:gives("x[2]", "21", "where the cursor was")
t:gives("ctx.inflight", "2", "nothing was taken")
t:gives("#ctx:getevents(1)", "1", "the event is there for its owner")
t:shows("\naio 1%+0> $", "and then gone from the prompt")

-- In a search.
t:keys "\18abc"
t:shows("i%-search%)`abc': x = ")
before = t.screen:rows_text()
fire(b)
notice = t:shows("\n(#2 poll [^\n]*)\n%(rev[^\n]*$", "in a search")
tap.is(t.screen:rows_text(), (before:gsub("%(reverse", notice ..
  "\n(reverse", 1)), "which goes on")
t:keys "\7"
t:ready()
t:shows("\naio 0%+1> $", "the prompt is up to date after it")

-- Output of other code while the line stands: a finalizer, an error, warn.
t:run("ctx:reap();")
t:run("ar:read(1); br:read(1);")
local function watch(code)
  t:run("aio.watch(ctx, function(ev) " .. code .. " end);")
  t:run("ctx:submit(aio.poll(ar, 'in'));")
  t:type("1 + 1")
  fire(a)
end
local function finish(name)
  t:keys "\r"
  t:ready()
  tap.like(t.screen:text(), "%d> 1 %+ 1\n2\n[^\n]*$", name)
  t:run("ctx:reap(); ar:read(1);")
end
watch("print('p', 1) io.write('w', 2, '\\n') io.stderr:write('e\\n') warn 'x'")
t:shows("\np       1\nw2\ne\nLua warning: x\naio 0%+1> 1 %+ 1$",
  "what a function prints stands above")
finish("and the line below")
watch("io.write('no', ' ') print(ev.obj == nil, ev.op, ev.err)")
t:shows("\nno false +poll +nil\naio 0%+1> 1 %+ 1$", "in whole lines")
finish("and the line below")
watch("io.write 'left'")
t:shows("\naio 0%+1> 1 %+ 1$")
t:keys "\r"
t:ready()
tap.like(t.screen:text(), "1 %+ 1\nleft\n2\n", "a line without an end waits")
t:run("ctx:reap(); ar:read(1);")
watch("error('oops', 0)")
t:shows("function: oops\n.*\naio 0%+1> 1 %+ 1$", "an error is told")
finish("and the line below")
t:gives("aio.watch(ctx) == 'each' and 1", "1", "and the function left alone")
watch("setmetatable({}, {__gc = function() print 'bye' end}) collectgarbage()")
t:shows("\nbye\naio 0%+1> 1 %+ 1$", "a finalizer's output")
finish("and the line below")

-- Many, and none.
t:run("aio.watch(ctx, 'each') f = aio.open('/dev/zero') m = {}")
t:run("for i = 1, 64 do m[i] = aio.pread(f, aio.buffer(512)) end")
tap.like(t:run("ctx:submit(m);"),
  "\n64 completions: 64 ok, p50 [%d.]+ %a+$", "many are summed up")
t:run("ctx:reap();")
t:run("m = {} for i = 1, 6 do m[i] = aio.pread(f, aio.buffer(512)) end")
t:run("m[3] = aio.pread(f, aio.buffer(4096, {prot = 'none'}))")
tap.like(t:run("ctx:submit(m);"), "\n6 completions: 5 ok, 1 EFAULT, p50 ",
  "with the names of errors")
t:run("ctx:reap();")
tap.like(t:run("ctx:submit(m[3]);"), "\n#%d+ pread zero 4096 @0 %-> %-EFAULT",
  "an error of one")
t:run("ctx:reap();")
t:run("aio.watch(ctx, 'off');")
tap.like(t:run("ctx:submit(m[1]);"), "^submitted[^\n]*$",
  "off: none is announced")
t:shows("\naio 0%+1> $", "but counted")
t:run("aio.watch(ctx, 'summary') ctx:reap();")
tap.like(t:run("ctx:submit(m[1]);"), "\n1 completion: 1 ok, p50 ", "summary")
t:gives("aio.watch(ctx, 'all')", "aio.watch: 'each', 'summary', " ..
  "'off' or a function expected, got 'all'", "an unknown mode")
t:run("ctx:destroy();")
t:shows("\naio> $", "a destroyed context is gone from the prompt")
tap.is(t:leave(), "exit 0", "the end")

t = terminal.start { env = { AIOSH_RING = "off" } }
t:run("ctx = aio.setup(1) r, w = aio.pipe()")
tap.like(t:run("ctx:submit(aio.poll(r, 'in'));"),
  "\nnote: a ring can't be looked at: completions are not announced$",
  "without a ring it is said that none is announced")
t:run("w:write('x');")
t:gives("#ctx:getevents(1)", "1", "all else works")
tap.is(t:leave(), "exit 0", "the end")
tap.done()
