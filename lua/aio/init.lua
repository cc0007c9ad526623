-- What the library does in Lua: the C side calls this once with the table
-- `aio` and the metatables of events, submissions and lists.
local aio, metatables = ...
require "aio.show"(aio, metatables)
