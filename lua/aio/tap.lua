-- Tests that print TAP, the Test Anything Protocol. A file of tests is a
-- program: it exits with 0 if all is well, 1 if not, 77 if it was skipped.

local tap = {}

local planned, ran, failed = nil, 0, 0
local here = debug.getinfo(1, "S").source

-- stdout and stderr in the order of writing, and nothing left in a buffer
-- that a child process would write a second time.
local function put(file, ...)
  io.stdout:flush()
  file:write(...)
  file:flush()
end

local function diagnose(text)
  put(io.stderr, "# ", (text:gsub("\n", "\n# ")), "\n")
end

-- The line of the test file that called us.
local function caller()
  local level = 2
  local info
  repeat
    level = level + 1
    info = debug.getinfo(level, "Sl")
  until not info or info.what ~= "C" and info.source ~= here
  return info and info.short_src .. ":" .. info.currentline or "?"
end

-- In a name, '#' would begin a directive and a newline would end the line.
local function label(name)
  if name == nil then
    return ""
  end
  return " - " .. tostring(name):gsub("\n", " "):gsub("#", "\\#")
end

local function report(good, name, ...)
  ran = ran + 1
  put(io.stdout, good and "ok " or "not ok ", ran, label(name), "\n")
  if good then
    return true
  end
  failed = failed + 1
  diagnose("failed test " .. ran .. label(name) .. " at " .. caller())
  for _, line in ipairs({...}) do
    diagnose("  " .. line)
  end
  return false
end

local function show(value)
  if type(value) == "string" then
    return (("%q"):format(value):gsub("\\\n", "\\n"))
  end
  return tostring(value)
end

-- A text matches a pattern, or contains it literally: error messages are full
-- of characters that mean something in patterns.
local function matches(text, pattern)
  local valid, found = pcall(string.find, text, pattern)
  return valid and found ~= nil or text:find(pattern, 1, true) ~= nil
end

local function bye(code)
  os.exit(code, true)
end

--- tap.plan(n)
--
-- Announces n tests. Without a plan, tap.done() prints how many there were.
-- Errors: raises when there is a plan already, or a test has run.
-- Example: tap.plan(3)
-- See: tap.done
function tap.plan(n)
  assert(math.type(n) == "integer" and n >= 0,
    "bad argument #1 to 'plan' (count expected)")
  assert(not planned and ran == 0, "tap.plan: the tests have begun already")
  planned = n
  put(io.stdout, "1..", n, "\n")
end

--- tap.ok(v [, name]) -> true | false
--
-- A test that passes if v is true (neither nil nor false). A failure says on
-- the standard error in which line the test is.
-- Returns: whether it passed.
-- Example: tap.ok(#buf == 512, "the buffer has its size")
function tap.ok(v, name)
  return report(v, name, "got: " .. show(v))
end

--- tap.is(got, want [, name]) -> true | false
--
-- A test that passes if got == want; a failure shows both.
-- Returns: whether it passed.
-- Example: tap.is(ctx.inflight, 0, "nothing is in flight")
function tap.is(got, want, name)
  return report(got == want, name, "got:      " .. show(got),
    "expected: " .. show(want))
end

--- tap.like(got, pattern [, name]) -> true | false
--
-- A test that passes if the string got matches the Lua pattern, or contains
-- it literally.
-- Returns: whether it passed.
-- Example: tap.like(tostring(ctx), "^context", "it tells what it is")
function tap.like(got, pattern, name)
  local good = type(got) == "string" and matches(got, pattern)
  return report(good, name, "got:          " .. show(got),
    "should match: " .. show(pattern))
end

-- Stock Lua has no names for errors; the messages of aio end with them.
local function is_errno(want, message, errno)
  if type(want) == "number" then
    return errno == want
  end
  local found, aio = pcall(require, "aio")
  if found and aio.errname then
    return aio.errname(errno) == want
  end
  return message:find("(" .. want .. ")", 1, true) ~= nil
end

--- tap.errno(want, name, nil, msg, errno) -> true | false
--
-- A test that passes if a call failed as the system calls do, with nil, a
-- message and the errno that is wanted: a name or a number. The call itself
-- is the last argument.
-- Returns: whether it passed.
-- Example: tap.errno("EINVAL", "no events at all", aio.setup(0))
function tap.errno(want, name, ...)
  local value, message, errno = ...
  local good = select("#", ...) >= 3 and value == nil
    and type(message) == "string" and math.type(errno) == "integer"
    and is_errno(want, message, errno)
  return report(good, name, ("got:      %s, %s, %s"):format(show(value),
    show(message), show(errno)), "expected: nil, message, " .. show(want))
end

--- tap.raises(pattern, name, fn, ...) -> true | false
--
-- A test that passes if fn(...) raises an error whose text matches the Lua
-- pattern, or contains it literally.
-- Returns: whether it passed.
-- Example: tap.raises("closed", "a closed buffer", buf.get, buf)
function tap.raises(pattern, name, fn, ...)
  local returned, message = pcall(fn, ...)
  if returned then
    return report(false, name, "no error was raised",
      "should match: " .. show(pattern))
  end
  message = tostring(message)
  return report(matches(message, pattern), name, "raised:       "
    .. show(message), "should match: " .. show(pattern))
end

--- tap.note(text)
--
-- Prints a remark that is no test.
-- Example: tap.note("the file system refuses O_DIRECT")
function tap.note(text)
  put(io.stdout, "# ", (tostring(text):gsub("\n", "\n# ")), "\n")
end

-- prove takes any exit status but 0 for a failure.
local function skip_file(why)
  put(io.stdout, "1..0 # SKIP ", why, "\n")
  bye(os.getenv("HARNESS_ACTIVE") and 0 or 77)
end

--- tap.skip(why [, what])
--
-- Before any plan or test: skips the whole file and exits, with 77, or with 0
-- under prove. After that: skips one test, or as many as the number what says,
-- or the one that the string what names.
-- Example: tap.skip("no luafilesystem here", 2)
function tap.skip(why, what)
  why = tostring(why):gsub("\n", " ")
  if what == nil and not planned and ran == 0 then
    skip_file(why)
  end
  local count = math.type(what) == "integer" and what or 1
  local name = label(type(what) == "string" and what or nil)
  for _ = 1, count do
    ran = ran + 1
    put(io.stdout, "ok ", ran, name, " # SKIP ", why, "\n")
  end
end

local function verdict()
  if ran == 0 and not planned then
    return "no tests were run"
  elseif planned ~= ran then
    return ("%d tests were planned, but %d were run"):format(planned, ran)
  elseif failed > 0 then
    return ("%d of %d tests failed"):format(failed, ran)
  end
end

--- tap.done()
--
-- Ends the file of tests: prints the plan where there was none, compares it
-- with what was run, closes the state and exits with 0 or 1.
-- Example: tap.done()
-- See: tap.plan
function tap.done()
  if not planned and ran > 0 then
    planned = ran
    put(io.stdout, "1..", ran, "\n")
  end
  local complaint = verdict()
  if complaint then
    diagnose(complaint)
  end
  bye(complaint and 1 or 0)
end

return tap
