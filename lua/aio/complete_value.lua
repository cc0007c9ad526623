-- What an expression before the cursor stands for, without evaluating it:
-- raw access to tables only, and the manual for what calls return.
local words = require "aio.words"
local index = require "aio.help_index"

local metatable_of = debug.getmetatable -- also where __metatable hides it

local value = {}

local MAX_KEYS = 20000 -- of a table are looked at
local MAX_DEPTH = 20   -- of a chain of __index

-- ---- members ----

-- The fields of an event that are not in its table.
local computed = { "res2", "slat", "clat", "lat", "op", "nbytes", "offset",
                   "err", "why", "revents" }

local function is_name(key)
  return type(key) == "string" and key:find("^[%a_][%w_]*$") ~= nil
end

local function add_keys(found, t)
  local n = 0
  for key, v in next, t do
    n = n + 1
    if n > MAX_KEYS then return end
    if is_name(key) and found[key] == nil then
      found[key] = type(v)
    end
  end
end

-- The tables in which a field is looked for, the nearest first.
local function each_table(v)
  local list = {}
  local depth = 0
  while v ~= nil and depth < MAX_DEPTH do
    if type(v) == "table" then list[#list + 1] = v end
    local mt = metatable_of(v)
    v = type(mt) == "table" and rawget(mt, "__index") or nil
    if type(v) ~= "table" then v = nil end
    depth = depth + 1
  end
  return list
end

local function add_type(found, type_name)
  local known = words.types[type_name]
  for name in next, known.methods do found[name] = "function" end
  for name in next, known.getters do found[name] = "field" end
end

local function is_event(v)
  return rawequal(metatable_of(v), words.metatables.event)
end

-- The names after "." or ":": name -> "function" or another type's name.
function value.members(v, type_name)
  local found = {}
  type_name = type_name or v ~= nil and words.typeof(v)
  if type_name then
    add_type(found, type_name)
    return found
  end
  for _, t in ipairs(each_table(v)) do add_keys(found, t) end
  if type(v) == "table" and is_event(v) then
    for _, name in ipairs(computed) do found[name] = "field" end
  end
  return found
end

local function raw_field(v, key)
  for _, t in ipairs(each_table(v)) do
    local field = rawget(t, key)
    if field ~= nil then return field end
  end
end

-- ---- chains ----

-- The token that opens what closes at i, or nil.
local function opener(tokens, i)
  local depth = 0
  while i > 0 do
    local sign = tokens[i].kind == "sign" and tokens[i].text
    if sign == ")" or sign == "]" or sign == "}" then depth = depth + 1 end
    if sign == "(" or sign == "[" or sign == "{" then depth = depth - 1 end
    if depth == 0 then return i end
    i = i - 1
  end
end

local read_chain

-- What comes before a bracket that closes at i: a call, or an index.
local function read_suffix(tokens, i, steps)
  local open = opener(tokens, i)
  if not open or open == 1 then return end
  local key = tokens[open + 1]
  if tokens[open].text ~= "[" then
    table.insert(steps, 1, { call = true })
  elseif i == open + 2 and key.kind == "number" then
    table.insert(steps, 1, { key = math.tointeger(key.text) or key.text })
  elseif i == open + 2 and key.kind == "string" then
    table.insert(steps, 1, { key = key.text:sub(2, -2) })
  else
    return
  end
  return read_chain(tokens, open - 1, steps)
end

-- The steps of the expression that ends at token i: {name=}, then {key=},
-- {method=} and {call=true}; nil for anything else.
function read_chain(tokens, i, steps)
  local token = tokens[i]
  if not token then return end
  if token.kind == "string" and not token.open then
    table.insert(steps, 1, { call = true }) -- f "..."
    return read_chain(tokens, i - 1, steps)
  elseif token.kind == "sign" then
    return read_suffix(tokens, i, steps)
  elseif token.kind ~= "name" then
    return
  end
  local before = tokens[i - 1] and tokens[i - 1].text
  if before ~= "." and before ~= ":" then
    table.insert(steps, 1, { name = token.text })
    return steps
  end
  local kind = before == "." and "key" or "method"
  table.insert(steps, 1, { [kind] = token.text })
  return read_chain(tokens, i - 2, steps)
end

-- ---- what they stand for: {value=, type=, entry=} ----

-- "-> buffer | nil, ..." and "-> buf" are buffers.
local function returned(entry)
  local word = entry and entry.signatures:match("%-> (%w+)")
  if word and words.types[word] then return { type = word } end
  local type_name = word and index.variable(word)
  return type_name and words.types[type_name] and { type = type_name } or {}
end

local function member(at, name)
  local type_name = at.type or at.value ~= nil and words.typeof(at.value)
  if type_name then
    return { entry = select(2, index.member(type_name, name)) }
  end
  return { value = raw_field(at.value, name) }
end

local function entry_of(at)
  return at.entry or type(at.value) == "function"
    and index.by_function(at.value) or nil
end

local function step(at, s)
  if s.name then return { value = raw_field(_G, s.name) } end
  if s.call then return returned(entry_of(at)) end
  return member(at, s.key or s.method)
end

-- "w:add" where w is not there yet: the manual's name for it.
local function by_text(steps)
  local first, second = steps[1], steps[2]
  if #steps == 1 then return index.named(first.name) end
  if #steps ~= 2 then return end
  local dot = second.method and ":" or "."
  return index.named(first.name .. dot .. tostring(second.key or second.method))
end

-- What the expression that ends at token i stands for, or nil; second whether
-- it is an expression at all.
function value.at(tokens, i)
  local steps = read_chain(tokens, i, {})
  if not steps or not steps[1].name then return nil, false end
  local at = {}
  for _, s in ipairs(steps) do at = step(at, s) end
  if at.value == nil and not at.type and not at.entry then
    at.entry = by_text(steps)
  end
  return at, true
end

-- The manual's entry on the function that the expression stands for.
function value.entry(tokens, i)
  local at = value.at(tokens, i)
  return at and entry_of(at)
end

return value
