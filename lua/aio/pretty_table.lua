-- Tables, by width and depth: on one line where they fit, else a line for
-- each entry; cycles marked, long ones and large ones cut.
local strings = require "aio.pretty_string"

local ITEMS = 100  -- of one table
local SORTED = 5000 -- more keys than these are not put in order

local function is_name(key)
  return type(key) == "string" and #key < 60
    and key:find("^[%a_][%w_]*$") ~= nil
end

local order = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local ta, tb = order[type(a)] or 4, order[type(b)] or 4
  if ta ~= tb then return ta < tb end
  return (ta == 1 or ta == 2) and a < b
end

-- The keys beside 1..n, in order; how many there are.
local function other_keys(t, n)
  local keys, count = {}, 0
  for key in next, t do
    if not (math.type(key) == "integer" and key >= 1 and key <= n) then
      count = count + 1
      if count <= SORTED then keys[count] = key end
    end
  end
  table.sort(keys, before)
  return keys, count
end

local function key_text(p, key)
  if is_name(key) then return key end
  if type(key) == "string" then return "[" .. strings.quote(key, 60) .. "]" end
  return "[" .. p.short(key) .. "]"
end

-- The entries as text, and how many are left out.
local function entries(p, t, level, indent)
  local list, n = {}, rawlen(t)
  local keys, count = other_keys(t, n)
  local function add(key, v)
    local name = key and key_text(p, key) .. " = " or ""
    list[#list + 1] = name .. p.value(v, level + 1, indent + 2)
    p.left = p.left - #list[#list]
  end
  for i = 1, math.min(n, ITEMS) do
    if p.left <= 0 then break end
    add(nil, rawget(t, i))
  end
  for i = 1, math.min(#keys, ITEMS - #list) do
    if p.left <= 0 then break end
    add(keys[i], rawget(t, keys[i]))
  end
  return list, n + count - #list
end

local function width_of(text)
  local shown = text:gsub("\27%[[%d;]*m", "")
  return utf8.len(shown) or #shown
end

local function on_one_line(list, room)
  local text = table.concat(list, ", ")
  return not text:find("\n", 1, true) and width_of(text) <= room and text
end

-- As many short entries as fit on each line.
local function filled(list, room)
  local lines = {}
  for _, text in ipairs(list) do
    local line = lines[#lines]
    if line and width_of(line) + 2 + width_of(text) < room then
      lines[#lines] = line .. ", " .. text
    else
      lines[#lines + 1] = text
    end
  end
  return lines
end

local function is_short(list)
  for _, text in ipairs(list) do
    if #text > 30 or text:find("[\n=]") then return false end
  end
  return true
end

local function on_lines(list, indent, room)
  list = is_short(list) and filled(list, room) or list
  local space = (" "):rep(indent + 2)
  return "{\n" .. space .. table.concat(list, ",\n" .. space) .. "\n"
    .. (" "):rep(indent) .. "}"
end

-- p.path: the tables that this one is in; p.left: characters still to spend.
return function(p, t, level, indent)
  if next(t) == nil then return "{}" end
  if p.path[t] then return "<cycle>" end
  if level > p.depth then return "{...}" end
  p.path[t] = true
  local list, more = entries(p, t, level, indent)
  p.path[t] = nil
  if more > 0 then list[#list + 1] = ("... %d more"):format(more) end
  local room = p.width - indent - 4
  local line = on_one_line(list, room)
  return line and "{" .. line .. "}" or on_lines(list, indent, room)
end
