-- How the prompt calls what is not its own: a chunk, a __tostring, a function
-- for the prompt. Each runs in a coroutine that Ctrl-C interrupts.
--   call(f, ...)   true and its results; or false, a message, a traceback
local host = require "aio.host"
local create, status = coroutine.create, coroutine.status

local call

-- An error object as lua(1) shows it.
local function text_of(e)
  if type(e) == "string" or type(e) == "number" then return tostring(e) end
  local meta = debug.getmetatable(e)
  if meta and meta.__tostring ~= nil then
    local ok, text = call(tostring, e)
    if ok then return text end
  end
  return ("(error object is a %s value)"):format(type(e))
end

-- Frames that tell a person nothing: the library's own, and the line itself.
local function ours(frame)
  return frame:match("^lua/aio/")
end
local function known(frame)
  return frame:match("^%[C%]") or frame:match("^%(%.%.%.tail calls")
    or frame:match("main chunk$")
end

-- Where a coroutine died, unless it was in the line that was typed and nowhere
-- else: the message has told that already.
local function trace_of(co)
  local lines, told = { "stack traceback:" }, true
  for frame in debug.traceback(co):gmatch "\n\t([^\n]+)" do
    if not ours(frame) then
      lines[#lines + 1] = frame
      told = told and known(frame)
    end
  end
  return not told and table.concat(lines, "\n\t") or nil
end

local function failure(co, e)
  local message, trace = text_of(e), trace_of(co)
  local last = host.close(co)
  if not rawequal(last, e) then
    message = ("%s\nand in closing: %s"):format(message, text_of(last))
  end
  return false, message, trace
end

-- What a chunk yields is something to wait for, as cqueues has it; meanwhile
-- the prompt's loop goes on. True when it may be resumed.
local function waited_for(object)
  local fd, events = object:pollfd(), object:events()
  return host.wait(fd, events, object:timeout())
end

local function finish(co, ok, ...)
  if not ok then return failure(co, ...) end
  if status(co) ~= "suspended" then return true, ... end
  local waitable, ready = pcall(waited_for, (...))
  if waitable and ready then return finish(co, host.resume(co)) end
  local trace = trace_of(co)
  host.close(co)
  return false, waitable and "interrupted!"
    or "attempt to yield from outside a coroutine", trace
end

function call(f, ...)
  local co = create(f)
  return finish(co, host.resume(co, ...))
end

return call
