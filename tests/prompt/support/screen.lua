-- A terminal's screen: what an xterm would show after the bytes fed to it. It
-- knows what readline and aiosh use, and stops the test at anything else.
local screen = {}
screen.__index = screen

-- Lines are arrays of characters; `wrapped` ones go on in the next. What leaves
-- at the top stays, so that `top` counts the lines above the screen.
function screen.new(columns, rows)
  return setmetatable({ columns = columns, rows = rows, lines = { {} },
    x = 0, y = 1, top = 0, rest = "" }, screen)
end

local function line_at(s, y)
  while #s.lines < y do s.lines[#s.lines + 1] = {} end
  return s.lines[y]
end

local function down(s)
  s.y = s.y + 1
  s.top = math.max(s.top, s.y - s.rows)
  line_at(s, s.y)
end

local function put(s, char)
  if s.x == s.columns then
    line_at(s, s.y).wrapped = true
    down(s)
    s.x = 0
  end
  local line = line_at(s, s.y)
  for x = #line + 1, s.x do line[x] = " " end
  line[s.x + 1] = char
  s.x = s.x + 1
end

local controls = {
  ["\r"] = function(s) s.x = 0 end,
  ["\n"] = down,
  ["\b"] = function(s) s.x = math.max(math.min(s.x, s.columns - 1) - 1, 0) end,
  ["\a"] = function(s) s.bells = (s.bells or 0) + 1 end,
  ["\t"] = function(s) s.x = math.min((s.x // 8 + 1) * 8, s.columns - 1) end,
}

local function cut(line, from)
  for x = #line, from, -1 do line[x] = nil end
  line.wrapped = nil
end

local function erase_line(s, mode)
  local line = line_at(s, s.y)
  if mode == 0 then
    cut(line, s.x + 1)
  elseif mode == 1 then
    for x = 1, math.min(s.x + 1, #line) do line[x] = " " end
  else
    cut(line, 1)
  end
end

local function erase_below(s, mode)
  if mode == 0 then erase_line(s, 0) end
  local first = mode == 0 and s.y + 1 or s.top + 1
  for y = first, #s.lines do cut(s.lines[y], 1) end
end

local function go(s, row, column)
  s.y = s.top + math.max(math.min(row, s.rows), 1)
  s.x = math.max(math.min(column, s.columns), 1) - 1
  line_at(s, s.y)
end

local sequences = {
  A = function(s, n) go(s, s.y - s.top - n, s.x + 1) end,
  B = function(s, n) go(s, s.y - s.top + n, s.x + 1) end,
  C = function(s, n) go(s, s.y - s.top, s.x + 1 + n) end,
  D = function(s, n) go(s, s.y - s.top, s.x + 1 - n) end,
  G = function(s, n) go(s, s.y - s.top, n) end,
  H = function(s, row, column) go(s, row, column or 1) end,
  J = function(s, _, _, mode) erase_below(s, mode) end,
  K = function(s, _, _, mode) erase_line(s, mode) end,
  P = function(s, n)
    local line = line_at(s, s.y)
    for _ = 1, n do
      if line[s.x + 1] then table.remove(line, s.x + 1) end
    end
  end,
  ["@"] = function(s, n)
    local line = line_at(s, s.y)
    for x = #line + 1, s.x do line[x] = " " end
    for _ = 1, n do table.insert(line, s.x + 1, " ") end
    cut(line, s.columns + 1)
  end,
  m = function() end,
  h = function() end, -- modes: bracketed paste and the like
  l = function() end,
}

local function sequence(s, parameters, final)
  local f = sequences[final]
  if not f then error(("screen: no ESC [ %s%s"):format(parameters, final)) end
  local one, two = parameters:match "^(%d*);?(%d*)"
  f(s, tonumber(one) or 1, tonumber(two), tonumber(one) or 0)
end

-- One thing from the beginning of text: what is left, or nil when it is not
-- complete.
local function step(s, text)
  local c = text:sub(1, 1)
  if controls[c] then
    controls[c](s)
    return text:sub(2)
  elseif c ~= "\27" then
    local char = text:match("^" .. utf8.charpattern)
    if char and c:byte() >= 0xc0 and not utf8.len(char) then return nil end
    put(s, char or "?")
    return text:sub(#(char or c) + 1)
  end
  local parameters, final, rest = text:match "^\27%[([%d;?]*)(%D)(.*)$"
  if final then
    sequence(s, parameters, final)
    return rest
  end
  return text:match "^\27[()].(.*)$" or text:match "^\27[=>](.*)$"
end

function screen:feed(bytes)
  local text = self.rest .. bytes
  while text ~= "" do
    local rest = step(self, text)
    if not rest then break end
    text = rest
  end
  self.rest = text
end

function screen:resize(columns, rows)
  self.columns, self.rows = columns, rows
end

-- All lines as they stand, without blanks at their ends; those above too.
function screen:rows_text()
  local out = {}
  for _, line in ipairs(self.lines) do
    out[#out + 1] = (table.concat(line):gsub(" +$", ""))
  end
  while out[#out] == "" do out[#out] = nil end
  return table.concat(out, "\n")
end

-- The same with wrapped lines joined, and blanks at the end of the last.
function screen:text()
  local out, open = {}, false
  for y, line in ipairs(self.lines) do
    local text = table.concat(line)
    if open then out[#out] = out[#out] .. text else out[#out + 1] = text end
    open = line.wrapped
    if y == self.y then break end
  end
  return table.concat(out, "\n")
end

return screen
