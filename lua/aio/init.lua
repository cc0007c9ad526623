-- What the library does in Lua: the C side calls this once with the table
-- `aio` and the metatables of events, submissions and lists.
local aio, metatables = ...
require "aio.show"(aio, metatables)

-- Made for reading, and loaded when first asked for.
for _, name in ipairs { "explain", "doctor" } do
  aio[name] = function(...) return require("aio." .. name)(...) end
end
