-- Pages of help: objects whose tostring is the text to read.
--   page.new{signatures=, text=, Returns=, Errors=, Example=, See=, title=}
--   page.wrap(text [, first [, rest]])   at the terminal's width, with these
--                                       before the first line and the others
--   page.listed(label, list)   words with commas, behind a label
local aio = require "aio"
local color = require "aio.color"
local example = require "aio.help_example"

local metatable_of = debug.getmetatable

local page = {}

local function indent(text)
  return "  " .. text:gsub("\n", "\n  ")
end

local function labelled(label, text, on)
  return color.paint(label .. ":", "bold", on) .. " " .. text
end

-- The paragraphs of a page, in their order.
local function paragraphs(entry, on)
  local list = {}
  local function add(text)
    list[#list + 1] = text
  end
  add(color.paint(entry.signatures or entry.title, "bold", on))
  add(entry.text)
  for _, label in ipairs { "Returns", "Errors" } do
    if entry[label] then add(labelled(label, entry[label], on)) end
  end
  if entry.Example then
    add(color.paint("Example:", "bold", on) .. "\n"
        .. indent(example(entry)))
  end
  if entry.See then
    add(labelled("See", page.wrap(entry.See, "", "  "), on))
  end
  return list
end

local function tostring_page(self)
  return table.concat(paragraphs(self, color.on()), "\n\n")
end

local metatable = { __name = "aio help", __tostring = tostring_page }

function page.new(entry)
  local copy = {}
  for key, value in pairs(entry) do
    copy[key] = value
  end
  return setmetatable(copy, metatable)
end

function page.is(v)
  return rawequal(metatable_of(v), metatable)
end

function page.wrap(text, first, rest)
  local width = math.min(aio.terminal() or 80, 79)
  local lines, line = {}, first or ""
  local empty = true
  for word in text:gmatch("%S+") do
    if not empty and #line + 1 + #word > width then
      lines[#lines + 1] = line
      line, empty = rest or "", true
    end
    line = line .. (empty and "" or " ") .. word
    empty = false
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

-- "Topics: alignment, cancel, ..."
function page.listed(label, list)
  return page.wrap(table.concat(list, ", "), label, "  ")
end

return page
