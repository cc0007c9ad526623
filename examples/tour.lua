-- A tour of Linux AIO on a real file: write, read, verify, poll, cancel, wait.
--   usage: aiosh examples/tour.lua [directory]
--
-- Each step is a few lines of Lua, printed as they run: how long each took,
-- the line itself, what came back. The exit status is 1 if a result is wrong.
-- The file is made in the directory given, else in TMPDIR, else in the current
-- one or /tmp; its name is removed once it is open, so that nothing stays.

local t = setmetatable({}, {__index = _G}) -- the variables of these lines
local failures = 0
local function title(text) io.write("\n", text, "\n") end

-- Within 80 columns, from that column on.
local function wrapped(text, column)
  local lines, room = { "" }, 80 - column
  for word in text:gmatch("%S+") do
    local longer = lines[#lines] .. " " .. word
    if lines[#lines] == "" then longer = word end
    if #longer > room and lines[#lines] ~= "" then
      lines[#lines + 1], longer = "", word
    end
    lines[#lines] = longer
  end
  return table.concat(lines, "\n" .. (" "):rep(column))
end

local function note(text, ...)
  io.write((" "):rep(11), "-- ", wrapped(text:format(...), 14), "\n")
end

local function expect(ok)
  if ok then return end
  failures = failures + 1
  note("FAILED")
end

-- A result that does not fit beside its line goes below it.
local function show(ns, code, result)
  local line = ("%9s  %-30s  %s"):format(aio.duration(ns), code, result)
  if #line > 80 then
    line = line:sub(1, 11 + #code) .. "\n" .. (" "):rep(13)
      .. wrapped(result, 13)
  end
  io.write((line:gsub(" +$", "")), "\n")
  return result
end

-- Runs an expression, "a, b = expression" or a loop: its results, how many ns.
local function run(code)
  local names, value = code:match("^([%w_, ]+) = (.+)$")
  local text = code:find("^for ") and code or "return " .. (value or code)
  local chunk = assert(load(text, "=" .. code, "t", t))
  local begin = aio.now()
  t.results = table.pack(chunk())
  local ns = aio.now() - begin
  if names then load(names .. " = table.unpack(results)", names, "t", t)() end
  return t.results, ns
end

local function text_of(results)
  for i = 1, results.n do results[i] = tostring(results[i]) end
  return table.concat(results, ", ")
end

local function stop(message, errno)
  local l = errno == aio.EAGAIN and aio.limits() or {}
  local use = l.aio_nr and (": %d of %d in use"):format(l.aio_nr, l.aio_max_nr)
  io.stderr:write("tour: ", message, use or "", "\n")
  os.exit(1, true)
end

-- A line that has to work, unless it may fail: then the errno if it did. false
-- is a verification that failed.
local function call(code, may_fail)
  local results, ns = run(code)
  local failed = results[1] == nil and results[2]
  local errno = failed and results[3]
  if failed and not may_fail then stop(failed, errno) end
  expect(show(ns, code, failed or text_of(results)) ~= "false")
  return errno
end

local function was_it_asynchronous()
  note("%s", t.ctx.last_submit)
end

local name = ("/aiosh-tour-%08x"):format(math.random(0, 0xffffffff))

local function writable(dir)
  local f <close> = aio.open(dir .. name, "wronly,creat,excl")
  return f and f:unlink()
end

local function choose_path()
  local given = arg[1] or os.getenv("TMPDIR")
  return (given or writable(".") and "." or "/tmp") .. name
end

-- The type of the file system that f is on, from its mount's line.
local function filesystem(f)
  local info <close> = io.open("/proc/self/fdinfo/" .. f:fileno())
  if not info then return nil end
  local mount = info:read("a"):match("mnt_id:%s*(%d+)")
  for line in io.lines("/proc/self/mountinfo") do
    if line:match("^%d+") == mount then return line:match(" %- (%S+)") end
  end
end

local function open_files()
  t.path = choose_path()
  call 'g = aio.open(path, "rdwr,creat,excl")'
  local refused = call('f = aio.open(path, "rdwr,direct")', true)
  call 'g:unlink()'
  local fs = filesystem(t.g) or "?"
  if refused then
    note("%s refuses O_DIRECT, so f is buffered: all done in io_submit", fs)
    t.f = t.g
  elseif fs == "tmpfs" then
    note("tmpfs differs: all done in io_submit, nothing to be aligned")
  else
    note("%s: direct I/O wants memory and file offset aligned to:", fs)
    call('f:dioalign()', true)
  end
end

-- ---- the tour ----

local kernel = aio.limits().kernel:match("^[%d.]+")
io.write("aiosh ", aio.version, ", Linux ", kernel, "\n")
io.write(("%9s  %-30s  %s\n"):format("took", "the call", "what came back"))

title "1. A context; a file, opened buffered and direct; aligned memory"
call 'ctx = aio.setup(64)'
open_files()
call 'f:truncate("256k")'
call 'out = aio.buffer("256k")'
call 'back = aio.buffer("256k")'
call 'out:fill{random=1}'

title "2. Write, then flush"
call 'ctx:submit(aio.pwrite(f, out))'
was_it_asynchronous()
call 'ev = ctx:getevents()[1]'
call 'ev.res == #out'
call 'ctx:submit(aio.fdsync(f))'
call 'ev = ctx:getevents()[1]'
call 'ev.res == 0'

title "3. Read, and verify"
call 'ctx:submit(aio.pread(f, back))'
call 'ev = ctx:getevents()[1]'
call 'ev.res == #back and back:check{random=1}'

title "4. 32 reads of 8 KiB in one io_submit, taken with ctx:each"
t.reads, t.n = {}, 0
for i = 0, 31 do
  t.reads[i + 1] = aio.pread(t.f, t.back:slice(i * 8192, 8192)):at(i * 8192)
end
call 'back:fill(0)'
call 'ctx:submit(reads)'
was_it_asynchronous()
call 'for cb, res in ctx:each(32) do n = n + res end return n'
call 'n == #back and back:check(out)'

title "5. The same reads from the buffered file"
call 'for _, cb in ipairs(reads) do cb.fd = g end'
call 'ctx:submit(reads)'
was_it_asynchronous()
call '#ctx:getevents(32) == 32'

title "6. A failure comes from the call, or in the event"
expect(call('ctx:submit(aio.fsync(-1))', true) == aio.EBADF)
call 'ctx:submit(aio.pread(f, back, 1000))'
call 'ev = ctx:getevents()[1]'
note("%s", t.ev.err and "aio.explain(ev) tells more" or "no matter here")

title "7. Poll a pipe: nothing within 20 ms, then what is written"
call 'r, w = aio.pipe()'
call 'p = aio.poll(r, "in")'
call 'ctx:submit(p)'
call '#ctx:getevents(1, 1, 0.02) == 0'
call 'w:write("hello")'
call 'ev = ctx:getevents()[1]'
call 'ev.obj == p and r:read(5) == "hello"'

title "8. Cancel: the kernel can cancel polls, and nothing else"
call 'ctx:submit(p)'
call 'ctx:cancel(p)'
call 'ev = ctx:getevents()[1]'
call 'ev.obj == p and ev.res == 0'

title "9. Wait with an eventfd and epoll"
call 'efd = aio.eventfd()'
call 'waiter = aio.waiter():add(efd, "in")'
call 'read = aio.pread{fd=f, buf=back, eventfd=efd}'
call 'ctx:submit(read)'
call 'for obj, events in waiter:wait(5) do return events end'
call 'efd:read()'
call 'ev = ctx:reap()[1]'
call 'ev.obj == read and back:check(out)'

title "10. Clean up"
call 'f:close()'
call 'ctx:destroy()'
note("io_destroy waits for all CPUs (RCU): some 30 ms, even when idle")

title(failures == 0 and "Every result was verified." or
      failures .. " results were wrong.")
os.exit(failures == 0, true)
