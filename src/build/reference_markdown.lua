-- The reference as lua/README.md.

local INTRODUCTION = [[
# aiosh: API reference

Made by `make reference` from the comments in the sources; do not edit.
A function that makes a system call returns its value, or nil, message and
errno. Misuse raises an error. Offsets and lengths are bytes, also "4k", "1m"
and "2g"; timeouts are seconds.
]]

-- What a web page calls a heading: later ones of the same text are numbered.
local function set_anchors(sections)
  local seen = {}
  local function anchor(text)
    local slug = text:lower():gsub("[^%w_ -]", ""):gsub(" ", "-")
    local n = seen[slug]
    seen[slug] = (n or 0) + 1
    return n and slug .. "-" .. n or slug
  end
  for _, section in ipairs(sections) do
    section.anchor = anchor(section.name)
    for _, block in ipairs(section.blocks) do
      block.anchor = anchor(block.name)
    end
  end
end

local function write_index(sections)
  for _, section in ipairs(sections) do
    io.write(("\n- [%s](#%s):"):format(section.name, section.anchor))
    for i, block in ipairs(section.blocks) do
      io.write(i > 1 and "," or "",
               ("\n  [%s](#%s)"):format(block.name, block.anchor))
    end
  end
  io.write("\n")
end

local function write_code(lines)
  io.write("\n```lua\n", table.concat(lines, "\n"), "\n```\n")
end

local function write_paragraph(paragraph)
  local text = table.concat(paragraph, "\n")
  if paragraph.keyword == "Example" then
    write_code(paragraph)
  elseif paragraph.keyword then
    io.write("\n*", paragraph.keyword, ":* ", text, "\n")
  elseif text ~= "" then
    io.write("\n", text, "\n")
  end
end

local function write_section(section)
  io.write("\n## ", section.name, "\n\n", section.purpose, "\n")
  for _, block in ipairs(section.blocks) do
    io.write("\n### ", block.name, "\n")
    write_code(block.signatures)
    for _, paragraph in ipairs(block.paragraphs) do
      write_paragraph(paragraph)
    end
  end
end

return function(sections)
  set_anchors(sections)
  io.write(INTRODUCTION)
  write_index(sections)
  for _, section in ipairs(sections) do
    write_section(section)
  end
end
