-- Notices of completions at the prompt: a line each, or a summary where many
-- come at once. What is told of stays for getevents and its kind.
local aio = require "aio"
local call = require "aio.repl_call"
local color = require "aio.color"
local host = require "aio.host"
local session = require "aio.session"
local show = require "aio.show"

local notices = {}

local FEW = 4       -- as many come as lines of their own
local COST = 4      -- a summary counts as so many lines
local BUDGET = 10   -- lines in a second; twice as many when all is finished
local SECOND = 1000000000

local modes = setmetatable({}, { __mode = "k" }) -- by context
local default = "each"

-- ---- aio.watch ----

local known = { each = true, summary = true, off = true }

local function check(mode)
  if type(mode) == "function" or known[mode] then return mode end
  error(("aio.watch: 'each', 'summary', 'off' or a function expected, got %s")
    :format(type(mode) == "string" and "'" .. mode .. "'" or type(mode)), 3)
end

local function is_context(value)
  local meta = type(value) == "userdata" and debug.getmetatable(value)
  return meta and rawget(meta, "__name") == "context"
end

--- aio.watch([ctx,] mode) -> previous mode
-- aio.watch([ctx]) -> mode
--
-- At the prompt: how completions of a context, or of all others, are announced
-- above the line. "each" (as it is in the beginning): a line for each, a
-- summary where many come at once; "summary"; "off". A function is called with
-- each event instead. Whatever is chosen, the events stay for ctx:getevents.
-- Errors: raises for an unknown mode.
-- Example: aio.watch(ctx, function(ev) print(ev, ev.data) end)
function notices.watch(ctx, ...)
  if not is_context(ctx) then
    local previous = default
    if ctx ~= nil then default = check(ctx) end
    return previous
  end
  local previous = modes[ctx] or default
  if select("#", ...) > 0 then modes[ctx] = check((...)) end
  return previous
end

-- ---- texts ----

local function painted(failed, text)
  return failed and color.paint(text, "red") or text
end

-- "#12 pread data.bin 4096 @0 -> 4096 (81 us)"
local function line(ev)
  local request, outcome = tostring(ev):match "^(.-)( %->.*)$"
  local op, range = request:match "^(%S+)(.*)$"
  return painted(ev.res < 0, ("#%d %s %s%s%s"):format(
    ev.id, op, ev.file, range, outcome))
end

local function summary(t)
  local parts = {}
  for name, n in pairs(t.errors) do parts[#parts + 1] = n .. " " .. name end
  table.sort(parts)
  table.insert(parts, 1, t.ok .. " ok")
  return painted(t.ok < t.n, ("%d completion%s: %s, p50 %s"):format(
    t.n, t.n == 1 and "" or "s", table.concat(parts, ", "),
    show.duration(t.p50)))
end

local function put(text)
  session.note(text)
  host.write(text .. "\n")
end

-- ---- announcing ----

local window = { start = 0, lines = 0 }

-- Whether so many lines may be printed now.
local function allowed(lines, all_finished)
  local now = aio.now()
  if now - window.start >= SECOND then window = { start = now, lines = 0 } end
  local budget = all_finished and 2 * BUDGET or BUDGET
  if window.lines + lines > budget then return false end
  window.lines = window.lines + lines
  return true
end

local function tell_function(ctx, f)
  for _, ev in ipairs(host.tell(ctx)) do
    local ok, message, trace = call(f, ev)
    if host.interrupted() then return end
    if not ok then
      host.complain(("aio.watch's function: %s\n%s"):format(message,
        trace and trace .. "\n" or ""))
      modes[ctx] = "each"
      if default == f then default = "each" end
    end
  end
end

local function tell(w, mode)
  local finished = w.unfinished == 0
  if mode == "each" and w.untold <= FEW and allowed(w.untold, finished) then
    for _, ev in ipairs(host.tell(w.context)) do put(line(ev)) end
  elseif allowed(COST, finished) then
    local t = host.tally(w.context)
    if t.n > 0 then put(summary(t)) end
  end
end

function notices.announce()
  for _, w in ipairs(host.untold()) do
    local mode = modes[w.context] or default
    if type(mode) == "function" then
      tell_function(w.context, mode)
    elseif mode == "off" then
      host.tally(w.context)
    else
      tell(w, mode)
    end
  end
end

return notices
