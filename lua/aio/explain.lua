-- aio.explain: a failure at length, on a page.
local aio = require "aio"
local cause = require "aio.cause"
local texts = require "aio.explain_text"
local color = require "aio.color"

local page = {}
page.__index = page
page.__name = "aio explanation"

-- ---- the page ----

local function indented(head, text)
  local lines, width = {}, 72
  local line = ("  %-5s"):format(head)
  for word in text:gmatch("%S+") do
    if #line + 1 + #word > width + 7 and not line:match("^%s*$") then
      lines[#lines + 1] = line
      line = (" "):rep(7)
    end
    line = line .. " " .. word
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

-- The rule stands once, behind the causes that break it.
local function add_cause(lines, c, after)
  lines[#lines + 1] = indented(c.rule and "why" or "-", c.text)
  if c.rule and not (after and after.rule == c.rule) then
    lines[#lines + 1] = indented("rule", c.rule)
    lines[#lines + 1] = indented("see", c.see)
    lines[#lines + 1] = indented("do", c.todo)
  end
end

function page:__tostring()
  local lines = { color.paint(self.title, "bold") }
  for i, c in ipairs(self.causes) do add_cause(lines, c, self.causes[i + 1]) end
  for _, note in ipairs(self.notes) do lines[#lines + 1] = "  " .. note end
  return table.concat(lines, "\n")
end

local function new(title, causes, notes)
  for _, c in ipairs(causes) do
    local t = texts[c.key]
    if t then c.rule, c.see, c.todo = t.rule, t.see, t.todo end
  end
  return setmetatable({ title = title, causes = causes, notes = notes or {} },
    page)
end

-- ---- aio-max-nr ----

-- How many AIO rings a process has mapped; nil: it is not shown to us. One
-- that has ended meanwhile has none.
local function rings(pid)
  local maps, _, errno = io.open(("/proc/%d/maps"):format(pid))
  local text = maps and maps:read("a") or ""
  if maps then maps:close() end
  if errno == aio.EACCES or errno == aio.EPERM then return nil end
  return select(2, text:gsub("/%[aio%]", ""))
end

local function command_of(pid)
  local f = io.open(("/proc/%d/comm"):format(pid))
  local name = f and f:read("l")
  if f then f:close() end
  return name or "?"
end

-- Who has contexts: lines, the largest first.
local function owners()
  local found, hidden = {}, 0
  for _, pid in ipairs(aio.facts().processes) do
    local n = rings(pid)
    if not n then hidden = hidden + 1 end
    if n and n > 0 then found[#found + 1] = { pid = pid, rings = n } end
  end
  table.sort(found, function(a, b) return a.rings > b.rings end)
  return found, hidden
end

local function quota_notes()
  local l = aio.limits()
  if not l.aio_max_nr then
    return { "/proc/sys/fs/aio-max-nr can't be read" }
  end
  local notes = { ("fs.aio-nr is %d of fs.aio-max-nr %d: %d are left"):format(
    l.aio_nr, l.aio_max_nr, l.aio_max_nr - l.aio_nr) }
  local found, hidden = owners()
  for i = 1, math.min(#found, 10) do
    local o = found[i]
    notes[#notes + 1] = ("pid %d (%s) has %d context%s"):format(o.pid,
      command_of(o.pid), o.rings, o.rings == 1 and "" or "s")
  end
  if hidden > 0 then
    notes[#notes + 1] = ("%d process%s can't be looked into")
      :format(hidden, hidden == 1 and "" or "es")
  end
  notes[#notes + 1] = "root raises it: sysctl fs.aio-max-nr=1048576"
  return notes
end

-- ---- what can be explained ----

local function of_errno(errno)
  local name = aio.errname(errno) or tostring(errno)
  local causes = {}
  for _, line in ipairs(require "aio.explain_errno"[name] or {}) do
    causes[#causes + 1] = { text = ("%s: %s"):format(line[1], line[2]) }
  end
  return new(("%s (%d): %s"):format(name, errno, aio.strerror(errno)), causes,
    name == "EAGAIN" and quota_notes() or nil)
end

-- A failed call's message: its name, its error, and its cause behind them. nil:
-- it is none.
local function of_message(message)
  local call, name, rest = message:match(
    "^([%w_]+): .- %((E[%u%d]+)%):?%s*(.*)$")
  if not call then return nil end
  local errno = aio[name]
  local causes = rest ~= "" and { { text = rest } } or of_errno(errno).causes
  local quota = call == "io_setup" and name == "EAGAIN"
  return new(("%s -> %s: %s"):format(call, name, aio.strerror(errno)), causes,
    quota and quota_notes() or nil)
end

local function of_submission(s)
  local v = require "aio.verdict"
  if s.errno then
    local notes = require "aio.explain_try"(rawget(s, "request"), s.errno)
    return new("io_submit -> " .. s.err, cause.of_submission(s), notes)
  end
  local causes = {}
  if s.refused then
    causes = require "aio.explain_plan".outlook(rawget(s, "request"))
  end
  return new(v.text(s), causes, v.advice(s))
end

local function of_event(ev)
  local line = require "aio.show".request(ev)
  if not ev.err then return new(tostring(ev), {}) end
  local notes = require "aio.explain_try"(ev.request, -ev.res)
  return new(("%s -> -%s"):format(line, ev.err), cause.of_event(ev), notes)
end

local function of_iocb(iocb)
  local causes, notes = require "aio.explain_plan".outlook(iocb)
  return new(tostring(iocb), causes, notes)
end

local by_name = {
  ["aio event"] = of_event, ["aio submission"] = of_submission,
  iocb = of_iocb, context = function(ctx)
    if not ctx.last_submit then return new(tostring(ctx), {}) end
    return of_submission(ctx.last_submit)
  end,
}

-- Trials fail as well: what they leave behind, which may be collected by now,
-- is not what the user asks for.
local shown = {}

local function last_failure() return aio.facts().failure or nil end

local function last()
  local failure = last_failure()
  if shown.page and failure == shown.trial then return shown.page end
  if type(failure) == "string" then
    return of_message(failure) or new(failure, {})
  end
  return failure or new("nothing has failed yet", {})
end

local function remember(explanation, before)
  local trial = last_failure()
  if trial ~= before then shown = { trial = trial, page = explanation } end
  return explanation
end

local function errno_of(what)
  if math.type(what) == "integer" then return math.abs(what) end
  return type(what) == "string" and aio[what:match("^E%u%w*$")]
end

--- aio.explain([event | errno | iocb | submission]) -> page
--
-- Explains at length, on a page: an event or a submission (ctx.last_submit),
-- the number or name of an error, a failed call's message, an iocb that was not
-- submitted yet (what will go wrong, and whether it will be asynchronous; it is
-- not submitted), or without an argument what failed last. The page has the
-- fields title, causes (a list of {text=, rule=, see=, todo=}) and notes. May
-- search /proc, and try flags and reads on a context of its own; no file is
-- changed.
-- Example: print(aio.explain(ev))
-- See: ctx.last_submit, ev.why
local function explain(...)
  local what = ...
  if select("#", ...) == 0 then what = last() end
  local meta = getmetatable(what)
  if meta == page then return what end
  local of = type(meta) == "table" and by_name[meta.__name]
  if of then
    local before = last_failure()
    return remember(of(what), before)
  end
  local errno = errno_of(what)
  if errno then return of_errno(errno) end
  local told = type(what) == "string" and of_message(what)
  if told then return told end
  error("bad argument #1 to 'explain' (event, submission, iocb or errno "
    .. "expected, got " .. type(what) .. ")", 2)
end

return explain
