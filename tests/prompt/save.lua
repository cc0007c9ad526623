-- aio.save: the session as a script.
local aio = require "aio"
local tap = require "aio.tap"
local terminal = require "terminal"

local dir = os.getenv("TMPDIR") or "build/tmp"
local path = dir .. "/saved.lua"
local function saved()
  local f = assert(io.open(path))
  local text = f:read("a")
  f:close()
  return text
end
local function output()
  local p = io.popen("./aiosh '" .. path .. "' 2>&1")
  local text = p:read("a")
  local good = p:close()
  return good and text or "failed: " .. text
end

local t = terminal.start()
t:run("aio.timing(false);")
t:run("x = 20")
t:run("x + 1")
t:run("error('not this')")
t:run("local y = 5; print(x + y)")
t:run("local y = 6; print(x + y) -- again")
t:run("function f(...)")
t:run("return select('#', ...) end")
t:run("f(1, 2);")
t:run("(f)(1, 2, 3)")
t:run("return f()")
t:gives(("aio.save('%s')"):format(path), "9", "how many were written")
local text = saved()
tap.like(text, "^#!/usr/bin/env aiosh\n", "it is a script")
tap.ok(not text:find "not this", "what failed is left out")
tap.like(text, "\n%-%- aio.timing%(false%);\n", "what is the prompt's as well")
tap.is(output(), "21\n25\n26\n", "it prints what was printed")

t:run("_ * 2")
t:run("print(_1, _2)")
t:gives(("aio.save('%s', -2)"):format(path), "2", "the last ones")
tap.like(output(), "attempt to perform arithmetic",
  "which stand on the ones before")
t:gives(("aio.save('%s', 3, -1)"):format(path), "9", "from the third one on")

local probe = aio.setup(1)
if probe and probe.ring.usable then
  t:run("ctx = aio.setup(4) r, w = aio.pipe()")
  t:run("aio.forget();")
  t:run("ctx:submit(aio.poll(r, 'in'));")
  t:run("w:write('x');")
  t:shows("\n#1 poll fd [^\n]*\naio 0%+1> $")
  t:run("#ctx:getevents(1)")
  t:run("_ + 1")
  t:gives(("aio.save('%s', -6)"):format(path), "6")
  tap.like(saved(), "\nkeep%(w:write%('x'%)%)\n%-%-> #1 poll fd %d+ %-> in ",
    "what completed is a comment")
  tap.like(saved(), "getevents%(1%)%)\n%-%-> poll %-> in %(",
    "and what a chunk took")
  tap.like(saved(), "local function keep", "the values are kept there as well")
  tap.is(output(), "", "and it runs")
end
t:gives("aio.save('/nowhere/x.lua');",
  "nil  /nowhere/x.lua: No such file or directory  2")
tap.like(t:run("aio.save(1, 2)"), "aio.save: path: string expected, got number",
  "a bad path")
tap.is(t:leave(), "exit 0", "the end")

local p = io.popen("./aiosh -e 'aio.save(\"x\")' 2>&1")
tap.like(p:read("a"), "aio.save: this is no prompt", "in a script")
p:close()
tap.done()
