-- aio.terminal, off a terminal (on one: tests/cli/color.sh).
local aio = require "aio"
local tap = require "aio.tap"

local file <close> = assert(io.tmpfile())
tap.is(aio.terminal(file), nil, "a file is none")
local r, w = aio.pipe()
tap.is(aio.terminal(r), nil, "nor is a pipe")
tap.is(aio.terminal(-1), nil, "nor a descriptor that is none")
tap.ok(not pcall(aio.terminal, {}), "what has no descriptor raises")
r:close()
w:close()
tap.ok(not pcall(aio.terminal, w), "and what is closed")
tap.done()
