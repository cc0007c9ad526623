-- What the prompt shows of results.
--   pretty.text(n, ...) -> the echo of n results, "" for none
--   pretty.failure(n, ...) -> that of a failed call; nil for any other
--   pretty.value(v [, {width=, depth=, color=}]) -> one value
-- Of the user's code only __tostring runs; whatever it does, this returns.
local aio = require "aio"
local color = require "aio.color"
local words = require "aio.words"
local strings = require "aio.pretty_string"
local call_tostring = require "aio.pretty_call"
local events = require "aio.pretty_event"
local objects = require "aio.pretty_object"
local show_table = require "aio.pretty_table"

local metatable_of, getinfo = debug.getmetatable, debug.getinfo

local pretty = {}

local TEXT = 1000  -- bytes of a string that is the whole result
local LINES = 24   -- of a text of several lines ...
local MAX_BLOCK = 1 << 20 -- ... that is not longer than this
local SHORT = 60   -- of one inside a table
local TOTAL = 20000

-- ---- single values ----

local function metafield(v, name)
  local mt = metatable_of(v)
  if type(mt) == "table" then return rawget(mt, name) end
end

local function documented(fn)
  local ok, entry = pcall(function()
    return require "aio.help_index".by_function(fn)
  end)
  return ok and entry and entry.signatures:match("^[^\n]*")
end

local function function_text(fn)
  local signature = documented(fn)
  if signature then return "function " .. signature end
  local info = getinfo(fn, "S")
  if info.what == "C" then return "function (in C)" end
  return ("function (%s:%d)"):format(info.short_src, info.linedefined)
end

-- A line of somebody's __tostring within other text.
local function one_line(text)
  local first = text:match("^[^\n]*")
  return #first < #text and first .. " ..." or first
end

local function object_text(p, v, is_nested)
  local text, ok = call_tostring(v)
  if not ok then return color.paint(strings.plain(text), "red", p.color) end
  return is_nested and one_line(text) or text
end

local function name_of(t)
  local name = metafield(t, "__name")
  return type(name) == "string" and strings.plain(name) .. " " or ""
end

-- The library itself: its functions; its constants are too many.
local function library_text()
  local names, constants = {}, 0
  for name, v in next, aio do
    local is_constant = math.type(v) == "integer"
    constants = constants + (is_constant and 1 or 0)
    if not is_constant then names[#names + 1] = tostring(name) end
  end
  table.sort(names)
  return require "aio.help_page".wrap(table.concat(names, ", "), "aio: ", "  ")
    .. ("\n  and %d constants; help() tells where to begin"):format(constants)
end

local function table_text(p, t, level, indent)
  local nested = level > 1
  if rawequal(t, aio) and not nested then return library_text() end
  if events.is_event(t) then
    local ok, text = pcall(events.one, t, p.color)
    if ok then return text end -- a user may have changed it
  elseif metafield(t, "__tostring") ~= nil then
    return object_text(p, t, nested)
  elseif not nested and events.is_list(t) then
    local ok, text = pcall(events.list, t, p.color)
    if ok then return text end
  end
  return name_of(t) .. show_table(p, t, level, indent)
end

local function userdata_text(p, v, level)
  local known = words.typeof(v)
  if level == 1 and objects[known] then return objects[known](p, v) end
  return object_text(p, v, level > 1)
end

local styles = {
  string = "green", number = "cyan", boolean = "cyan", ["nil"] = "dim",
  ["function"] = "blue", thread = "blue",
}

local by_type = {
  string = function(_, s, level)
    if level > 1 then return strings.quote(s, SHORT) end
    return #s < MAX_BLOCK and strings.block(s, LINES)
      or strings.quote(s, TEXT)
  end,
  ["function"] = function(_, fn) return function_text(fn) end,
  thread = function(_, co)
    return ("thread (%s)"):format(coroutine.status(co))
  end,
  table = table_text,
  userdata = userdata_text,
}

local function value_text(p, v, level, indent)
  local kind = type(v)
  local text = by_type[kind] and by_type[kind](p, v, level, indent)
    or tostring(v)
  return styles[kind] and color.paint(text, styles[kind], p.color) or text
end

-- ---- printers ----

-- What a call of pretty.value carries along.
local function new_printer(options)
  local p = {
    width = options.width or aio.terminal() or 80, depth = options.depth or 4,
    color = options.color, left = TOTAL, path = {},
  }
  if p.color == nil then p.color = color.on() end
  function p.value(v, level, indent) return value_text(p, v, level, indent) end
  function p.nested(v) return value_text(p, v, 2, 2) end
  function p.tostring(v) return object_text(p, v, false) end
  function p.short(v)
    local is_simple = type(v) == "number" or type(v) == "boolean"
    return is_simple and tostring(v) or type(v)
  end
  return p
end

function pretty.value(v, options)
  return value_text(new_printer(options or {}), v, 1, 0)
end

-- ---- results ----

-- nil, message [, errno]
local function is_failure(n, first, message, errno)
  return n >= 2 and first == nil and type(message) == "string"
    and (n == 2 or n == 3 and math.type(errno) == "integer")
end

-- The line for what a failed call returned; nil where it did not fail.
function pretty.failure(n, ...)
  if not is_failure(n, ...) then return nil end
  local _, message, errno = ...
  local text = "nil  " .. strings.plain(message)
    .. (errno and "  " .. errno or "")
  return color.paint(text, "red")
end

-- Side by side where that reads well.
local function join(list)
  local text = table.concat(list, ", ")
  local apart = #list > 1 and (text:find("\n", 1, true) or #text > 400)
  return apart and table.concat(list, "\n") or text
end

function pretty.text(n, ...)
  if n == 0 then return "" end
  local failed = pretty.failure(n, ...)
  if failed then return failed end
  local list = {}
  for i = 1, math.min(n, 100) do
    list[i] = pretty.value((select(i, ...)))
  end
  if n > 100 then list[#list + 1] = ("... %d more"):format(n - 100) end
  return join(list)
end

return pretty
