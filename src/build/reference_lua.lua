-- The reference as a Lua module, for help(): a list of sections {name=,
-- purpose=, {names=, signatures=, text=, Returns=, Errors=, Example=, See=},
-- ...}, where names is a list and the rest is text.

local function write_field(key, text)
  io.write(("  %s = %q,\n"):format(key, text))
end

local function quoted(names)
  local list = {}
  for _, name in ipairs(names) do
    list[#list + 1] = ("%q"):format(name)
  end
  return table.concat(list, ", ")
end

-- The paragraphs without keyword are one text.
local function write_paragraphs(block)
  local texts = {}
  for _, paragraph in ipairs(block.paragraphs) do
    local text = table.concat(paragraph, "\n")
    if paragraph.keyword then
      write_field(paragraph.keyword, text)
    elseif text ~= "" then
      table.insert(texts, text)
    end
  end
  write_field("text", table.concat(texts, "\n\n"))
end

local function write_section(section)
  io.write("{")
  write_field("name", section.name)
  write_field("purpose", section.purpose)
  for _, block in ipairs(section.blocks) do
    io.write("{")
    io.write(("  names = {%s},\n"):format(quoted(block.names)))
    write_field("signatures", table.concat(block.signatures, "\n"))
    write_paragraphs(block)
    io.write("},\n")
  end
  io.write("},\n")
end

return function(sections)
  io.write("-- Made by src/build/reference.lua.\nreturn {\n")
  for _, section in ipairs(sections) do
    write_section(section)
  end
  io.write("}\n")
end
