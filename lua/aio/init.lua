-- What the library does in Lua: the C side calls this once with the table
-- `aio` and the metatables of events, submissions and lists.
local aio, metatables = ...
require "aio.show"(aio, metatables)

-- Loaded when they are first called.
for _, name in ipairs { "explain", "doctor", "trace", "timeline",
                        "inflight" } do
  aio[name] = function(...) return require("aio." .. name)(...) end
end

-- What is the prompt's alone; aio.repl puts the functions here.
for _, name in ipairs { "watch", "timing", "save", "forget" } do
  aio[name] = function()
    error(("aio.%s: this is no prompt"):format(name), 2)
  end
end
