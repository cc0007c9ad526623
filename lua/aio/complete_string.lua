-- What may stand in a string: flags, words, names of help and of modules, or
-- the names of files.
local aio = require "aio"
local words = require "aio.words"
local value = require "aio.complete_value"

-- By function and argument: what a string there holds.
local arguments = {
  ["aio.open"] = { nil, "open" },
  ["aio.poll"] = { nil, "poll" },
  ["aio.pipe"] = { "pipe" },
  ["aio.eventfd"] = { nil, "eventfd" },
  ["aio.preadv"] = { nil, nil, nil, "rw_flags" },
  ["aio.pwritev"] = { nil, nil, nil, "rw_flags" },
  ["f:fallocate"] = { nil, nil, "fallocate" },
  ["w:add"] = { nil, "waiter" },
  ["w:modify"] = { nil, "waiter" },
  ["buf:fill"] = { "pattern" },
  ["buf:check"] = { "pattern" },
  ["ctx:pgetevents"] = { nil, nil, nil, "signal" },
  ["aio.watch"] = { "watch", "watch" },
  ["posix.listio"] = { "listio" },
  ["cb:fsync"] = { "fsync" },
}

-- By the field that is set, in a table or by an assignment.
local fields = {
  rw_flags = "rw_flags", opcode = "opcode", events = "poll",
  flags = "iocb_flags", prot = "prot", lio_opcode = "lio_opcode",
  notify = "notify", signo = "signal",
}

local lists = {
  prot = { "none", "r", "rw" }, watch = { "each", "summary", "off" },
  listio = { "wait", "nowait" }, fsync = { "sync", "dsync" },
  lio_opcode = { "read", "write", "nop" },
  notify = { "none", "signal", "thread" },
}

function lists.signal()
  local list = {}
  for name in next, aio do
    if type(name) == "string" and name:find("^SIG%u") then
      list[#list + 1] = name
    end
  end
  return list
end

-- Names, and their last parts: both "ctx:submit" and "submit".
function lists.help()
  local list = require "aio.help".words()
  for i = 1, #list do
    list[#list + 1] = list[i]:match("[.:]([%w_]+)$")
  end
  return list
end

function lists.module()
  local list = {}
  for _, t in ipairs { package.preload, package.loaded } do
    for name in next, t do
      if type(name) == "string" and not name:find("[:_]") then
        list[#list + 1] = name
      end
    end
  end
  return list
end

-- ---- which list ----

local function is_help(at)
  return at and at.value ~= nil and rawequal(at.value,
                                             package.loaded["aio.help"])
end

local function in_call(tokens, i, n)
  local at = value.at(tokens, i)
  if is_help(at) then return "help" end
  if at and at.value ~= nil and rawequal(at.value, require) then
    return "module"
  end
  local entry = value.entry(tokens, i)
  local name = entry and entry.names[1]
  if name == "aio.signals" then return "signal" end
  if name == "help" then return "help" end
  return arguments[name] and arguments[name][n]
end

-- A string in a table that is itself an argument.
local function in_table(tokens, stack)
  local top = stack[#stack]
  local outer = stack[#stack - 1]
  if top.key then return fields[top.key] end
  if outer and outer.sign == "(" and outer.at > 1 then
    return in_call(tokens, outer.at - 1, outer.n)
  end
end

local function in_assignment(tokens)
  local before, field = tokens[#tokens], tokens[#tokens - 1]
  return before and before.text == "=" and field and fields[field.text]
end

local function kind_of(scan)
  local tokens, stack = scan.tokens, scan.stack
  local before, top = tokens[#tokens], stack[#stack]
  if before and (before.kind == "name" or before.text == "]") then
    return in_call(tokens, #tokens, 1) -- f "..."
  elseif top and top.sign == "(" then
    return in_call(tokens, top.at - 1, top.n)
  elseif top and top.sign == "{" then
    return in_table(tokens, stack)
  end
  return in_assignment(tokens)
end

-- ---- candidates ----

local whole = { opcode = true, prot = true, help = true, module = true,
                signal = true, pattern = true, watch = true, listio = true,
                fsync = true, lio_opcode = true, notify = true }

local function words_of(kind)
  local list = lists[kind] or words[kind]
  return type(list) == "function" and list() or list
end

-- In flags, what follows the last comma; those that are there are left out.
local function from_words(kind, text)
  local flags = not whole[kind]
  local before = flags and text:match("^.*[,|]%s*") or ""
  local prefix, list, seen = text:sub(#before + 1), {}, {}
  for word in flags and before:gmatch("[%w_]+") or next, {} do
    seen[word] = true
  end
  for _, word in ipairs(words_of(kind)) do
    if word:sub(1, #prefix) == prefix and not seen[word] then
      list[#list + 1], seen[word] = word, true
    end
  end
  if not flags then table.sort(list) end
  return list, #before, flags and "" or nil
end

local escapes = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r" }

-- As it is typed between quotes of this kind.
local function escape(name, quote)
  return (name:gsub("[\\%c" .. quote .. "]", function(c)
    return escapes[c] or c:find("%c") and ("\\%03d"):format(c:byte())
      or "\\" .. c
  end))
end

local function unescape(text)
  return (text:gsub("\\(.)", "%1"))
end

-- Relative names are completed as they are; ~/ is the home directory, which
-- no system call knows, and is written out.
local function from_files(text, quote)
  local before, prefix = text:match("^(.*/)(.*)$")
  local dir = unescape(before or "")
  local home = dir:match("^~/") and os.getenv "HOME"
  dir = home and home .. dir:sub(2) or dir
  local list = {}
  local typed = unescape(prefix or text)
  for _, name in ipairs(words.directory(dir == "" and "." or dir) or {}) do
    local hidden = name:sub(1, 1) == "." and typed:sub(1, 1) ~= "."
    if name:sub(1, #typed) == typed and not hidden then
      list[#list + 1] = escape(home and dir .. name or name, quote)
    end
  end
  table.sort(list)
  local is_dir = #list == 1 and list[1]:sub(-1) == "/"
  return list, home and 0 or #(before or ""), is_dir and "" or nil
end

-- The candidates, where in the text they begin (from 0), and what closes it.
return function(scan, text, quote)
  local kind = kind_of(scan)
  local list, start, append
  if kind and words_of(kind) then
    list, start, append = from_words(kind, text)
  else
    list, start, append = from_files(text, quote)
  end
  return list, start, append or quote
end
