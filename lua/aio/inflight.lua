-- aio.inflight: what is in flight in all contexts, and by POSIX AIO, together.
local aio = require "aio"
local list = require "aio.list"

--- aio.inflight() -> list
--
-- What is in flight in all contexts, in the order of submission: rows as
-- ctx:list() has them. Requests of POSIX AIO are among them, as rows without
-- ctx and obj, but with posix=true. Overlaps are looked for across all of them.
-- Its tostring is a table to read.
-- Example: print(aio.inflight())
-- See: ctx:list
return function()
  local all = {}
  for _, ctx in ipairs(aio.contexts()) do
    local rows = ctx:list()
    table.move(rows, 1, #rows, #all + 1, all)
  end
  local posix = package.loaded["aio.posix_native"]
  local rows = posix and posix.list() or {}
  table.move(rows, 1, #rows, #all + 1, all)
  for _, r in ipairs(all) do r.overlaps = nil end
  list.complete(all)
  return setmetatable(all, { __name = "aio list", __tostring = list.text })
end
