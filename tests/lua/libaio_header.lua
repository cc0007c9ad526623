-- libaio's names: all that libaio.h declares is there (issue 3).
local tap = require "aio.tap"
local libaio = require "aio.libaio"

local header = io.open("/usr/include/libaio.h")
if not header then tap.skip("no /usr/include/libaio.h here") end
local text = header:read("a"):gsub("/%*.-%*/", "")
header:close()

local functions = {}
for name in text:gmatch("extern%s+int%s+(io_[%w_]+)%s*%(") do
  functions[#functions + 1] = name
end
tap.ok(#functions >= 9, "the header declares functions: " .. #functions)
local inlines = 0
for name in text:gmatch("static%s+inline%s+%w+%s+(io_[%w_]+)%s*%(") do
  functions[#functions + 1] = name
  inlines = inlines + 1
end
tap.ok(inlines >= 12, "and inlines: " .. inlines)
for _, name in ipairs(functions) do
  tap.is(type(libaio[name]), "function", name)
end

local constants = 0
for name, value in text:gmatch("(IO_[%u%d_]+)%s*=%s*(%d+)") do
  constants = constants + 1
  tap.is(libaio[name], math.tointeger(value), name)
end
tap.ok(constants >= 8, "and constants: " .. constants)
for name in text:gmatch("#%s*define%s+(IO_[%u%d_]+)") do
  tap.ok(libaio[name], name)
end

-- What is in here and not in the header: the two types.
local extra = {}
for name in pairs(libaio) do
  if not text:find("%f[%w_]" .. name .. "%f[^%w_]") then
    extra[#extra + 1] = name
  end
end
tap.is(table.concat(extra, " "), "", "nothing that the header has not")
tap.ok(libaio.io_context_t and libaio.iocb, "the types that programs declare")
tap.done()
