-- The terminal's side: size, job control, pastes, letters of several bytes,
-- long lines, TAB.
local tap = require "aio.tap"
local terminal = require "terminal"

local t = terminal.start { columns = 40, rows = 40 }

-- lines wider than the terminal
local long = "#'" .. ("0123456789"):rep(12) .. "'"
t:gives(long, "120", "a line of three rows")
t:keys "\27[A"
t:shows("9'$")
t:keys "\1"
t:keys "1 + "
t:take(function() return t.screen:text():find("\naio> 1 + #'01", 1, true) end,
  "editing at its beginning")
t:keys "\r"
t:ready()
tap.like(t.screen:text(), "\n121\naio> $", "runs what is seen")

-- UTF-8
t:gives("#'häßlich'", "9", "letters of two bytes")
t:type("#'€uro'")
t:keys "\127\127\127\127\127"
t:type("€€'")
t:keys "\r"
t:ready()
tap.like(t.screen:text(), "#'€€'\n6\naio> $", "erased one by one")

-- a paste is one chunk
t:keys "\27[200~local p = 20\nlocal q = 3\nreturn p * q\27[201~"
t:shows("return p %* q$")
t:keys "\r"
t:ready()
tap.like(t.screen:text(), "\n60\naio> $", "a paste is one chunk")

-- another size
t:type("half a line")
t:resize(60, 40)
t:keys " of"
t:take(function() return t.screen:text():find "half a line of$" end,
  "the line stands after a resize")
t:keys "\21"
t:ready()
t:gives("(aio.terminal())", "60", "the new size is known")
t:gives(("#'%s'"):format(("x"):rep(56)), "56", "and used for wrapping")
t:gives("os.getenv 'COLUMNS' == nil and 1", "1",
  "children do not inherit it")

-- TAB: what Lua answers is put into the line.
t:run("words = {} start, behind = 0, ''")
t:run("package.loaded['aio.complete'] = {candidates = function(line, point) " ..
  "asked = line return words, start, behind end}")
local function tab(line, words, start, behind)
  t:run(("words, start, behind = %s, %d, %q"):format(words, start, behind))
  t:keys(line .. "\t")
end
tab("foo.ba", "{'bar'}", 4, "(")
t:shows("\naio> foo.bar%($", "a single candidate, with what comes behind")
t:keys "\21"
t:ready()
tab("foo.b", "{'bar', 'baz', 'barn'}", 4, "(")
t:shows("\naio> foo.ba$", "several: what they have in common")
t:keys "\t\t"
t:shows("\nbar +baz +barn *\naio> foo.ba$", "then they are listed")
t:keys "\21"
t:ready()
tab("x('a b/c", "{'a b/cä'}", 3, "'")
t:shows("\naio> x%('a b/cä'$", "names with blanks, and with letters")
t:keys "\21"
t:ready()
tab("nothing", "{}", 0, "")
t:type(" = 1")
t:keys "\r"
t:ready()
t:run("words = setmetatable({}, {__index = error, __len = error})")
t:type("t")
t:keys "\t"
t:type("s")
t:keys "\21"
t:run("package.loaded['aio.complete'].candidates = function() error 'x' end")
t:type("u")
t:keys "\tv"
t:shows("\naio> uv$", "an error in there is no candidate")
t:keys "\21"
t:ready()

-- fd 0, shared
t:type("print 'now' line = io.read()")
t:keys "\r"
t:shows("\nnow\n$")
t:keys "for io.read\r"
t:ready()
t:gives("line == 'for io.read' and 1", "1", "io.read gets its line")
tap.is(t:leave(), "exit 0", "the end")

-- Ctrl-Z and fg, with a shell's job control around it.
t = terminal.start { command = "sh -i", prompt = false }
t:shows("sh: $")
t:keys "./aiosh\r"
t:ready()
t:gives("6 * 7", "42")
t:type("6 * ")
t:keys "\26"
t:shows("sh: $", "Ctrl-Z")
t:keys "fg\r"
t:shows("fg\n.*aio> 6 %* $", "fg: the line is there again")
t:type("8")
t:keys "\r"
t:ready()
tap.like(t.screen:text(), "\n48\naio> $", "and goes on")
t:keys "\4"
t:shows("sh: $")
t:keys "exit\r"
tap.is(t:ends(), "exit 0", "the end")

-- A terminal that can do nothing.
t = terminal.start { env = { TERM = "dumb" } }
t:gives("1 + 1", "2", "TERM=dumb")
t:gives("error('x', 0)", "x", "without colours")
tap.is(t:leave(), "exit 0", "the end")
tap.done()
