-- aio.tap, judged by running small files of tests in this interpreter. The
-- first checks do without it, so that a tap that calls everything a success
-- is found out.
local tap = require "aio.tap"

local interpreter
do
  local i = 0
  while arg[i - 1] do
    i = i - 1
  end
  interpreter = arg[i]
end

local file = os.tmpname()

-- The output, the errors and the exit status of a program that uses tap.
local function run(program, environment)
  local out = assert(io.open(file, "w"))
  out:write("require 'aio' local tap = require 'aio.tap'\n", program)
  out:close()
  local command = ("%s exec '%s' %s 2>%s.err"):format(environment
    or "unset HARNESS_ACTIVE;", interpreter, file, file)
  local pipe = assert(io.popen(command))
  local output = pipe:read("a")
  local _, _, status = pipe:close()
  local errors = assert(io.open(file .. ".err"))
  local text = errors:read("a")
  errors:close()
  return output, text, status
end

local function passes(program, want)
  local output, text, status = run(program .. "\ntap.done()")
  assert(output == want, output)
  assert(text == "", text)
  assert(status == 0, status)
end

local function fails(program, want, diagnosis)
  local output, text, status = run(program .. "\ntap.done()")
  assert(output == want, output)
  assert(text:find(diagnosis, 1, true), text)
  assert(status == 1, status)
end

passes("tap.ok(1 == 1, 'equal')", "ok 1 - equal\n1..1\n")
fails("tap.ok(1 == 2, 'equal')", "not ok 1 - equal\n1..1\n",
  "failed test 1 - equal at " .. file .. ":2\n")
tap.ok(true, "a test passes, a test fails")

local function check(name, fn, ...)
  local good, message = pcall(fn, ...)
  if not tap.ok(good, name) then
    tap.note(message)
  end
end

check("without names", passes, "tap.ok(true) tap.ok(0)",
  "ok 1\nok 2\n1..2\n")
check("nil and false fail", fails, "tap.ok(nil) tap.ok(false)",
  "not ok 1\nnot ok 2\n1..2\n", "2 of 2 tests failed")
check("a plan comes first", passes, "tap.plan(1) tap.ok(true)",
  "1..1\nok 1\n")
check("too few tests", fails, "tap.plan(2) tap.ok(true)", "1..2\nok 1\n",
  "2 tests were planned, but 1 were run")
check("too many tests", fails, "tap.plan(1) tap.ok(true) tap.ok(true)",
  "1..1\nok 1\nok 2\n", "1 tests were planned, but 2 were run")
check("no tests at all", fails, "", "", "no tests were run")
check("a name is one line without directives", passes,
  "tap.ok(true, 'a # TODO\\nb')", "ok 1 - a \\# TODO b\n1..1\n")

check("is", passes, "tap.is(1, 1.0, 'one') tap.is(nil, nil)",
  "ok 1 - one\nok 2\n1..2\n")
check("is shows both", fails, "tap.is('a\\n', 2, 'x')",
  "not ok 1 - x\n1..1\n", '#   got:      "a\\n"\n#   expected: 2\n')
check("is compares values, not texts", fails, "tap.is('1', 1)",
  "not ok 1\n1..1\n", 'got:      "1"')

check("like", passes, "tap.like('abc', '^a.c$') tap.like('a[b', 'a[')",
  "ok 1\nok 2\n1..2\n")
check("like fails", fails, "tap.like('abc', 'b%d') tap.like(nil, 'x')",
  "not ok 1\nnot ok 2\n1..2\n", 'should match: "b%d"')

check("raises", passes,
  "tap.raises('^told$', 'r', error, 'told', 0) "
  .. "tap.raises('(got [', 's', error, 'x (got [1])')",
  "ok 1 - r\nok 2 - s\n1..2\n")
check("nothing raised", fails, "tap.raises('', 'r', tostring, 1)",
  "not ok 1 - r\n1..1\n", "no error was raised")
check("raised something else", fails, "tap.raises('this', 'r', error, 'that')",
  "not ok 1 - r\n1..1\n", 'raised:       "that"')

check("errno", passes,
  "tap.errno(2, 'n', io.open('/nowhere/at/all')) "
  .. "tap.errno('EIO', 's', nil, 'read: broken (EIO)', 5)",
  "ok 1 - n\nok 2 - s\n1..2\n")
check("another errno", fails, "tap.errno(1, 'n', io.open('/nowhere/at/all'))",
  "not ok 1 - n\n1..1\n", "No such file or directory\", 2\n")
check("another name", fails, "tap.errno('EPERM', 'n', nil, 'x: y (EIO)', 5)",
  "not ok 1 - n\n1..1\n", 'expected: nil, message, "EPERM"')
check("errno wants nil, a message and a number", fails,
  "tap.errno(5, 'a', false, 'm', 5) tap.errno(5, 'b', nil, nil, 5) "
  .. "tap.errno(5, 'c', nil, 'm') tap.errno(5, 'd', nil, 'm', '5') "
  .. "tap.errno('EIO', 'e', 5)",
  "not ok 1 - a\nnot ok 2 - b\nnot ok 3 - c\nnot ok 4 - d\nnot ok 5 - e\n"
  .. "1..5\n", "5 of 5 tests failed")

check("note", passes, "tap.note('a\\nb') tap.ok(true)",
  "# a\n# b\nok 1\n1..1\n")
check("skipping some", passes,
  "tap.plan(4) tap.skip('one') tap.skip('two', 2) tap.skip('why', 'what')",
  "1..4\nok 1 # SKIP one\nok 2 # SKIP two\nok 3 # SKIP two\n"
  .. "ok 4 - what # SKIP why\n")

check("every check says whether it passed", passes, [[
  io.stderr = {write = function() end, flush = function() end}
  assert(tap.ok(1) == true and tap.ok(nil) == false)
  assert(tap.is(1, 2) == false and tap.like("a", "a") == true)
  assert(tap.raises("x", "", error, "x") and tap.errno(5, "", nil, "m", 5))
  print("so they do") os.exit(0)]],
  "ok 1\nnot ok 2\nnot ok 3\nok 4\nok 5 - \nok 6 - \nso they do\n")

local function skipped_file()
  local program = "tap.skip('not here') print('never')"
  local output, text, status = run(program)
  assert(output == "1..0 # SKIP not here\n" and text == "" and status == 77,
    output .. text .. status)
  output, text, status = run(program, "HARNESS_ACTIVE=1")
  assert(output == "1..0 # SKIP not here\n" and text == "" and status == 0,
    output .. text .. status)
end
check("skipping the whole file: 77, under prove 0", skipped_file)

local function escaping()
  local output, text, status = run("tap.ok(true) error('escaped')")
  assert(output == "ok 1\n" and status == 1, output .. status)
  assert(text:find("escaped", 1, true), text)
end
check("an error that escapes fails the file", escaping)

local function misuse()
  tap.raises("begun already", "no plan after a test", tap.plan, 3)
  tap.raises("count expected", "a plan is a count", tap.plan, "3")
  tap.raises("count expected", "and not negative", tap.plan, -1)
end
misuse()

os.remove(file)
os.remove(file .. ".err")
tap.done()
