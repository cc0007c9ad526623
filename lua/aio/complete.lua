-- Candidates for TAB. Looks at values by raw access only, and at our objects
-- by their types: it runs no metamethod, no getter and no code of the user's.
--   complete.candidates(line, point [, earlier]) -> list, start, append
-- point: bytes before the cursor; earlier: the lines before this one of the
-- same chunk. The candidates replace what stands from start (from 0) to point;
-- append follows a single one.
local scan = require "aio.complete_scan"
local value = require "aio.complete_value"
local words = require "aio.words"
local from_string = require "aio.complete_string"

local complete = {}

local LOOK_BACK = 20000 -- bytes of the lines before; a paste may be long

-- Each with what follows it.
local keywords = {
  ["and"] = " ", ["break"] = "", ["do"] = " ", ["else"] = " ",
  ["elseif"] = " ", ["end"] = "", ["false"] = "", ["for"] = " ",
  ["function"] = " ", ["goto"] = " ", ["if"] = " ", ["in"] = " ",
  ["local"] = " ", ["nil"] = "", ["not"] = " ", ["or"] = " ",
  ["repeat"] = " ", ["return"] = " ", ["then"] = " ", ["true"] = "",
  ["until"] = " ", ["while"] = " ",
}

-- Names with this beginning, sorted, and what follows a single one.
local function matching(found, prefix, wanted)
  local list = {}
  for name, kind in pairs(found) do
    if name:sub(1, #prefix) == prefix and wanted(name, kind) then
      list[#list + 1] = name
    end
  end
  table.sort(list)
  local only = #list == 1 and found[list[1]]
  return list, only == "function" and "(" or ""
end

-- aio has hundreds of constants: they are offered to capitals.
local function is_wanted(prefix, methods)
  return function(name, kind)
    if methods then return kind == "function" end
    return prefix:find("^%u") or not name:find("^%u[%u%d_]+$")
  end
end

local function members(tokens, prefix)
  local dot = tokens[#tokens].text
  local at = value.at(tokens, #tokens - 1)
  if not at or at.value == nil and not at.type then return {}, "" end
  local found = value.members(at.value, at.type)
  return matching(found, prefix, is_wanted(prefix, dot == ":"))
end

local function globals(prefix)
  local found = value.members(_G)
  local list, append = matching(found, prefix, function() return true end)
  if prefix == "" then return list, append end
  for word in pairs(keywords) do
    if word:sub(1, #prefix) == prefix then list[#list + 1] = word end
  end
  table.sort(list)
  return list, #list == 1 and (keywords[list[1]] or append) or ""
end

-- ---- keys of tables that functions take ----

-- The fields of an iocb that are of no use to an operation; opcode, flags and
-- reserved2 are for aio.iocb alone.
local useless = {
  pread = "bufs events", pwrite = "bufs events", preadv = "buf events",
  pwritev = "buf events", poll = "buf bufs nbytes offset rw_flags",
  fsync = "buf bufs events nbytes offset rw_flags",
}
useless.fdsync, useless.noop = useless.fsync, useless.fsync

local function fields_for(op)
  local list = {}
  local without = (" opcode flags reserved2 %s "):format(useless[op])
  for _, field in ipairs(words.iocb) do
    if not without:find(" " .. field .. " ", 1, true) then
      list[#list + 1] = field
    end
  end
  return list
end

-- The keys that a signature shows: {nr_events=, ctx=, ...}.
local function shown_keys(entry)
  local list = {}
  for group in entry.signatures:gmatch("{([^}]*)}") do
    for key in group:gmatch("([%a_][%w_]*)=") do list[#list + 1] = key end
  end
  return list
end

local function keys_for(entry, n)
  local name = entry.names[1]
  if name == "aio.iocb" then return n == 1 and words.iocb end
  local op = name:match("^aio%.(.*)$")
  if useless[op] then return n == 1 and fields_for(op) end
  if name == "aio.buffer" then return n == 2 and words.buffer end
  if name == "buf:fill" or name == "buf:check" then
    return n == 1 and words.pattern
  end
  return shown_keys(entry)
end

-- The keys that fit where a table's field begins, or nil.
local function table_keys(tokens, stack)
  local top, outer = stack[#stack], stack[#stack - 1]
  if not top or top.sign ~= "{" or top.key then return end
  local before = tokens[top.at - 1]
  local entry, n
  if before and before.kind == "name" then
    entry, n = value.entry(tokens, top.at - 1), 1
  elseif outer and outer.sign == "(" and outer.at > 1 then
    entry, n = value.entry(tokens, outer.at - 1), outer.n
  end
  local keys = entry and keys_for(entry, n)
  return keys and #keys > 0 and keys or nil
end

local function at_field_start(tokens)
  local text = tokens[#tokens].text
  return text == "{" or text == "," or text == ";"
end

local function unused(keys, used, prefix)
  local list = {}
  for _, key in ipairs(keys) do
    if key:sub(1, #prefix) == prefix and not used[key] then
      list[#list + 1] = key
    end
  end
  return list, "="
end

-- ---- the whole ----

local function from_name(s, prefix)
  local last = s.tokens[#s.tokens]
  if last and (last.text == "." or last.text == ":") then
    return members(s.tokens, prefix)
  end
  local keys = last and at_field_start(s.tokens)
    and table_keys(s.tokens, s.stack)
  if keys then return unused(keys, s.stack[#s.stack].keys, prefix) end
  return globals(prefix)
end

-- What follows is there already.
local function without_repeat(append, line, point)
  return line:sub(point + 1, point + #append) == append and "" or append
end

function complete.candidates(line, point, earlier)
  local before = earlier and earlier:sub(-LOOK_BACK) .. "\n" or ""
  local s = scan(before .. line:sub(1, point))
  local typed = s.typed or { kind = "name", text = "" }
  local list, start, append
  if typed.kind == "string" then
    local text = typed.text:sub(2)
    list, start, append = from_string(s, text, typed.text:sub(1, 1))
    start = point - #text + start
  elseif typed.kind == "name" then
    list, append = from_name(s, typed.text)
    start = point - #typed.text
  else
    return {}, point, ""
  end
  return list, math.max(start, 0), without_repeat(append, line, point)
end

return complete
