-- aio.trace: a line for each call, in the manner of strace: time, call with
-- its requests decoded, result, duration. #7 is a request's number, from the
-- io_submit that took it to its event.
local aio = require "aio"
local overlap = require "aio.overlap"
local call_text = require "aio.trace_text"

local ROOM = 4096 -- entries of a single call
local LOOKED_AT = 256 -- requests in flight, for overlaps

-- ---- from entries to lines ----

local Trace = {}
Trace.__index = Trace

local function new_trace(put)
  return setmetatable({ put = put, begin = aio.now(), flying = {},
                        requests = {}, taken = {}, missed = 0, warned = {} },
                      Trace)
end

-- e: the call that the line is about, if it is.
function Trace:line(at, text, e)
  self.put(("%.6f %s"):format((at - self.begin) / 1e9, text), e)
end

-- Said once in a trace for the bytes of files, once for those of memory.
local dangers = {
  { test = overlap.in_file, what = "bytes of the file",
    why = "a write is among them" },
  { test = overlap.in_memory, what = "memory", why = "a read fills it" },
}

-- Another request in flight that the test is true of; not all are looked at
-- where there are very many.
function Trace:find(test, r)
  local left = LOOKED_AT
  for id, other in pairs(self.flying) do
    if test(r, other) then return id end
    left = left - 1
    if left == 0 then return nil end
  end
end

function Trace:warn_about(r)
  for i, danger in ipairs(dangers) do
    local id = not self.warned[i] and self:find(danger.test, r)
    if id then
      self.warned[i] = true
      self:line(r.at, ("! #%d and #%d are in flight over the same %s, and %s")
        :format(id, r.id, danger.what, danger.why))
    end
  end
end

function Trace:finish_submit()
  local e = self.submit
  self.submit = nil
  e.requests = self.requests
  self:line(e.at, call_text(e, e.requests), e)
  for _, r in ipairs(self.requests) do
    if r.id then
      self:warn_about(r)
      self.flying[r.id] = r
    end
  end
  self.requests = {}
end

-- An io_submit is followed by its requests, and by the refused one.
function Trace:is_complete()
  local e, n = self.submit, #self.requests
  local want = math.max(e.res, 0) + ((e.n > e.res and e.n > 0) and 1 or 0)
  return n >= want
end

local steps = {}

function steps.submit(self, e)
  self.submit = e
  if self:is_complete() then self:finish_submit() end
end

steps.posix, steps.listio = steps.submit, steps.submit

function steps.request(self, e)
  if not self.submit then return end -- its call was missed
  table.insert(self.requests, e)
  if self:is_complete() then self:finish_submit() end
end

steps.refused = steps.request

function steps.event(self, e)
  local r = self.flying[e.id]
  e.submitted = r and r.at
  if e.id then self.flying[e.id] = nil end
  if e.posix then return self:line(e.at, call_text(e), e) end
  table.insert(self.taken, e)
end

function steps.destroy(self, e)
  for id, r in pairs(self.flying) do
    if r.ctx == e.ctx and e.res == 0 then self.flying[id] = nil end
  end
  self:line(e.at, call_text(e, {}), e)
end

local function other_call(self, e)
  e.events = self.taken
  self:line(e.at, call_text(e, e.events), e)
  self.taken = {}
end

function Trace:note_missed(missed)
  if missed == self.missed then return end
  self.put(("... %d entries missed"):format(missed - self.missed))
  self.missed, self.flying = missed, {}
end

function Trace:finish()
  local n = 0
  for _ in pairs(self.flying) do n = n + 1 end
  if n > 0 then self.put(("+++ %d in flight +++"):format(n)) end
end

function Trace:entry(e, missed)
  self:note_missed(missed)
  if not e then return self:finish() end
  local follows = e.kind == "request" or e.kind == "refused"
  if self.submit and not follows then self:finish_submit() end
  local step = steps[e.kind] or other_call
  step(self, e)
end

-- ---- where the lines go ----

-- Each line is in the file when its call returns, whatever comes then.
local function to_file(file)
  return function(line)
    file:write(line, "\n")
    file:flush()
  end
end

local function to_stderr()
  local color = require "aio.color"
  return function(line)
    local on = color.on(io.stderr)
    line = line:gsub("^[%d.]+", function(at)
      return color.paint(at, "dim", on)
    end)
    line = line:gsub("%f[-]%-1 %u%w+ %b()", function(error)
      return color.paint(error, "red", on)
    end)
    io.stdout:flush()
    io.stderr:write(line, "\n")
  end
end

-- The function of a line, or nil, message, errno.
local function target(to)
  if to == true or to == nil then return to_stderr() end
  if type(to) == "function" then return to end
  if io.type(to) == "file" then return to_file(to) end
  if type(to) ~= "string" then
    error(("bad argument #1 to 'trace' (boolean, file, name of a file or " ..
           "function expected, got %s)"):format(io.type(to) or type(to)), 3)
  end
  local file, message, errno = io.open(to, "w")
  if not file then return nil, message, errno end
  return to_file(file), nil, nil, file
end

-- ---- aio.trace ----

local record -- of the trace that is on

--- aio.trace([on | file | function]) -> true | nil, message, errno
--
-- Writes a line for each AIO call, as strace does: to the standard error
-- (true), to a file (a name, or an io file), or to a function; false ends it.
-- There is one trace at a time. A line begins with the seconds since then, and
-- is written at the end of its call. "#7" is the number of a request, in its
-- io_submit and at its event; "ring" are events taken without a system call.
-- Two requests in flight over the same bytes are warned about once. The
-- function is called with the line and, where that is about a call, its entry
-- (see record:entries), to which requests, or events, are added; what it does
-- itself is not traced, and if it fails it is let go, with a message.
-- Example: aio.trace("trace.txt")
-- See: strace(1)
local function trace(to)
  local put, message, errno, file
  if to ~= false then
    put, message, errno, file = target(to)
    if not put then return nil, message, errno end
  end
  if record then record:stop() end
  record = nil
  if not put then return true end
  local lines = new_trace(put)
  record = aio.record { room = ROOM, to = function(e, missed)
    lines:entry(e, missed)
    if not e and file then file:close() end
  end }
  return true
end

require "aio.leave".call(function() trace(false) end)
return trace
