-- aio.doctor: can AIO work here, and what does it do on this file?
local aio = require "aio"
local color = require "aio.color"

local page = {}
page.__index = page
page.__name = "aio doctor"

-- ---- the page ----

local styles = {
  ok = "green", note = "cyan", warn = "yellow", bad = "red bold",
}
local verdicts = { synchronous = "yellow", asynchronous = "green" }

local function wrapped(text, indent, width)
  local lines, line = {}, ""
  for word in text:gmatch("%S+") do
    if #line > 0 and #line + 1 + #word > width - indent then
      lines[#lines + 1], line = line, ""
    end
    line = #line > 0 and line .. " " .. word or word
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n" .. (" "):rep(indent))
end

local function add_checks(lines, checks, on)
  for _, c in ipairs(checks) do
    lines[#lines + 1] = ("  %s  %-12s %s"):format(
      color.paint(("%-4s"):format(c.status), styles[c.status], on), c.name,
      wrapped(c.text, 21, 80))
  end
end

local function pattern_text(p)
  if p.failure then return p.failure end
  return ("%5s  %7s  %s"):format(("%s/%d"):format(p.done or "?", p.taken),
    aio.duration(p.ns), p.reason or "")
end

local function add_patterns(lines, report, on)
  if #report.patterns == 0 then return end
  lines[#lines + 1] = ("\n%s  %d requests of %d KiB in one io_submit: done at "
    .. "return,\ntime in the call, reason"):format(
    color.paint("Was it asynchronous?", "bold", on), report.requests,
    report.bytes >> 10)
  for _, p in ipairs(report.patterns) do
    local verdict = p.failure and "failed" or p.verdict or "unknown"
    local line = ("  %s  %-22s  %s"):format(
      color.paint(("%-12s"):format(verdict), verdicts[verdict] or "red", on),
      p.name, pattern_text(p))
    lines[#lines + 1] = line:match("^(.-)%s*$")
  end
end

local function conclusion(d)
  if not d.works then return "AIO can't work here." end
  if not d.ok then return "AIO works here, but not on this file." end
  return "AIO works here."
end

function page:__tostring()
  local on = color.on()
  local lines = { color.paint("The system", "bold", on) }
  add_checks(lines, self.system, on)
  if self.file then
    lines[#lines + 1] = "\n" .. color.paint(self.file.path, "bold", on)
    add_checks(lines, self.file.checks, on)
    add_patterns(lines, self.file, on)
  end
  lines[#lines + 1] = "\n" .. color.paint(conclusion(self),
    self.ok and "green bold" or "red bold", on)
  return table.concat(lines, "\n")
end

--- doctor:json() -> string
--
-- What the doctor found, for machines: ok, works, system and file, each with
-- its checks; of the file also facts, opcodes, rw_flags and patterns.
function page:json()
  return require "aio.json".encode(self)
end

-- ---- the examination ----

local function all_well(checks)
  for _, c in ipairs(checks) do
    if c.status == "bad" then return false end
  end
  return true
end

--- aio.doctor([file]) -> doctor
--
-- Examines whether AIO works here: the kernel, sandboxes, the ring, limits,
-- io_uring's state; and for a path: its file system, direct I/O and alignment,
-- which opcodes and RWF_ flags are accepted, and which access patterns are
-- asynchronous, measured on a nameless scratch file beside it. No byte of the
-- file is changed. Its tostring is the page; ok: AIO works (and on the file);
-- works: it works in general; system and file have the checks, each {name=,
-- status= ("ok", "note", "warn", "bad"), text=}.
-- Example: print(aio.doctor("data.bin"))
-- See: aio.limits, aio.facts
local function doctor(file)
  if file ~= nil and type(file) ~= "string" then
    local known, path = pcall(function() return file.path end)
    if not known or type(path) ~= "string" then
      error("bad argument #1 to 'doctor' (path expected, got " .. type(file)
        .. ")", 2)
    end
    file = path
  end
  local self = setmetatable({}, page)
  self.system, self.works = require "aio.doctor_system"()
  self.file = file and require "aio.doctor_file"(file, self.works)
  self.ok = self.works and (not file or all_well(self.file.checks))
  return self
end

return doctor
