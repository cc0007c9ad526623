-- aio.trace: a line for each call.
local aio = require "aio"
local tap = require "aio.tap"

local dir = os.getenv("TMPDIR") or "build/tmp"
local path = dir .. "/trace.dat"
local f = assert(aio.open(path, "rdwr,creat"))
f:truncate("64k")
local fd = f:fileno()
local link = io.popen(("realpath '%s'"):format(path)):read()

local lines = {}
local entry -- of the last line
local function keep(line, e) lines[#lines + 1], entry = line, e end

-- The last line without what differs from run to run: its time, durations,
-- and the numbers of requests, which begin at #1 again.
local first
local function last(n)
  local line = lines[n or #lines]
  line = line:gsub("^[%d.]+ ", ""):gsub("<[%d.]+ %ws?>", "<T>")
  line = line:gsub("%+[%d.]+ %ws?", "+T"):gsub(link, "FILE", nil)
  line = line:gsub("#(%d+)", function(id)
    first = first or tonumber(id)
    return "#" .. id - first + 1
  end)
  line = line:gsub("{[%d.]+ s}", "{T s}")
  return (line:gsub(" %d+ done", ""):gsub(", %d+ switches", ""))
end

local idle, writer = aio.pipe("nonblock") -- nothing is ever written

tap.is(aio.trace(keep), true, "on")
local ctx = assert(aio.setup(64))
local name = "ctx" .. ctx.serial

do -- calls, one after the other
  tap.like(lines[1], "^0%.%d%d%d%d%d%d io_setup%(64%) = " .. name .. " <%d",
           "time, call, result, duration")
  local rd, w = aio.pipe("nonblock")
  local pipe = rd:fileno()
  ctx:submit(aio.pread(f, aio.buffer(512), 512, 1024),
             aio.pwrite{fd=f, buf=aio.buffer(512), offset=4096,
                        rw_flags="dsync"})
  tap.is(last(), ("io_submit(%s, 2, [{#1 pread %d<FILE> 512 @1024}, " ..
    "{#2 pwrite %d<FILE> 512 @4096 rw_flags=dsync}]) = 2 <T>"):format(
    name, fd, fd), "io_submit")
  tap.is(lines[#lines]:find(" %d+ done", 1) ~= nil, ctx.ring.usable,
         "how many were done is said where the ring tells")
  tap.is(entry.kind, "submit", "the entry comes along")
  tap.is(entry.requests[2].op, "pwrite", "with its requests")
  ctx:getevents(2)
  tap.is(entry.events[1].res, 512, "or events")
  tap.is(last(), ("io_getevents(%s, 2, 2, [{#1 512 +T}, {#2 512 +T}], NULL)" ..
    " = 2 <T>"):format(name), "io_getevents, by the requests' numbers")
  ctx:submit(aio.pread(-1, aio.buffer(512)))
  tap.is(last(), ("io_submit(%s, 1, [{pread -1 512 @0}]) = -1 EBADF (Bad " ..
    "file descriptor) <T>"):format(name), "a call that fails")
  ctx:submit(aio.fsync(f), aio.iocb{opcode=99, fd=f}, aio.fsync(f))
  tap.is(last(), ("io_submit(%s, 3, [{#3 fsync %d<FILE>}, {opcode=99 " ..
    "%d<FILE>}]) = 1 <T>"):format(name, fd, fd),
    "what was refused is the last one")
  for _ in ctx:each() do end
  tap.like(last():gsub("^io_getevents%b()", "ring(" .. name .. ", 1, [{#3 0" ..
           " +T}])"), "^ring%(.*%[{#3 0 %+T}%]%) = 1 <T>$", "each")
  local efd = aio.eventfd()
  local poll = aio.poll{fd=rd, events="in,hup", eventfd=efd}
  ctx:submit(poll)
  tap.like(last(), ("{#4 poll %d<pipe:%%[%%d+%%]> in,hup resfd=%d}"):format(
    pipe, efd:fileno()), "a poll")
  ctx:getevents(1, 1, 0.001)
  tap.like(last(), "^io_getevents%(%w+, 1, 1, %[%], {T s}%) = 0 <T>$",
           "a timeout")
  ctx:getevents(0, 1, 0)
  tap.like(lines[#lines], "%[%], {0 s}%) = 0 <", "of 0")
  ctx:cancel(poll)
  tap.is(last(), ("io_cancel(%s, #4) = -1 EINPROGRESS (Operation now in " ..
    "progress) <T>"):format(name), "io_cancel, in the kernel's words")
  ctx:pgetevents(1, 1, 1, {"SIGUSR1"})
  tap.is(last(), ("io_pgetevents(%s, 1, 1, [{#4 0 +T}], {T s}, [SIGUSR1]) " ..
    "= 1 <T>"):format(name), "io_pgetevents")
  ctx:submit(aio.poll(rd, "in"))
  w:write("x")
  ctx:getevents()
  tap.like(last(), "{#5 in %+T}", "what a poll found")
  ctx:submit(aio.preadv(f, {aio.buffer(512), aio.buffer(512)}, 512))
  tap.like(last(), "{#6 preadv %d+<FILE> 2 segments @512}", "a vector")
  ctx:reap()
  ctx:submit({}, 0)
  tap.is(last(), ("io_submit(%s, 0, []) = 0 <T>"):format(name), "nothing")
  tap.errno("EINVAL", "no context", aio.setup(0))
  tap.is(last(), "io_setup(0) = -1 EINVAL (Invalid argument) <T>",
         "nor in the trace")
end

do -- long lists
  local many = {}
  for i = 1, 40 do many[i] = aio.fsync(f) end
  ctx:submit(many)
  local _, n = last():gsub("{", "")
  tap.is(n, 32, "32 of 40")
  tap.like(last(), "}, ...%]%) = 40 <T>", "and an ellipsis")
  ctx:getevents(40)
end

do -- overlaps, once of each kind
  local buf = aio.buffer(4096)
  local before = #lines
  ctx:submit(aio.pwrite(f, buf), aio.pread{fd=f, buf=buf:slice(512, 512)},
             aio.poll(idle, "in"))
  local warned = {}
  for i = before + 1, #lines do
    warned[#warned + 1] = lines[i]:match("! .*")
  end
  tap.is(#warned, 2, "two warnings")
  tap.like(warned[1], "#%d+ and #%d+ .* bytes of the file", "of the file")
  tap.like(warned[2], "#%d+ and #%d+ .* memory", "of memory")
  ctx:getevents(2)
  before = #lines
  ctx:submit(aio.pwrite(f, buf), aio.pread{fd=f, buf=buf})
  tap.is(#lines, before + 1, "said once")
  ctx:getevents(2)
end

do -- destroy, and the end
  local second = assert(aio.setup(4))
  second:submit(aio.poll(idle, "in"))
  second:destroy()
  tap.is(last(), ("io_destroy(ctx%d) = 0 <T> 1 events lost"):format(
    second.serial), "io_destroy")
  aio.trace(false)
  tap.is(last(), "+++ 1 in flight +++", "what is left at the end")
  local n = #lines
  ctx:submit(aio.fsync(f))
  tap.is(#lines, n, "off")
  ctx:getevents()
end

do -- files
  local file = dir .. "/trace.txt"
  tap.is(aio.trace(file), true, "to a file, by name")
  ctx:submit(aio.fsync(f))
  local text = io.open(file):read("a")
  tap.like(text, "^0%.%d+ io_submit%b() = 1 <.->[^\n]*\n$",
           "each line is there at once")
  local out = assert(io.open(file, "w"))
  tap.is(aio.trace(out), true, "to a file that is open; the other one ends")
  ctx:getevents()
  aio.trace(false)
  tap.is(io.type(out), "file", "which stays open")
  out:close()
  text = io.open(file):read("a")
  tap.like(text, "^0%.%d+ io_getevents", "only what came since")
  tap.errno("ENOENT", "no such directory", aio.trace(dir .. "/no/file"))
  tap.raises("bad argument #1 to 'trace'", "no file", aio.trace, 5)
  tap.raises("bad argument #1 to 'trace'", "a closed file", aio.trace, out)
  os.remove(file)
end

do -- too much at once
  local big = assert(aio.setup(6000))
  local zero = assert(aio.open("/dev/zero"))
  local many = {}
  for i = 1, 6000 do many[i] = aio.pread(zero, aio.buffer(16)) end
  aio.trace(keep)
  local before = #lines
  big:submit(many)
  tap.like(lines[before + 1] or "", "^%.%.%. %d+ entries missed$",
           "says how many were missed")
  tap.is(#big:getevents(6000), 6000, "no event is")
  aio.trace(false)
  big:destroy()
end

do -- functions that misbehave: the program does not notice
  local stderr = dir .. "/stderr.txt"
  local aiosh = os.getenv("AIOSH_STOCK") and arg[-1] or "./aiosh"
  local function run(code)
    local script = dir .. "/script.lua"
    local out = assert(io.open(script, "w"))
    out:write(code)
    out:close()
    local pipe = io.popen(("%s '%s' 2> '%s'"):format(aiosh, script, stderr))
    local text = pipe:read("a")
    local _, _, code_ = pipe:close()
    os.remove(script)
    local err = io.open(stderr):read("a")
    os.remove(stderr)
    return text, err, code_
  end
  local head = 'aio = aio or require "aio" ctx = aio.setup(4) ' ..
    'f = aio.open("/dev/zero") b = aio.buffer(512) '
  local body = 'ctx:submit(aio.pread(f, b)) print(#ctx:getevents())'
  local text, err = run(head .. 'aio.trace(function() error "oops" end) '
                        .. body)
  tap.is(text, "1\n", "an error loses no result")
  tap.like(err, "aio: the trace's function failed and is let go: .*oops",
           "and is told")
  text, err = run(head .. 'aio.trace(coroutine.yield) ' .. body)
  tap.is(text, "1\n", "a function that yields")
  tap.like(err, "let go: .*yield", "can't")
  text, err = run(head .. 'aio.trace(function() ' ..
    'aio.setup(4):submit(aio.pread(f, b)) aio.trace(false) end) ' .. body)
  tap.is(text .. err, "1\n", "one that ends the trace")
  local file = dir .. "/exit.txt"
  local status
  text, err, status = run(head .. ('aio.trace(%q) '):format(file) .. body ..
    ' r, w = aio.pipe() ctx:submit(aio.poll(r, "in")) os.exit(3)')
  tap.is(text .. err, "1\n", "os.exit")
  tap.is(status, 3, "its status")
  text = io.open(file):read("a")
  tap.like(text, "%+%+%+ 1 in flight %+%+%+\n$", "the trace is complete")
  text, err, status = run(head .. ('aio.trace(%q) '):format(file) ..
    'ctx:submit(aio.fsync(-1)) pcall(ctx.each, ctx, 2, 1) error "stop"')
  tap.is(text, "", "an error ends the program")
  tap.like(err, "stop", "and is reported")
  tap.is(status, 1, "with its status")
  text = io.open(file):read("a")
  tap.like(text, "^[%d.]+ io_submit[^\n]* EBADF [^\n]*\n$",
           "the trace is complete")
  text, err = run(head .. "aio.trace() " .. body)
  tap.is(text, "1\n", "by default")
  tap.like(err, "io_submit.*io_getevents", "it goes to the standard error")
  os.remove(file)
end

writer:close()
os.remove(path)
tap.done()
