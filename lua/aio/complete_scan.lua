-- Where in Lua code is its end? For completion: the tokens before it, the
-- string or name that is being typed, and what is open around it.

local LONG = { ["--"] = true }

-- Each takes text and position, and returns the token's kind and its end (nil:
-- it goes on beyond the text).
local readers = {}

local function long_bracket(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return end
  local _, last = text:find("]" .. level .. "]", at, true)
  return true, last
end

function readers.comment(text, at)
  if not LONG[text:sub(at, at + 1)] then return end
  local is_long, last = long_bracket(text, at + 2)
  if not is_long then
    last = text:find("\n", at, true)
  end
  return "comment", last
end

function readers.string(text, at)
  local quote = text:match("^[\"']", at)
  if not quote then return end
  local i = at + 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == quote or c == "\n" then return "string", i end
    i = i + (c == "\\" and 2 or 1)
  end
  return "string", nil
end

function readers.long_string(text, at)
  local is_long, last = long_bracket(text, at)
  if is_long then return "long string", last end
end

function readers.name(text, at)
  local _, last = text:find("^[%a_][%w_]*", at)
  if last then return "name", last end
end

function readers.number(text, at)
  local _, last = text:find("^%.?%d[%w.]*", at)
  if last then return "number", last end
end

local order = { "comment", "string", "long_string", "name", "number" }

local function read_token(text, at)
  for _, reader in ipairs(order) do
    local kind, last = readers[reader](text, at)
    if kind then return kind, last end
  end
  local dots = text:match("^%.%.+", at) or text:match("^[=~<>]=", at)
  return "sign", at + (dots and #dots or 1) - 1
end

-- The tokens {kind=, text=, at=}; the last one has open=true when the text
-- ends inside it.
local function read_tokens(text)
  local tokens = {}
  local at = text:find("%S")
  while at do
    local kind, last = read_token(text, at)
    if kind ~= "comment" or not last then
      tokens[#tokens + 1] = { kind = kind, at = at, open = not last,
                              text = text:sub(at, last or #text) }
    end
    at = last and text:find("%S", last + 1)
  end
  return tokens
end

local closing = { [")"] = "(", ["}"] = "{", ["]"] = "[" }
local opening = { ["("] = true, ["{"] = true, ["["] = true }

-- What is open at the end: {sign=, at= (its token), n= (which argument),
-- key= (whose value comes next), keys= (all so far)}, the innermost last.
local function read_open(tokens)
  local stack = {}
  for i, token in ipairs(tokens) do
    local top = stack[#stack]
    local sign = token.kind == "sign" and token.text
    if opening[sign] then
      stack[#stack + 1] = { sign = sign, at = i, n = 1, keys = {} }
    elseif top and closing[sign] == top.sign then
      stack[#stack] = nil
    elseif top and (sign == "," or sign == ";") then
      top.n, top.key = top.n + 1, nil
    elseif top and sign == "=" and tokens[i - 1].kind == "name" then
      top.key = tokens[i - 1].text
      top.keys[top.key] = true
    end
  end
  return stack
end

return function(text)
  local tokens = read_tokens(text)
  local last = tokens[#tokens]
  local is_word = last and (last.kind == "name" or last.kind == "number")
  local ends = last and (last.open
    or is_word and last.at + #last.text == #text + 1)
  local typed = ends and table.remove(tokens) or nil
  return { tokens = tokens, typed = typed, stack = read_open(tokens) }
end
