-- Pages on names of C: errors, constants, and flags by their word.
local aio = require "aio"
local words = require "aio.words"
local page = require "aio.help_page"
local errors = require "aio.help_errors"
local constants = require "aio.help_constants"

local cnames = {}

local function family_of(name)
  for _, family in ipairs(constants.families) do
    if name:sub(1, #family[1]) == family[1] then return family end
  end
end

local function is_error(name)
  return name:find("^E%u") and not family_of(name)
    and math.type(rawget(aio, name)) == "integer"
end

local function error_page(name)
  local number = rawget(aio, name)
  local known = errors[aio.errname(number)]
  local parts = {}
  for _, case in ipairs(known or {}) do
    local who, cause, what = table.unpack(case)
    parts[#parts + 1] = page.wrap(cause .. ".", who .. ": ", "  ") .. "\n"
      .. page.wrap(what .. ".", "  What to do: ", "  ")
  end
  if not known then
    parts[1] = "AIO gives it no meaning of its own: it comes from the file, "
      .. "\nthe device or another call."
  end
  return page.new {
    title = ("%s (%d): %s"):format(name, number, aio.strerror(number)),
    text = table.concat(parts, "\n\n"), See = "help \"errors\", errno(3)",
  }
end

-- Whether a string of flags may have that word.
local function is_flag(name, word)
  for _, set in next, words do
    for _, w in ipairs(type(set) == "table" and set or {}) do
      if w == word then return true end
    end
  end
  return name:find("^SIG") ~= nil
end

local function constant_page(name)
  local value = rawget(aio, name)
  local prefix, manual, use = table.unpack(family_of(name) or {})
  local text = constants.text[name] or prefix
    and ("A constant of %s."):format(manual)
  local parts = { text and page.wrap(text) }
  local word = prefix and name:sub(#prefix + 1):lower()
  if use and prefix == "SIG" then word = name end
  if use and is_flag(name, word) then
    parts[#parts + 1] = "Here: " .. use:format(word)
  end
  return page.new {
    title = ("aio.%s = %d (0x%x)"):format(name, value, value),
    text = table.concat(parts, "\n\n"), See = manual,
  }
end

-- The page of "EAGAIN", "aio.O_DIRECT", "nowait" (RWF_NOWAIT), "direct"; nil
-- for what is none of C's names.
function cnames.page(word)
  local name = word:gsub("^aio%.", "")
  name = rawget(aio, name) == nil and name:upper() or name
  if is_error(name) then return error_page(name) end
  if math.type(rawget(aio, name)) == "integer" then
    return constant_page(name)
  end
  for _, family in ipairs(constants.families) do
    local full = family[1] .. name:upper()
    if family[3] and math.type(rawget(aio, full)) == "integer" then
      return constant_page(full)
    end
  end
end

return cnames
