-- The history and the start-up file.
local tap = require "aio.tap"
local terminal = require "terminal"

local dir = os.getenv("TMPDIR") or "build/tmp"
local function home(name)
  local path = dir .. "/" .. name
  os.execute("mkdir -p '" .. path .. "'")
  return path
end
local function read(path)
  local f = io.open(path, "rb")
  if not f then return nil end
  local text = f:read("a")
  f:close()
  return text
end
local function lines(text)
  return select(2, text:gsub("\n", "\n"))
end

-- One session's entries are the next one's.
local one = home "one"
local file = one .. "/state/aiosh/history"
local t = terminal.start { home = one }
t:run("a = 1")
t:run("a = 1")
t:run("b =")
t:run("2 --[[")
t:run("#3 ]]")
t:run("x y")
tap.is(read(file), "a = 1\nb =\0012 --[[\001#3 ]]\nx y\n",
  "each entry is there at once, a chunk as one, duplicates dropped")
tap.is(io.popen("stat -c %a '" .. file .. "'"):read("l"), "600",
  "nobody else may read it")
t:leave()
t = terminal.start { home = one }
t:keys "\27[A\27[A"
t:shows("\naio> b =\n2 %-%-%[%[\n#3 %]%]$", "the next session has it")
t:keys "\r"
t:ready()
t:gives("b", "2", "a chunk comes back whole")
t:keys "\18a ="
t:shows("i%-search%)`a =': a = 1")
t:keys "\r"
t:ready()
t:gives("a", "1", "Ctrl-R finds it")
t:leave()

-- Two shells at once.
local two = home "two"
local s = { terminal.start { home = two }, terminal.start { home = two } }
for i = 1, 200 do
  for n = 1, 2 do s[n]:keys(("v%d_%d = 1\r"):format(n, i)) end
end
for n = 1, 2 do
  s[n]:take(function()
    return s[n].screen:text():find(("v%d_200 = 1\n.*> $"):format(n))
  end, "both shells are done")
  s[n]:leave()
end
local text, found = read(two .. "/state/aiosh/history"), 0
for n = 1, 2 do
  for i = 1, 200 do
    if ("\n" .. text):find(("\nv%d_%d = 1\n"):format(n, i)) then
      found = found + 1
    end
  end
end
tap.is(found, 400, "two shells writing at once lose nothing")
tap.is(lines(text), 400, "nor add anything")

-- It is bounded.
local three = home "three"
os.execute("mkdir -p '" .. three .. "/state/aiosh'")
local f = assert(io.open(three .. "/state/aiosh/history", "w"))
for i = 1, 8000 do f:write("n = ", i, "\n") end
f:close()
t = terminal.start { home = three }
t:leave()
text = read(three .. "/state/aiosh/history")
tap.is(lines(text), 5000, "a long history is cut")
tap.like(text, "^n = 3001\n.*n = 8000\n$", "to its newest entries")

-- A start-up file, and -E.
local four = home "four"
os.execute("mkdir -p '" .. four .. "/config/aiosh'")
f = assert(io.open(four .. "/config/aiosh/init.lua", "w"))
f:write("aio.timing(false) started = 7 aio.prompt = 'mine> '\n")
f:close()
t = terminal.start { home = four, prompt = false }
t:shows("\nmine> $", "the start-up file is run")
t:keys "started\r"
t:shows("started\n7\nmine> $")
t:leave()
os.remove(four .. "/state/aiosh/history")
t = terminal.start { home = four, command = "./aiosh -E" }
t:run("started = 1")
t:leave()
tap.is(read(four .. "/state/aiosh/history"), nil, "-E skips both")
f = assert(io.open(four .. "/config/aiosh/init.lua", "w"))
f:write("error('bad start', 0)\n")
f:close()
t = terminal.start { home = four }
tap.like(t.screen:text(), "aiosh: bad start\n", "one that fails is told")
t:leave()

-- Where none can be kept.
t = terminal.start { home = "/proc/nowhere" }
tap.like(t.screen:text(), "\naiosh: no history is kept: ", "it is said")
t:run("aio.timing(false);")
t:gives("1 + 1", "2", "and the prompt goes on")
t:leave()
tap.done()
