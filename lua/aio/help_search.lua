-- The words that help knows, and what to say of others: near ones, and where
-- the word is told about.
local aio = require "aio"
local index = require "aio.help_index"
local page = require "aio.help_page"
local topics = require "aio.help_topics"
local near = require "aio.near"

local search = {}

-- All words that help knows, for completion and for near ones.
function search.vocabulary()
  local list = {}
  for _, entry in ipairs(index.entries) do
    for _, name in ipairs(entry.names) do
      list[#list + 1] = name
    end
  end
  table.move(index.types(), 1, 32, #list + 1, list)
  for _, name in ipairs(index.sorted(topics)) do
    list[#list + 1] = name
  end
  for _, name in ipairs(index.sorted(aio)) do
    if math.type(rawget(aio, name)) == "integer" then list[#list + 1] = name end
  end
  return list
end

local function mentioned(word)
  local names = {}
  for _, entry in ipairs(index.entries) do
    local text = entry.text .. (entry.Errors or "") .. (entry.Returns or "")
    if text:lower():find(word:lower(), 1, true) then
      names[#names + 1] = entry.names[1]
    end
  end
  return names
end

-- Names are compared whole and by their last part: "sumbit", "ctx:sumbit".
local function near_words(word)
  local list, full = {}, {}
  for _, name in ipairs(search.vocabulary()) do
    for _, w in ipairs { name, name:match("[%w_]+$") } do
      list[#list + 1], full[w] = w, full[w] or name
    end
  end
  local found, seen = {}, {}
  for _, w in ipairs(near(word, list, 6)) do
    if not seen[full[w]] then found[#found + 1] = full[w] end
    seen[full[w]] = true
  end
  return found
end

-- The page for a word that nobody knows.
function search.nothing(word)
  local parts = {}
  local alike = near_words(word)
  local used = #word > 2 and mentioned(word) or {}
  if #alike > 0 then
    parts[1] = page.listed("Near it: ", alike)
  end
  if #used > 0 then
    parts[#parts + 1] = page.listed("Told about in: ", used)
  end
  parts[#parts + 1] = "help() lists what there is."
  return page.new { title = ("no help on %q"):format(word),
                    text = table.concat(parts, "\n\n") }
end

return search
