-- A scenario as a test: what is written is read back, and a cancelled poll
-- ends with 0. Prints TAP; the exit status tells whether all was well.
--   usage: aiosh examples/scenario.lua, or prove -e aiosh examples/scenario.lua

local tap = require "aio.tap"
local path = (os.getenv("TMPDIR") or ".") .. "/aiosh-scenario.tmp"
local f, why = aio.open(path, "rdwr,creat,direct")
if not f then tap.skip(why) end
f:unlink()

tap.plan(5)
local ctx = assert(aio.setup(8))
local out, back = aio.buffer("8k"):fill{seq = 3}, aio.buffer("8k")

tap.is(ctx:submit(aio.pwrite(f, out)), 1, "a write is taken")
tap.is(ctx:getevents()[1].res, #out, "it writes everything")
ctx:submit(aio.pread(f, back))
ctx:getevents()
tap.ok(back:check(out), "the same is read back")

local poll = aio.poll(aio.pipe(), "in")
ctx:submit(poll)
tap.ok(ctx:cancel(poll), "a poll can be cancelled")
tap.is(ctx:getevents()[1].res, 0, "its event says so")
tap.done()
