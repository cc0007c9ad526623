-- Strict readers for what is written: JSON into tables, and XML for being
-- well-formed. Both raise where the text is wrong.
local parse = {}

-- ---- JSON (RFC 8259) ----

local function fail(at, what)
  error(("%s at character %d"):format(what, at), 0)
end

local function skip(s, at)
  return s:find("[^ \t\r\n]", at) or #s + 1
end

local value

local function string_at(s, at)
  local parts, i = {}, at + 1
  while true do
    local c = s:sub(i, i)
    if c == '"' then return table.concat(parts), i + 1 end
    if c == "" or c:find "%c" then fail(i, "a string without end") end
    if c == "\\" then
      local plain = s:match('^\\(["\\/bfnrt])', i)
      local hex = s:match("^\\u(%x%x%x%x)", i)
      if not plain and not hex then fail(i, "an unknown escape") end
      parts[#parts + 1] = plain or utf8.char(tonumber(hex, 16))
      i = i + (plain and 2 or 6)
    else
      parts[#parts + 1], i = c, i + 1
    end
  end
end

local function number_at(s, at)
  local text = s:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
  if not text or text:find "^-?0%d" or text:find "%.$" then
    fail(at, "no value")
  end
  return tonumber(text), at + #text
end

local function list_at(s, at)
  local list = {}
  at = skip(s, at + 1)
  if s:sub(at, at) == "]" then return list, at + 1 end
  while true do
    list[#list + 1], at = value(s, at)
    at = skip(s, at)
    local c = s:sub(at, at)
    if c == "]" then return list, at + 1 end
    if c ~= "," then fail(at, "',' or ']' expected") end
    at = at + 1
  end
end

local function object_at(s, at)
  local object = {}
  at = skip(s, at + 1)
  if s:sub(at, at) == "}" then return object, at + 1 end
  while true do
    local key
    at = skip(s, at)
    if s:sub(at, at) ~= '"' then fail(at, "a key expected") end
    key, at = string_at(s, at)
    if object[key] ~= nil then fail(at, "a key given twice") end
    at = skip(s, at)
    if s:sub(at, at) ~= ":" then fail(at, "':' expected") end
    object[key], at = value(s, at + 1)
    at = skip(s, at)
    local c = s:sub(at, at)
    if c == "}" then return object, at + 1 end
    if c ~= "," then fail(at, "',' or '}' expected") end
    at = at + 1
  end
end

local words = { ["true"] = true, ["false"] = false }

function value(s, at)
  at = skip(s, at)
  local c = s:sub(at, at)
  if c == "{" then return object_at(s, at) end
  if c == "[" then return list_at(s, at) end
  if c == '"' then return string_at(s, at) end
  local word = s:match("^%a+", at)
  if words[word] ~= nil then return words[word], at + #word end
  return number_at(s, at)
end

function parse.json(s)
  local result, at = value(s, 1)
  if skip(s, at) <= #s then fail(at, "something after the end") end
  return result
end

-- ---- XML ----

local function check_text(s)
  local left = s:gsub("&%a+;", "")
  if left:find "[<&]" then error("a bare character in: " .. s, 0) end
end

local function check_attributes(s)
  local seen = {}
  local rest = s:gsub('%s+([%a][%w:-]*)="([^"]*)"', function(name, content)
    if seen[name] then error("an attribute given twice: " .. s, 0) end
    seen[name] = true
    check_text(content)
    return ""
  end)
  if rest:find "%S" then error("what is this: " .. rest, 0) end
  return seen
end

-- The names of all elements, counted.
function parse.xml(s)
  local open, count, at = {}, {}, 1
  for text, tag, after in s:gmatch "([^<]*)<([^>]*)>()" do
    check_text(text)
    at = after
    local closing = tag:match "^/([%w]+)$"
    local name, attributes, empty = tag:match "^([%w]+)(.-)(/?)$"
    if closing then
      if table.remove(open) ~= closing then
        error("</" .. closing .. "> closes nothing", 0)
      end
    else
      if not name then error("no tag: " .. tag, 0) end
      check_attributes(attributes)
      count[name] = (count[name] or 0) + 1
      if empty == "" then open[#open + 1] = name end
    end
  end
  if #open > 0 then error("<" .. open[#open] .. "> is not closed", 0) end
  if s:find("%S", at) then error("something after the end", 0) end
  return count
end

return parse
