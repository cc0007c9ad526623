-- Finds the entries of aio.manual: by name, by the last part of a name, by
-- the manual page that they refer to, by function, by type.
local aio = require "aio"
local words = require "aio.words"
local manual = require "aio.manual"

local index = {}

local sections = {} -- by name
local entries = {}  -- all of them, in the manual's order
local by_name = {}  -- "ctx:submit" -> entry
local by_word = {}  -- "submit" -> list of entries
local by_page = {}  -- "io_submit" -> the entry that refers to it first

local function add_name(entry, name)
  by_name[name] = by_name[name] or entry
  local word = name:match("[%w_]+$")
  local list = by_word[word] or {}
  by_word[word] = list
  if list[#list] ~= entry then
    list[#list + 1] = entry
  end
end

-- Constructors first: "eventfd" is aio.eventfd before it is ctx:eventfd.
local function add_pages(entry)
  local name = entry.names[1]
  for page in (entry.See or ""):gmatch("([%w_]+)%(%d%)") do
    local old = by_page[page]
    if not old or name == "aio." .. page then
      by_page[page] = entry
    end
  end
end

local function is_constructor(entry)
  local name = entry.names[1]
  return name:find("^aio%.") ~= nil or name == "posix.aiocb"
end

local function constructors_first(list)
  local rest = {}
  local sorted = {}
  for _, entry in ipairs(list) do
    table.insert(is_constructor(entry) and sorted or rest, entry)
  end
  table.move(rest, 1, #rest, #sorted + 1, sorted)
  return sorted
end

local function add_section(section)
  sections[section.name] = section
  for _, entry in ipairs(section) do
    entry.section = section.name
    entries[#entries + 1] = entry
    for _, name in ipairs(entry.names) do
      add_name(entry, name)
    end
    if section.name ~= "libaio" then
      add_pages(entry)
    end
  end
end

for _, section in ipairs(manual) do
  add_section(section)
end
for word, list in pairs(by_word) do
  by_word[word] = constructors_first(list)
end

index.entries = entries

-- The names in a table.
function index.sorted(t)
  local keys = {}
  for key in next, t do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

function index.section(name)
  return sections[name]
end

function index.named(name)
  return by_name[name]
end

-- All that a word may mean, the likeliest first.
function index.word(word)
  local list = { table.unpack(by_word[word] or {}) }
  local native = by_page[word]
  if native and (#list == 0 or list[1].section == "libaio") then
    table.insert(list, 1, native)
  end
  return list
end

-- ---- types ----

-- The section about a type: of its name, or that has a function returning one.
local function section_of(type_name)
  if sections[type_name] then return sections[type_name] end
  for _, entry in ipairs(entries) do
    if entry.signatures:find("%-> " .. type_name .. "%f[^%w_]") then
      return sections[entry.section]
    end
  end
  return {}
end

-- "context" -> "ctx": how the section calls its object.
local function variable(type_name)
  for _, entry in ipairs(section_of(type_name)) do
    local name = entry.names[1]:match("^(%w+):")
    if name then return name end
  end
  return "obj"
end

-- "ctx" -> "context"; an iocb has a usual name beside "iocb".
function index.variable(name)
  if name == "cb" then return "iocb" end
  if name == "ev" then return "event" end
  for type_name in next, words.types do
    if type_name ~= name and variable(type_name) == name then
      return type_name
    end
  end
end

-- What makes an object of the type: aio.buffer, or the first that its section
-- has (aio.setup, aio.open).
function index.constructor(type_name)
  local found = by_name["aio." .. type_name]
  for _, entry in ipairs(section_of(type_name)) do
    found = found or is_constructor(entry) and entry
  end
  return found
end

-- "buffer", "get" -> "buf:get", entry
function index.member(type_name, name)
  for _, object in ipairs { variable(type_name), "obj" } do
    for _, dot in ipairs { ":", "." } do
      local entry = by_name[object .. dot .. name]
      if entry then
        return object .. dot .. name, entry
      end
    end
  end
end

-- The names of a type's methods and fields, sorted.
function index.members(type_name)
  local list = {}
  local known = words.types[type_name] or {}
  for _, part in ipairs { "methods", "getters" } do
    for name in next, known[part] or {} do
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

-- The types that can do something.
function index.types()
  local list = {}
  for _, name in ipairs(index.sorted(words.types)) do
    if #index.members(name) > 0 then list[#list + 1] = name end
  end
  return list
end

-- ---- functions ----

local function key_of(t, value)
  for key, v in next, t do
    if rawequal(v, value) and type(key) == "string" then
      return key
    end
  end
end

local function method_entry(fn)
  for type_name, known in next, words.types do
    local name = key_of(known.methods, fn)
    if name then
      return select(2, index.member(type_name, name))
    end
  end
end

-- "aio.tap" -> "tap"; modules that nobody has loaded have no functions. One
-- may be in several: aio.posix has what aio.posix_run defines.
local function module_entry(fn)
  for path, module in next, package.loaded do
    local short = type(path) == "string" and path:match("^aio%.([%w_]+)$")
    local name = short and type(module) == "table" and key_of(module, fn)
    local entry = name and (by_name[short .. "." .. name] or by_name[name])
    if entry then return entry end
  end
end

function index.by_function(fn)
  local name = key_of(aio, fn)
  return name and by_name["aio." .. name] or method_entry(fn)
    or module_entry(fn)
end

return index
