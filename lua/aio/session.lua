-- What a session at the prompt leaves: the last values, and the chunks that
-- succeeded, which can be written as a script.
local aio = require "aio"

local session = {}

local VALUES = 20

-- ---- _, _1, _2 ... ----

-- _ and _1 are the last value, _2 the one before it. nil is not kept.
local function keep(value)
  for i = VALUES, 2, -1 do
    rawset(_G, "_" .. i, rawget(_G, "_" .. i - 1))
  end
  rawset(_G, "_1", value)
  rawset(_G, "_", value)
end

--- aio.forget()
--
-- At the prompt: clears _, _1, _2 ... _20, which hold the last values, so that
-- what they hold can be collected.
function session.forget()
  for i = 1, VALUES do rawset(_G, "_" .. i, nil) end
  rawset(_G, "_", nil)
end

-- ---- the chunks ----

local chunks = {} -- {text=, expression=, notes={...}}

local MANY = 20 -- notes on one chunk are not more

local function add_note(text)
  local chunk = chunks[#chunks]
  if chunk and #chunk.notes < MANY then
    chunk.notes[#chunk.notes + 1] = text:gsub("\27%[[%d;]*m", "")
  end
end

local taken = setmetatable({}, { __mode = "k" }) -- by context: a mark

-- The events that the last chunk took of these contexts (the keys).
local function note_taken(contexts)
  for ctx in pairs(contexts) do
    local events = ctx.last_events or {}
    local mark = #events .. tostring(events[#events])
    if #events > 0 and taken[ctx] ~= mark then
      for i = 1, math.min(#events, MANY) do add_note(tostring(events[i])) end
    end
    taken[ctx] = mark
  end
end

-- A chunk has succeeded; results are those of call: true and its values.
function session.add(text, expression, results, contexts)
  if text:find "^%s*aio%.save%f[%W]" then return end
  chunks[#chunks + 1] = { text = text, expression = expression, notes = {} }
  if results[2] ~= nil then keep(results[2]) end
  note_taken(contexts)
end

-- Something was announced after the last chunk.
session.note = add_note

-- ---- aio.save ----

-- What is the prompt's alone becomes a comment.
local function prompt_only(text)
  local name = text:match "^%s*aio%.(%a+)%s*[%(\"']"
  return text:find "^%s*help%f[^%w_]" or text:find "^%s*aio%.prompt%f[^%w_]"
    or name == "watch" or name == "timing"
    or name == "forget"
end

local function comment(text, lead)
  return lead .. text:gsub("\n", "\n" .. lead)
end

local function uses_values(text)
  for name in text:gmatch "%f[%w_]_%d*%f[^%w_]" do
    if name then return true end
  end
  return false
end

-- As a chunk of its own, a statement has its own locals and labels, and its
-- return does not end the script.
local function statement(text)
  if not load(text .. "\nlocal _") then
    return "(function(...)\n" .. text .. "\nend)(...)"
  elseif text:find "%f[%w_]local%f[^%w_]" or text:find "::" then
    return "do\n" .. text .. "\nend"
  end
  return text
end

-- load keeps a comment's end apart from what follows, as the newline does.
local function wrapped(name, text)
  local code = text:gsub("^=", "", 1)
  if not load("return " .. code .. "\n;") then
    code = code:gsub(";%s*$", "", 1)
  end
  local short = ("%s(%s)"):format(name, code)
  return load(short) and short or ("%s(%s\n)"):format(name, code)
end

local function expression(chunk, kept)
  if kept then return wrapped("keep", chunk.text) end
  if load(chunk.text) then return statement(chunk.text) end
  return wrapped("print", chunk.text)
end

local KEEP = [[
-- The prompt keeps the last values as _, _1, _2 ... _20.
local function keep(value, ...)
  if value ~= nil then
    for i = 20, 2, -1 do _G["_" .. i] = _G["_" .. i - 1] end
    _1, _ = value, value
  end
  return value, ...
end
]]

-- Chunks without the parentheses or semicolon of the one before would be read
-- as a call of it: a line that begins with "(" begins with ";".
local function apart(code)
  return code:find "^%s*%(" and ";" .. code or code
end

local function script(first, last)
  local kept = false
  for i = first, last do kept = kept or uses_values(chunks[i].text) end
  local out = { "#!/usr/bin/env aiosh", ("-- Saved by aiosh %s on %s.")
    :format(aio.version, os.date "%Y-%m-%d") }
  if kept then out[#out + 1] = KEEP end
  for i = first, last do
    local chunk = chunks[i]
    if prompt_only(chunk.text) then
      out[#out + 1] = comment(chunk.text, "-- ")
    else
      out[#out + 1] = apart(chunk.expression and expression(chunk, kept)
        or statement(chunk.text))
    end
    for _, note in ipairs(chunk.notes) do
      out[#out + 1] = comment(note, "--> ")
    end
  end
  return table.concat(out, "\n") .. "\n"
end

-- Counts from the end where it is below 0; cut to what there is.
local function position(n, what, default)
  if n == nil then return default end
  local int = math.tointeger(n)
  if not int then
    error(("aio.save: %s: integer expected, got %s"):format(what, type(n)), 3)
  end
  return int < 0 and #chunks + 1 + int or int
end

--- aio.save(path [, first [, last]]) -> n | nil, message, errno
--
-- At the prompt: writes the chunks that succeeded as a script that runs, from
-- the first to the last one, by number or, below 0, from the end. What
-- completed meanwhile becomes comments. A file of that name is replaced.
-- Returns: how many chunks were written.
-- Errors: nil, message, errno when the file can't be written.
-- Example: aio.save("scenario.lua", -10)
function session.save(path, first, last)
  if type(path) ~= "string" then
    error("aio.save: path: string expected, got " .. type(path), 2)
  end
  local from = math.max(position(first, "first", 1), 1)
  local to = math.min(position(last, "last", #chunks), #chunks)
  local text = script(from, to)
  local file, message, errno = io.open(path, "w")
  if not file then return nil, message, errno end
  local written, problem, code = file:write(text)
  local closed, complaint, number = file:close()
  if not written then return nil, problem, code end
  if not closed then return nil, complaint, number end
  return math.max(to - from + 1, 0)
end

return session
