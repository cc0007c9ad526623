-- aiosh on a pseudo terminal, with a screen to look at. Every wait has a
-- deadline and shows the screen when it is over.
local aio = require "aio"
local screen = require "screen"
local tap = require "aio.tap"

local terminal = {}
terminal.__index = terminal

local SECONDS = 60
local dir = os.getenv("TMPDIR") or "build/tmp"
local sessions = 0

local function quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- The same everywhere: no user's files, no colours, and a size of its own.
local function environment(options)
  local home = options.home or dir
  local env = {
    HOME = home, XDG_STATE_HOME = home .. "/state", TERM = "xterm",
    XDG_CONFIG_HOME = home .. "/config", INPUTRC = "/dev/null",
    LC_ALL = "C.UTF-8", NO_COLOR = "1", PS1 = "sh: ",
  }
  for name, value in pairs(options.env or {}) do env[name] = value end
  local words = { "env -u COLUMNS -u LINES -u ENV" }
  for name, value in pairs(env) do
    words[#words + 1] = name .. "=" .. quoted(value)
  end
  return table.concat(words, " ")
end

-- How long a statement took is not shown, except where a test asks for it.
local function write_start(home)
  local name = home .. "/config/aiosh/init.lua"
  if io.open(name) or home:find "^/proc" then return end
  os.execute("mkdir -p " .. quoted(home .. "/config/aiosh"))
  local f <close> = assert(io.open(name, "w"))
  f:write("aio.timing(false)\n")
end

local function fifo(name)
  assert(os.execute("mkfifo " .. quoted(name)))
  return name
end

-- Begins a session: {command=, columns=, rows=, home=, env=, prompt=}.
function terminal.start(options)
  options = options or {}
  sessions = sessions + 1
  write_start(options.home or dir)
  local base = ("%s/session%d"):format(dir, sessions)
  local input, output = fifo(base .. ".in"), fifo(base .. ".out")
  local columns, rows = options.columns or 80, options.rows or 50
  os.execute(("%s %s %d %d %s <%s >%s &"):format(environment(options),
    quoted(os.getenv "AIOSH_PTY"), columns, rows,
    options.command or "./aiosh", quoted(input), quoted(output)))
  local t = setmetatable({ screen = screen.new(columns, rows), raw = "",
    input = assert(aio.open(input, "wronly")),
    output = assert(aio.open(output, "rdonly,nonblock")) }, terminal)
  t.waiter = aio.waiter():add(t.output, "in")
  t:take(function() return t.raw:find "\n" end, "the session begins")
  t.tty, t.pid = t.raw:match "^(%S+) (%d+)\n"
  t.screen:feed((t.raw:gsub("^[^\n]*\n", "")))
  if options.prompt ~= false then t:ready() end
  return t
end

-- Reads what has come, if anything does until the deadline.
local function receive(t, deadline)
  local seconds = math.max(deadline - aio.now(), 0) / 1e9
  local step, state = t.waiter:wait(seconds)
  local bytes = step(state) and t.output:read(65536)
  if not bytes or bytes == "" then return false end
  if t.tty then t.screen:feed(bytes) end
  t.raw = t.raw .. bytes
  return true
end

function terminal:take(good, what)
  local deadline = aio.now() + SECONDS * 1000000000
  local found = good()
  while not found do
    if not receive(self, deadline) then
      tap.ok(false, what)
      tap.note("the screen:\n" .. self.screen:rows_text())
      tap.note(("its end: %q"):format(self.raw:sub(-500)))
      tap.done()
    end
    found = good()
  end
  return found
end

-- ---- keys ----

function terminal:keys(text)
  assert(self.input:write(text))
end

-- Waits until the screen's text, with wrapped lines joined, matches a pattern.
function terminal:shows(pattern, name)
  local found = self:take(function()
    return self.screen:text():match(pattern)
  end, name or "the screen shows " .. pattern)
  if name then tap.ok(true, name) end
  return found
end

-- Waits for an empty line behind a prompt, where the cursor is.
function terminal:ready()
  self:take(function()
    return ("\n" .. self.screen:text()):find "\n[a.][i.][o>][ %d+]*>? $"
  end, "the prompt is there")
end

-- Types text and waits until it is seen. At a row's end readline prints a
-- blank, to be in the next one.
function terminal:type(text)
  self:keys(text)
  self:take(function()
    local shown = self.screen:text()
    return shown:sub(-#text) == text or shown:sub(-#text - 1) == text .. " "
  end, "typed: " .. text)
end

-- Types a line, lets it run, and answers what was printed between it and the
-- next prompt.
function terminal:run(text)
  self:type(text)
  local seen = #self.screen:text()
  self:keys "\r"
  self:take(function()
    local after = self.screen:text():sub(seen + 1)
    return after:find "^\n" and after:find "\n[a.][i.][o>][ %d+]*>? $"
  end, "ran: " .. text)
  local after = self.screen:text():sub(seen + 1)
  return (after:gsub("\n[^\n]*$", ""):gsub("^\n", ""))
end

-- The same as a test.
function terminal:gives(text, want, name)
  tap.is(self:run(text), want, name or text)
end

-- ---- the end ----

function terminal:resize(columns, rows)
  self.screen:resize(columns, rows)
  os.execute(("stty -F %s columns %d rows %d"):format(self.tty, columns, rows))
end

function terminal:signal(name)
  os.execute(("kill -%s %s"):format(name, self.pid))
end

-- Waits for the end: "exit 0", "signal 15".
function terminal:ends()
  return self:take(function()
    return self.raw:match "\n%[(%l+ %d+)%]\n$"
  end, "the session ends")
end

function terminal:close()
  self.waiter:close()
  self.input:close()
  self.output:close()
end

-- Ctrl-D at an empty prompt.
function terminal:leave()
  self:keys "\4"
  local status = self:ends()
  self:close()
  return status
end

return terminal
