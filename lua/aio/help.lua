-- help(): what the manual tells, inside the program.
local aio = require "aio"
local words = require "aio.words"
local index = require "aio.help_index"
local page = require "aio.help_page"
local topics = require "aio.help_topics"
local cnames = require "aio.help_cnames"
local search = require "aio.help_search"

local metatable_of, getinfo = debug.getmetatable, debug.getinfo

-- "in flight" and "In_flight" are one topic.
local function plain(text)
  return (text:lower():gsub("[^%w]", ""))
end

-- ---- the first page ----

-- The functions of aio as the manual has them, without prefix.
local function functions()
  local list = {}
  for _, entry in ipairs(index.entries) do
    for i, name in ipairs(entry.names) do
      local short = name:match("^aio%.(.*)")
      if short and entry.names[i - 1] ~= name then
        list[#list + 1] = short
      end
    end
  end
  return list
end

-- What is to be read first comes last, where the prompt is.
local function overview()
  local parts = {
    page.listed("Functions of aio: ", functions()),
    page.listed("Objects: ", index.types()),
    page.listed("Topics: ", index.sorted(topics)),
    topics.start.text,
  }
  return page.new { title = "aiosh " .. aio.version, See = topics.start.See,
                    text = table.concat(parts, "\n\n") }
end

-- ---- entries, types ----

local function names_of(list, from)
  local names = {}
  for i = from, #list do
    local entry = list[i]
    local name = entry.names[1]
    names[#names + 1] = entry.section == "libaio" and "libaio's " .. name
      or name
  end
  return table.concat(names, ", ")
end

-- The page of the first; the others are named.
local function entries_page(list)
  local found = page.new(list[1])
  if #list > 1 then
    local others = names_of(list, 2)
    found.See = found.See and found.See .. ", also " .. others or others
  end
  return found
end

-- The signature of one member; nil for one of a list ("iocb.fd, iocb.buf").
local function member_line(full, entry)
  for line in entry.signatures:gmatch("[^\n]+") do
    if line:find(full, 1, true) and line:find("[%(>]") then
      return "  " .. line
    end
  end
end

-- What a type can do: from its tables, so that nothing is left out.
local function members_text(type_name)
  local lines, fields = {}, {}
  for _, name in ipairs(index.members(type_name)) do
    local full, entry = index.member(type_name, name)
    local line = full and member_line(full, entry)
    table.insert(line and lines or fields, line or full or name)
  end
  if #fields > 0 then
    lines[#lines + 1] = page.wrap(table.concat(fields, ", "), "  ", "  ")
  end
  return table.concat(lines, "\n")
end

local function type_page(type_name, object)
  local made = index.constructor(type_name) or {}
  local members = members_text(type_name)
  if not object and made.signatures then
    local found = page.new(made)
    found.text = made.text .. "\n\nWhat it can do:\n" .. members
    return found
  end
  return page.new {
    title = object and tostring(object) or type_name, text = members,
    See = made.names and ("help \"%s\""):format(made.names[1]),
  }
end

-- A section that is no type of ours: tap, libaio, event.
local function section_page(section)
  local lines = {}
  for _, entry in ipairs(section) do
    lines[#lines + 1] = "  " .. entry.signatures:gsub("\n", "\n  ")
  end
  return page.new { title = section.name, text = section.purpose .. "\n\n"
                                                 .. table.concat(lines, "\n") }
end

-- ---- words ----

local function topic(word)
  for name, text in next, topics do
    if plain(name) == plain(word) then
      local found = page.new(text)
      found.title = name
      return found
    end
  end
end

-- "ctx:submit" and "context:submit", "aio.setup", "tap.ok"
local function member(word)
  local object, name = word:match("^([%w_]+)[.:]([%w_]+)$")
  return object and (index.named(word)
    or words.types[object] and select(2, index.member(object, name))
    or object == "libaio" and index.named(name))
end

local function on_word(word)
  if word == "aio" then return overview() end
  local entry = member(word)
  if entry then return page.new(entry) end
  if words.types[word] then return type_page(word) end
  local found = topic(word)
  if found then return found end
  local list = index.word(word)
  if #list > 0 then return entries_page(list) end
  local section = index.section((word:gsub("^aio%.", "")))
  local object = index.variable(word)
  if object then return on_word(object) end
  return section and section_page(section) or cnames.page(word)
    or search.nothing(word)
end

-- ---- values ----

local function on_function(fn)
  local entry = index.by_function(fn)
  if entry then return page.new(entry) end
  local info = getinfo(fn, "S")
  return page.new {
    title = tostring(fn),
    text = info.what == "C" and "A function in C that is none of aio's."
      or ("Defined in %s, line %d."):format(info.short_src, info.linedefined),
  }
end

local function on_table(t)
  if page.is(t) then return t end
  if rawequal(t, aio) then return overview() end
  for name, module in next, package.loaded do
    local short = type(name) == "string" and name:match("^aio%.(.*)")
    if short and rawequal(module, t) then
      local section = index.section(short)
      return section and section_page(section) or on_word(short)
    end
  end
  if rawequal(metatable_of(t), words.metatables.event) then
    return page.new(index.named("ev.obj"))
  end
end

local function on_number(n)
  local name = math.type(n) == "integer" and aio.errname(n)
  return name and cnames.page(name)
end

-- " io_submit(2) " and "ctx:submit()" are the names in them.
local function on_string(text)
  return on_word((text:match("^%s*(.-)%s*$"):gsub("%(.*%)$", "")))
end

local by_type = { ["function"] = on_function, table = on_table,
                  number = on_number, string = on_string }

--- help([what]) -> page
--
-- Tells about a function, an object, or a word in a string: the name of a
-- function, a method ("ctx:submit") or a type, a C function ("io_submit"), an
-- error, a constant, a flag or a topic; without one, where to begin. The page
-- is an object whose tostring is the text: the prompt shows it, a script has
-- help = require "aio.help" and prints it.
-- Example: help = require "aio.help"
--   print(help "EAGAIN")
local function help(_, ...)
  local what = ...
  if select("#", ...) == 0 then return overview() end
  local known = words.typeof(what)
  if known then return type_page(known, what) end
  local found = by_type[type(what)] and by_type[type(what)](what)
  return found or page.new {
    title = "no help on a " .. type(what),
    text = "help() lists what there is.",
  }
end

return setmetatable({ words = search.vocabulary }, {
  __call = help,
  __name = "aio help",
  __tostring = function() return 'help: help(), help(x), help "word"' end,
})
