-- The prompt: what was typed is compiled, called, and answered.
local aio = require "aio"
local call = require "aio.repl_call"
local color = require "aio.color"
local host = require "aio.host"
local notices = require "aio.notices"
local pretty = require "aio.pretty"
local session = require "aio.session"

local repl = {}
local pending -- the lines of a chunk that is not complete yet

-- ---- saying ----

local function say(text, style)
  host.write(color.paint(text, style, color.on()) .. "\n")
end

local function complain(message, trace)
  local on = color.on(io.stderr)
  host.complain(color.paint(message, "red", on) .. "\n")
  if trace then host.complain(color.paint(trace, "dim", on) .. "\n") end
end

-- ---- compiling ----

local MORE = "more"

-- The parser has met the end: more lines may complete the chunk. A string in
-- quotes does not go on but behind a backslash.
local function unfinished(text, message)
  if not message:find("<eof>", -5, true) then return false end
  return not message:find("unfinished string", 1, true)
    or text:find "\\z?%s*$" ~= nil
end

-- Another semicolon is wrong where one ends the values.
local function silenced(code)
  return load(code .. "\n;", "=stdin", "t") == nil
end

-- The chunk, whether what it returns is shown, and whether it is an expression;
-- or nil and what is wrong, or MORE. "{" is unfinished as an expression alone,
-- "x =" as a statement alone, so that both forms are tried each time.
local function compile(text)
  local code = text:gsub("^=", "", 1)
  local expression, why = load("return " .. code, "=stdin", "t")
  if expression then
    return expression, not silenced("return " .. code), true
  end
  local statement, message = load(code, "=stdin", "t")
  if statement then return statement, not silenced(code), false end
  if unfinished(text, message) or unfinished(text, why) then
    return nil, MORE
  end
  return nil, message
end

-- ---- answering ----

-- Where values are not shown, the failure of a call is.
local function echo(results, shown)
  local form = shown and pretty.text or pretty.failure
  local ok, text, trace = call(function()
    return form(results.n - 1, table.unpack(results, 2, results.n)) or ""
  end)
  if not ok then
    complain("the result can't be shown: " .. text, trace)
  elseif text ~= "" then
    host.write(text .. "\n")
  end
end

-- What io_submit took, where the statement called it.
local function verdicts(before)
  for ctx, n in pairs(host.batches()) do
    local times = n - (before[ctx] or 0)
    local last = times > 0 and ctx.last_submit
    if last and not last.errno then
      local many = times > 1 and ("%d calls; the last: "):format(times) or ""
      say(many .. tostring(last), "dim")
    end
  end
end

local function count(text, name)
  return select(2, text:gsub("%f[%w_]" .. name .. "%f[^%w_]", ""))
end

-- A local that the chunk itself does not use was meant to stay.
local function local_note(text)
  local names = text:match "^%s*local%s+function%s+([%a_][%w_]*)"
    or text:match "^%s*local%s+([^=;]+)"
  for name, attribute in (names or ""):gmatch "([%a_][%w_]*)%s*(<?%a*)" do
    if attribute == "<close" then
      say(("note: %s was closed at the end of this line"):format(name), "dim")
    elseif count(text, name) == 1 then
      say(("note: the local %s is gone after this line"):format(name), "dim")
    end
  end
end

local always -- aio.timing's value

--- aio.timing([when]) -> previous
--
-- At the prompt: shows the time that each statement took. true: always; false:
-- never; nil: from 1 ms on, as it is in the beginning.
-- Example: aio.timing(true)
local function timing(when)
  local previous = always
  always = when
  return previous
end

local function took(ns)
  if always or always == nil and ns >= 1000000 then
    say(("(%s)"):format(aio.duration(ns)), "dim")
  end
end

local function stays()
  local n = 0
  for ctx in pairs(host.batches()) do n = n + ctx.inflight end
  if n > 0 then
    say(("(%d request%s in flight)"):format(n, n == 1 and " stays" or "s stay"),
        "dim")
  end
end

local function evaluate(text, chunk, shown, expression)
  local before, start = host.batches(), aio.now()
  local results = table.pack(call(chunk))
  local ns = aio.now() - start
  local interrupted = host.settle()
  if interrupted then host.write "\n" end -- behind the terminal's ^C
  host.fresh_line()
  if results[1] then
    session.add(text, expression, results, host.batches())
    if interrupted then
      complain("interrupted!")
    else
      echo(results, shown)
    end
  else
    complain(results[2], results[3])
  end
  verdicts(before)
  local_note(text)
  took(ns)
  if interrupted then stays() end
end

-- ---- what the loop calls ----

-- A line was typed; true: more lines are needed.
function repl.submit(line)
  local text = pending and pending .. "\n" .. line or line
  local chunk, shown, expression = compile(text)
  if shown == MORE then
    pending = text
    return true
  end
  pending = nil
  if not text:find "%S" then return end
  host.remember(text)
  if chunk then
    evaluate(text, chunk, shown, expression)
  else
    complain(shown)
  end
end

-- Ctrl-C: what was typed is forgotten.
function repl.reset()
  pending = nil
end

-- The end of the input inside a chunk: says what was missing.
function repl.abandon()
  local _, message = load(pending, "=stdin", "t")
  pending = nil
  host.fresh_line()
  complain(message)
end

local function default_prompt(requests, ready)
  if requests + ready == 0 then return "aio> " end
  return ("aio %d+%d> "):format(requests, ready)
end

--- aio.prompt
--
-- At the prompt: what stands in front of the line, a string or a function of
-- two numbers (requests that the kernel has, events that wait) that returns
-- one. nil, as it is in the beginning: the global _PROMPT, else "aio> ", or
-- "aio 3+1> " with both numbers. _PROMPT2 ("..> ") is for further lines.
-- Example: aio.prompt = function(n) return n .. " in flight> " end

-- The value as text; nil where there is none. One that fails is asked no more.
local function chosen_prompt(owner, key, ...)
  local value = rawget(owner, key)
  if value == nil then return nil end
  local ok, text = true, value
  if type(value) == "function" then ok, text = call(value, ...) end
  if ok and text ~= nil then ok, text = call(tostring, text) end
  if ok then return text end
  rawset(owner, key, nil)
  complain(("the prompt: %s; %s is nil now"):format(text, key))
end

-- readline must not count what moves no cursor.
local function invisible(text)
  if text:find "[\1\2]" then return text end
  return (text:gsub("\27%[[%d;?]*%a", "\1%0\2"):gsub("\27%].-\7", "\1%0\2"))
end

local MOST = 4096 -- bytes of a prompt

function repl.prompt(requests, ready)
  local text
  if pending then
    text = chosen_prompt(_G, "_PROMPT2") or "..> "
  else
    text = chosen_prompt(aio, "prompt", requests, ready)
      or chosen_prompt(_G, "_PROMPT") or default_prompt(requests, ready)
  end
  return invisible(text:sub(1, MOST))
end

function repl.complete(line, point)
  return require "aio.complete".candidates(line, point, pending)
end

function repl.announce()
  notices.announce()
end

function repl.blind()
  say("note: a ring can't be looked at: completions are not announced", "dim")
end

-- ---- the beginning ----

aio.timing = timing
aio.watch = notices.watch
aio.save = session.save
aio.forget = session.forget

-- What a newcomer needs to know.
local hints = { "TAB completes", "Ctrl-D leaves" }
local found, help = pcall(require, "aio.help")
if found then
  _G.help = help
  table.insert(hints, 1, "help() explains")
end
say(("aiosh %s: %s"):format(aio.version, table.concat(hints, ", ")), "dim")

return repl
