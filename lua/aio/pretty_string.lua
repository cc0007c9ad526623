-- Strings as the prompt shows them: harmless to a terminal.
--   strings.quote(s [, max])   in quotes, as Lua reads it; max: bytes shown
--   strings.block(s, lines)    text of several lines, as it is; nil for others
--   strings.plain(s)           without quotes: a message
local strings = {}

local named = {
  ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ["\\"] = "\\\\",
  ['"'] = '\\"',
}

local function escape_byte(c)
  return named[c] or ("\\x%02x"):format(c:byte())
end

-- C1 controls, what has no width, and what turns the direction of writing.
local function is_invisible(code)
  return code >= 0x7f and code < 0xa0 or code >= 0x200b and code <= 0x200f
    or code >= 0x2028 and code <= 0x202e or code >= 0x2066 and code <= 0x2069
    or code == 0xfeff
end

local function escape_character(c)
  if #c == 1 then
    return c:find('[%c"\\]') and escape_byte(c) or c
  end
  local code = utf8.codepoint(c)
  return is_invisible(code) and ("\\u{%x}"):format(code) or c
end

local function escape(s)
  if not utf8.len(s) then
    return (s:gsub('[%c"\\\x80-\xff]', escape_byte))
  end
  return (s:gsub(utf8.charpattern, escape_character))
end

-- The first bytes, not ending within a character.
local function head(s, max)
  while max > 0 and s:find("^[\x80-\xbf]", max + 1) do
    max = max - 1
  end
  return s:sub(1, max)
end

local function quote(s, max)
  if not max or #s <= max then
    return '"' .. escape(s) .. '"'
  end
  return ('"%s"... (%d bytes)'):format(escape(head(s, max)), #s)
end

-- Between long brackets, which are of the level that s itself has not.
local function block(s, max)
  local inner = s:gsub("\n", ""):gsub("\t", "")
  if not s:find("\n.") or escape(inner):gsub('\\(["\\])', "%1") ~= inner then
    return nil
  end
  local lines, level = {}, ""
  for line in (s .. "\n"):gmatch("(.-)\n") do
    if #lines == max then break end
    lines[#lines + 1] = line
  end
  while s:find("]" .. level .. "]", 1, true) do level = level .. "=" end
  local text = table.concat(lines, "\n")
  local rest = #text < #s - 1 and ("... (%d bytes)"):format(#s) or ""
  return ("[%s[\n%s]%s]%s"):format(level, text, level, rest)
end

local MAX_ZEROS = 1 << 20 -- are counted; a pattern would be quadratic

local function count_zeros(s)
  local n = 0
  while n < MAX_ZEROS and s:byte(-n - 1) == 0 do n = n + 1 end
  return n
end

-- What a buffer holds ends in zeros: those are counted, not shown.
local function without_zeros(show)
  return function(s, max)
    local zeros = count_zeros(s)
    local text = zeros >= 8 and show(s:sub(1, -zeros - 1), max)
    if not text then return show(s, max) end
    return ('%s .. ("\\0"):rep(%d)'):format(text, zeros)
  end
end

strings.quote = without_zeros(quote)
strings.block = without_zeros(block)

function strings.plain(s)
  return (escape(s):gsub('\\(["\\])', "%1"))
end

return strings
