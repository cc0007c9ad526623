-- What is typed at the prompt, and what it answers.
local tap = require "aio.tap"
local terminal = require "terminal"

local t = terminal.start()
t:gives("aio.timing(false);", "", "a semicolon silences")

-- how long it took
t:run("function wait(ns) ns = ns + aio.now() repeat until aio.now() > ns end")
t:gives("wait(2000000);", "", "not while that is off")
t:run("aio.timing(nil);")
tap.like(t:run("wait(2000000);"), "^%([%d.]+ m?s%)$", "from 1 ms on")
t:run("aio.timing(true);")
tap.like(t:run("1"), "^1\n%([%d.]+ [num]?s%)$", "always")
t:gives("aio.timing(false)", "true", "never")

-- expressions, statements, several lines
t:gives("1 + 1", "2")
t:gives("x = 5", "")
t:gives("x", "5")
t:gives("=x", "5")
t:gives("x; -- why", "", "a semicolon with a comment behind it")
t:gives("x -- why;", "5", "one in a comment does not silence")
t:gives("#'a;'", "2", "nor one in a string")
t:gives("print(x)", "5")
t:gives("x =", "")
t:gives("7", "", "a statement goes on")
t:gives("x", "7")
t:gives("#{", "")
t:gives("1, 2}", "2", "so does an expression")
t:gives("(42", "")
t:gives(")", "42", "also in parentheses")
t:gives("{", "")
t:gives("}; print(1)", "stdin:1: unexpected symbol near '{'",
  "and what can't be right when it is complete is told")
t:gives("{", "")
t:gives("};", "", "a table may begin with its brace")
t:gives("function f() return 1,", "")
t:gives("2 end", "")
t:gives("#{f()}", "2", "a function of two lines")
t:gives("#{...}", "0")
t:gives("s = [[a", "")
t:gives("b]]", "")
t:gives("#s", "3", "a long string keeps its newline")

-- values
t:gives("21 * 2", "42")
t:gives("_", "42")
t:gives("_ + _1", "84", "_ and _1 are the last value")
t:gives("_2 + _3", "84", "_2 and _3 are older ones")
t:gives("nil;", "")
t:gives("_1", "84", "nil is not kept")
t:gives("for i = 1, 30 do _G['_' .. i] = _G['_' .. i] and i end", "")
t:gives("aio.forget();", "")
t:gives("print(_, _1, _20)", "nil     nil     nil", "aio.forget clears them")

-- what goes wrong
t:gives("x y", "stdin:1: syntax error near 'y'")
t:gives("'abc", "stdin:1: unfinished string near <eof>")
t:gives("#'abc\\", "")
t:gives("def'", "7", "a backslash goes on in the next line")
t:gives("return 1, 2;", "", "return may be silenced as well")
t:gives("nil, 'call: why', 5;", "nil  call: why  5",
  "a failure is not silenced")
t:gives("error('boom')", "stdin:1: boom", "an error of the line itself")
t:gives("error('boom', 0)", "boom")
t:gives("error()", "(error object is a nil value)")
t:gives("error({})", "(error object is a table value)")
t:gives("error(setmetatable({}, {__tostring = function() return 'own' end}))",
  "own", "an error object that has words")
t:gives("error(setmetatable({}, {__tostring = function() error('!') end}))",
  "(error object is a table value)", "one whose words fail")
t:gives("error(setmetatable({}, {__tostring = 1}))",
  "(error object is a table value)", "one whose words are no function")
t:gives("coroutine.yield(1)", "attempt to yield from outside a coroutine")
t:run("function g() local x = nil + 1 end function h() g() return 1 end")
local trace = t:run("1 + h()")
tap.like(trace, "^stdin:1: attempt to perform arithmetic on a nil value",
  "an error deeper down")
tap.like(trace, "in .*'g'.*in .*'h'.*main chunk$", "has a traceback")
tap.ok(not trace:find "repl", "without the shell's own frames")
t:run("closing = {__close = function() error('b', 0) end}")
t:gives("local c <close> = setmetatable({}, closing); error('a', 0)",
  "a\nand in closing: b\nnote: c was closed at the end of this line",
  "an error in closing is told as well")
tap.like(t:run("function deep() return deep() + 1 end deep()"),
  "^stdin:1: stack overflow", "a stack overflow")
t:gives("1 + 1", "2", "all of which the prompt survives")

-- notes
t:gives("local a = 1", "note: the local a is gone after this line")
t:gives("local a = 1; print(a)", "1", "no note on a local that is used")
t:gives("local b <close> = nil", "note: b was closed at the end of this line")

-- what users break
t:gives("print = nil", "")
t:gives("1 + 1", "2", "print is not needed")
t:gives("print(1)", "stdin:1: attempt to call a nil value (global 'print')")
t:gives("io.write(1, 2) == io.stdout;", "12", "a line without an end gets one")
t:gives("io.stderr:write('x\\n');", "x", "stderr")
t:gives("warn('a', 'b')", "Lua warning: ab", "warnings are on")
t:gives("warn('@off') warn('x')", "", "and can be switched off")
t:gives("debug.sethook(function() end, 'l')", "")
t:gives("1 + 1", "2", "a hook of the user's")
t:gives("os.setlocale('C');", "")
t:run("setmetatable(_G, {__index = error, __newindex = error})")
t:gives("1 + 1", "2", "globals that raise")
t:run("setmetatable(_G, nil)")
t:run("g = {} for k, v in pairs(_G) do g[k] = v end g.g, g._G = nil")
t:run("for k in pairs(g) do _G[k] = nil end")
t:gives("1 + 1", "2", "no globals at all")
t:run("for k, v in g.pairs(g) do _G[k] = v end")

-- aio.prompt, _PROMPT, _PROMPT2
local function prompts(code, pattern, name)
  t:type(code)
  t:keys "\r"
  t:shows(pattern, name)
  t:keys "aio.prompt = nil; _PROMPT = nil\r"
  t:ready()
end
prompts("aio.prompt = 'mine> '", "\nmine> $", "aio.prompt is a string")
prompts("aio.prompt = function(n, m) return n + m .. '? ' end", "\n0%? $",
  "or a function")
prompts("_PROMPT = 'lua> '", "\nlua> $", "_PROMPT is there as well")
prompts("aio.prompt = '\\27[32mgreen\\27[0m> '", "\ngreen> $", "it has colours")
t:gives("aio.prompt = function() error('oops', 0) end",
  "the prompt: oops; prompt is nil now", "one that fails is told, and gone")
t:gives("aio.prompt == nil and 1", "1")
t:run("_PROMPT2 = '... '")
t:type("x =")
t:keys "\r"
t:shows("\n%.%.%. $", "_PROMPT2")
t:keys "1\r"
t:ready()

tap.is(t:leave(), "exit 0", "Ctrl-D ends it with 0")
tap.done()
