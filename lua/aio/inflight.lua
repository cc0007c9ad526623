-- aio.inflight: what is in flight in all contexts together.
local aio = require "aio"
local list = require "aio.list"

--- aio.inflight() -> list
--
-- What is in flight in all contexts, in the order of submission: rows as
-- ctx:list() has them. Overlaps are looked for across contexts, too. Its
-- tostring is a table to read.
-- Example: print(aio.inflight())
-- See: ctx:list
return function()
  local all = {}
  for _, ctx in ipairs(aio.contexts()) do
    local rows = ctx:list()
    table.move(rows, 1, #rows, #all + 1, all)
  end
  for _, r in ipairs(all) do r.overlaps = nil end
  list.complete(all)
  return setmetatable(all, { __name = "aio list", __tostring = list.text })
end
