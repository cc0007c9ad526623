-- The reference as the manual page aiosh(1): what the standard input has of
-- `aiosh --help`, the topics of help(), and every signature.
--   usage: aiosh --help | reference.lua man FILE... > aiosh.1

local topics = dofile("lua/aio/help_topics.lua")

-- The order in which a reader needs them; what is not here comes after.
local ORDER = { "events", "errors", "asynchronous", "alignment", "in flight",
  "partial submit", "flags", "sizes", "timeouts", "waiting", "cancel", "ring",
  "lifetimes", "prompt", "tests", "libaio" }

local HEAD = [==[
.SH NAME
aiosh \- a shell for Linux asynchronous I/O, scriptable in Lua
.SH SYNOPSIS
.B aiosh
.RI [ options ]
.RI [ script
.RI [ args ]]
.SH DESCRIPTION
.B aiosh
is Lua 5.4 with the library
.BR aio ,
which submits, cancels and reaps the kernel's own asynchronous requests
.RB ( io_submit (2))
and shows what came back. It runs a script; without one, and on a terminal, it
is a prompt; without one, and off a terminal, the standard input is the script.
The options, their order and the global
.B arg
are those of
.BR lua (1).
]==]

local TAIL = [[
.SH EXIT STATUS
0 when all went well; 1 when the script failed or an option was wrong. At the
end polls are cancelled and other requests waited for.
.SH ENVIRONMENT
.TP
.BR LUA_INIT_5_4 ", " LUA_INIT ", " LUA_PATH ", " LUA_CPATH
As for
.BR lua (1);
.B \-E
ignores them.
.TP
.BR NO_COLOR ", " TERM
No colours where the first is not empty, or the second is
.BR dumb .
.TP
.B AIOSH_RING=off
Take events by
.BR io_getevents (2)
alone, not from the ring in memory.
.TP
.BI AIOSH_LUA= dir
Take the Lua modules from
.IR dir /aio
instead of those built in.
.SH FILES
.TP
.I $XDG_CONFIG_HOME/aiosh/init.lua
Run before the first prompt
.RI ( ~/.config
where the variable is not set).
.TP
.I $XDG_STATE_HOME/aiosh/history
The lines typed at the prompt
.RI ( ~/.local/state
where the variable is not set).
.PP
.B \-E
skips both.
.SH SEE ALSO
.BR lua (1),
.BR io_setup (2),
.BR io_submit (2),
.BR io_getevents (2),
.BR io_cancel (2),
.BR io_destroy (2),
.BR open (2),
.BR eventfd (2),
.BR epoll (7)
.PP
At the prompt,
.B help()
tells where to begin, and
.B help "word"
tells about any function, error, constant or topic named here.
]]

-- ---- roff ----

-- What is typed: no hyphen, quote or caret may turn into a finer one.
local finer = { ["\\"] = "\\e", ["-"] = "\\-", ["'"] = "\\(aq",
                ["`"] = "\\(ga", ["^"] = "\\(ha", ["~"] = "\\(ti" }

local function code(text)
  return (text:gsub("[\\%-'`^~]", finer))
end

-- A line must not look like a request.
local function line(text)
  io.write(text:find("^[.']") and "\\&" or "", text, "\n")
end

local function write_code(text, is_first)
  io.write(is_first and "" or ".PP\n", ".RS 4\n.nf\n")
  for l in (text .. "\n"):gmatch("(.-)\n") do
    line(code(l))
  end
  io.write(".fi\n.RE\n")
end

-- Paragraphs, the first of which follows a heading; those that are indented
-- are code.
local function write_text(text)
  local between = ""
  for paragraph in (text .. "\n\n"):gmatch("(.-)\n\n+") do
    if paragraph:find("^  ") then
      write_code((paragraph:gsub("^  ", ""):gsub("\n  ", "\n")))
    else
      io.write(between)
      for l in paragraph:gmatch("[^\n]+") do
        line((l:gsub("[\\']", finer)))
      end
    end
    between = ".PP\n"
  end
end

-- ---- sections ----

-- "  -e code       run this Lua code", or the text in the next line
local function write_options()
  io.write(".SH OPTIONS\n")
  for l in io.lines() do
    local option, text = l:match("^  (%-.-)%s%s+(.+)$")
    option = option or l:match("^  (%-%S+)$")
    local more = l:match("^%s%s%s+(%S.*)$")
    if option then
      io.write(".TP\n.B ", code(option), "\n")
      if text then line((text:gsub("[\\']", finer))) end
    elseif more then
      line((more:gsub("[\\']", finer)))
    end
  end
end

local function write_topic(name)
  local topic = topics[name]
  topics[name] = nil
  io.write(".SS ", name, "\n")
  write_text(topic.text)
  write_code(topic.Example)
end

local function write_topics()
  io.write(".SH A FIRST READ\n")
  write_text(topics.start.text)
  topics.start = nil
  io.write(".SH TOPICS\n")
  for _, name in ipairs(ORDER) do
    write_topic(name)
  end
  local rest = {}
  for name in pairs(topics) do
    rest[#rest + 1] = name
  end
  table.sort(rest)
  for _, name in ipairs(rest) do
    write_topic(name)
  end
end

local function write_sections(sections)
  io.write(".SH FUNCTIONS\n")
  for _, section in ipairs(sections) do
    local lines = {}
    for _, block in ipairs(section.blocks) do
      table.move(block.signatures, 1, #block.signatures, #lines + 1, lines)
    end
    io.write(".SS ", section.name, "\n")
    write_code(table.concat(lines, "\n"), true)
  end
end

return function(sections)
  io.write('.\\" Made by src/build/reference.lua.\n')
  io.write('.TH AIOSH 1 "" "aiosh" "User Commands"\n', HEAD)
  write_options()
  write_topics()
  write_sections(sections)
  io.write(TAIL)
end
