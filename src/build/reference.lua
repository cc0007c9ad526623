-- Prints what the comments above public functions tell, for three readers.
--   usage: reference.lua FORMAT FILE...     (C and Lua sources)
--   markdown   lua/README.md
--   lua        the module aio.manual, which help() reads
--   man        the manual page aiosh(1)
--
-- A block opens with /** in C and with --- in Lua. It has signatures, an
-- empty line, a paragraph that says what the function does, and then what
-- begins with Returns: Errors: Example: or See:. A file's first comment says
-- what it is for. A block without signature or paragraph is an error.

-- The sections in their order: a title, and the files that it is made of. Any
-- other file is a section of its own, after these.
local SECTIONS = {
  {"context", "context", "submit", "reap", "inspect"},
  {"iocb", "iocb", "prepare", "fields"},
  {"event", "event", "show"},
  {"causes", "explain", "facts", "doctor"},
  {"record", "record", "trace", "timeline", "inflight"},
  {"histogram", "histogram"},
  {"buffer", "buffer", "bytes", "pattern", "hexdump"},
  {"file", "openfile", "file", "fileio", "filemap"},
  {"waiter", "waiter", "waitable"},
  {"eventfd", "eventfd"},
  {"timer", "timer"},
  {"signals", "signals"},
  {"pipe", "pipe"},
  {"limits", "limits"},
  {"terminal", "terminal", "color"},
  {"constants", "constants"},
  {"tap", "tap"},
  {"libaio", "libaio_context", "libaio_iocb", "libaio_prep", "libaio",
   "libaio_events"},
  {"posix", "posix_aiocb", "posix_calls", "posix_list", "posix_sigevent",
   "posix_run", "posix_names"},
}
local KEYWORDS = {Returns = true, Errors = true, Example = true, See = true}
local function fail(file, line, message)
  io.stderr:write(("%s:%d: %s\n"):format(file, line, message))
  os.exit(1)
end

-- How comments look: opens and one are patterns that capture the text.
local STYLES = {
  c = {
    opens = "^%s*/%*%*%s*()$", -- nothing stands beside /**
    inside = "^%s*%*[ ]?([^/].*)$", blank = "^%s*%*()%s*$",
    first = "^/%*%s?(.-)%s*$", closes = "%*/%s*$",
  },
  lua = {
    opens = "^%s*%-%-%-%s(.*)$",
    inside = "^%s*%-%-[ ]?([^-].*)$", blank = "^%s*%-%-()%s*$",
    first = "^%-%-%s?(.-)%s*$",
  },
}

local function read_lines(file)
  local lines = {}
  for line in assert(io.lines(file)) do
    lines[#lines + 1] = line
  end
  return lines, STYLES[file:match("%.(%w+)$")]
end

-- The text of one line within a comment; nil when the comment is over.
local function comment_text(line, style)
  if line:find(style.blank) then
    return ""
  end
  return line:match(style.inside)
end

local function read_block(lines, at, style)
  local text = {}
  local first = lines[at]:match(style.opens)
  if type(first) == "string" then
    text[1] = first
  end
  for i = at + 1, #lines do
    local more = comment_text(lines[i], style)
    if not more then
      break
    end
    text[#text + 1] = more
  end
  return text
end

local function read_blocks(file, lines, style)
  local blocks = {}
  for i, line in ipairs(lines) do
    if line:find(style.opens) then
      local text = read_block(lines, i, style)
      blocks[#blocks + 1] = {file = file, line = i, text = text}
    elseif line:find("^%s*/%*%*[^*].*%*/") then
      fail(file, i, "a documentation block on one line has no signature")
    end
  end
  return blocks
end

-- The first comment of a file, which tells its purpose.
local function read_purpose(file, lines, style)
  local first = lines[1] and lines[1]:match(style.first)
  if not first then
    fail(file, 1, "no comment that says what this file is for")
  end
  local text = {first}
  for i = 2, #lines do
    local closed = style.closes and text[#text]:find(style.closes)
    local more = not closed and comment_text(lines[i], style)
    if not more then
      break
    end
    text[#text + 1] = more
  end
  text[#text] = text[#text]:gsub("%s*%*/%s*$", "")
  return table.concat(text, "\n")
end

-- "n, rest = ctx:run(...)" and "for ... in ctx:each(...)" are ctx:run and
-- ctx:each; nil when this is no signature.
local function name_of(signature)
  local call = signature:gsub("^for .- in ", ""):gsub("^[%w_, ]+ = ", "")
  local name, rest = call:match("^(#?[%a_][%w_.:]*)(.*)$")
  if name and (rest == "" or rest:find("^%s*[%(%{%[,=]")
               or rest:find("^ %->")) then
    return name
  end
end

local function parse_signatures(block)
  local signatures = {}
  for _, line in ipairs(block.text) do
    if line == "" then
      break
    elseif not name_of(line) and #signatures == 0 then
      fail(block.file, block.line, "no signature: " .. line)
    end
    signatures[#signatures + 1] = line
  end
  if #signatures == 0 then
    fail(block.file, block.line, "a block without signature")
  end
  return signatures
end

-- What the signatures are about: the function or field of each line, or all of
-- a line that lists fields ("aio.null, aio.wild").
local function parse_names(signatures)
  local names = {}
  for _, line in ipairs(signatures) do
    if line:find("^[%w_.:, ]+$") then
      for name in line:gmatch("[^, ]+") do
        names[#names + 1] = name
      end
    else
      names[#names + 1] = name_of(line)
    end
  end
  return names
end

-- The paragraphs after the signatures: {keyword = or nil, lines...}.
local function parse_paragraphs(block, from)
  local paragraphs = {}
  for i = from, #block.text do
    local line = block.text[i]
    local keyword, rest = line:match("^(%u%l+):%s*(.*)$")
    if KEYWORDS[keyword] then
      paragraphs[#paragraphs + 1] = {keyword = keyword, rest}
    elseif line == "" or #paragraphs == 0 then
      paragraphs[#paragraphs + 1] = {line ~= "" and line or nil}
    else
      table.insert(paragraphs[#paragraphs], line)
    end
  end
  return paragraphs
end

local function parse(block)
  block.signatures = parse_signatures(block)
  block.name = name_of(block.signatures[1])
  block.names = parse_names(block.signatures)
  block.paragraphs = parse_paragraphs(block, #block.signatures + 2)
  local first = block.paragraphs[1]
  if not first or first.keyword or not first[1] then
    fail(block.file, block.line, block.name .. ": does not say what it does")
  end
end

local function read_source(file)
  local lines, style = read_lines(file)
  local blocks = read_blocks(file, lines, style)
  if #blocks == 0 then
    return
  end
  for _, block in ipairs(blocks) do
    parse(block)
  end
  return {purpose = read_purpose(file, lines, style), blocks = blocks}
end

-- A section of what these files hold. Its purpose is that of the file of the
-- same name, or else of the first.
local function make_section(title, files, sources)
  local section = {name = title, blocks = {}}
  for _, file in ipairs(files) do
    local source = sources[file] or {blocks = {}}
    if file == title or not section.purpose then
      section.purpose = source.purpose or section.purpose
    end
    table.move(source.blocks, 1, #source.blocks, #section.blocks + 1,
               section.blocks)
    sources[file] = nil
  end
  return section
end

local function make_sections(sources)
  local sections = {}
  for _, plan in ipairs(SECTIONS) do
    local files = {table.unpack(plan, 2)}
    local section = make_section(plan[1], files, sources)
    if #section.blocks > 0 then
      table.insert(sections, section)
    end
  end
  local others = {}
  for file in pairs(sources) do
    table.insert(others, file)
  end
  table.sort(others)
  for _, file in ipairs(others) do
    table.insert(sections, make_section(file, {file}, sources))
  end
  return sections
end

local format = table.remove(arg, 1)
local sources = {}
for _, file in ipairs(arg) do
  sources[file:match("([^/]+)%.%w+$")] = read_source(file)
end
dofile("src/build/reference_" .. format .. ".lua")(make_sections(sources))
