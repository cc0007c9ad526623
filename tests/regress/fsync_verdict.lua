-- An fsync and an fdsync in one submit were called synchronous where the
-- kernel's thread was done with both when io_submit returned.
local aio = require "aio"
local tap = require "aio.tap"

local ctx = aio.setup(4)
if not ctx then tap.skip("io_setup is refused here") end

local f <close> = assert(aio.open(os.getenv("TMPDIR") .. "/f", "rdwr,creat"))
local wrong
for _ = 1, 100 do
  assert(ctx:submit(aio.fsync(f), aio.fdsync(f)) == 2)
  local last = ctx.last_submit
  if last.verdict == "synchronous" then wrong = tostring(last) end
  ctx:getevents(2)
end
tap.ok(ctx.last_submit.one_op, "they are of one kind")
tap.is(wrong, nil, "and never synchronous")
tap.done()
