-- ctx:reap: from the ring, never entering the kernel (design, section 4).
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local ctx = assert(aio.setup(16))
local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(64))

local function ready(n)
  for i = 1, n do
    ctx:submit(aio.pread { fd = zero, buf = buf, data = i })
  end
end

local function datas(evs)
  local list = {}
  for i, ev in ipairs(evs) do list[i] = ev.data end
  return table.concat(list, " ")
end

tap.is(datas(ctx:reap()), "", "nothing is there: an empty list, no wait")
ready(3)
tap.is(datas(ctx:reap()), "1 2 3", "all that is there")
ready(3)
tap.is(datas(ctx:reap(0)), "", "0: none")
tap.is(datas(ctx:reap(2)), "1 2", "2")
tap.is(datas(ctx:reap(2.0)), "3", "a float with an integer value")
ready(3)
tap.is(datas(ctx:reap(1)) .. datas(ctx:getevents(1, 1, 0))
  .. datas(ctx:reap(nil)), "123", "mixed with getevents: the order stays")
tap.is(datas(ctx.last_events), "3", "last_events")
ready(4)
for _ in ctx:each() do break end -- luacheck: ignore 512
tap.is(datas(ctx:reap(2)), "2 3", "what was left in the queue comes first")
ready(2)
tap.is(datas(ctx:reap(2)), "4 1", "then the ring")
tap.is(datas(ctx:reap(2)), "2", "nr counts both")
tap.is(ctx.inflight, 0, "nothing is left")

tap.raises("#2 to '.*reap' .*negative", "a negative count", ctx.reap, ctx, -1)
tap.raises("#2 to '.*reap' .*number expected", "a string", ctx.reap, ctx, "1")
tap.raises("no integer value", "half an event", ctx.reap, ctx, 0.5)
tap.raises("not in", "too many", ctx.reap, ctx, 1 << 40)

do -- round and round the ring
  local wrong, rounds = 0, 2000
  for i = 1, rounds do
    ready(1 + i % 3)
    local evs = ctx:reap()
    wrong = wrong + (#evs == 1 + i % 3 and evs[1].data == 1 and 0 or 1)
  end
  tap.is(wrong, 0, "4000 events wrap around the ring")
end

-- ---- system calls ----

local script = [[
local aio = require "aio"
local ctx = assert(aio.setup(64))
local zero, buf = aio.open("/dev/zero"), aio.buffer(64)
for i = 1, 100 do
  ctx:submit(aio.pread(zero, buf))
  assert(#ctx:reap() == 1)
  assert(#ctx:reap(5) == 0)
  ctx:submit(aio.pread(zero, buf), aio.pread(zero, buf))
  local n = 0
  for _, res in ctx:each(2) do n = n + res end
  assert(n == 128)
  ctx:submit(aio.pread(zero, buf))
  ctx:run(1)
end
if ctx:getevents(0, 1, 0)[1] == nil then io.write("done") end
]]

local function traced()
  local name, log = kernel.dir .. "/reap_child.lua", kernel.dir .. "/reap.log"
  local f = assert(io.open(name, "w"))
  f:write(script)
  f:close()
  local p = io.popen(("ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f "
    .. "-e trace=io_getevents,io_pgetevents,io_submit -o '%s' %s '%s' 2>&1")
    :format(log, kernel.interpreter(), name))
  local said = p:read("a")
  p:close()
  os.remove(name)
  f = io.open(log)
  local calls = f and f:read("a") or ""
  if f then f:close() end
  os.remove(log)
  return said, calls
end

if os.getenv("AIOSH_RING") == "off" or not ctx.ring.usable then
  tap.skip("the ring is not used here", 3)
elseif not kernel.ask("command -v strace") then
  tap.skip("no strace here", 3)
else
  local said, calls = traced()
  local _, submits = calls:gsub("io_submit%(", "")
  local _, getevents = calls:gsub("io_p?getevents%(", "")
  if said ~= "done" and submits == 0 then
    tap.skip("strace can't trace here: " .. (said:match("[^\n]+") or ""), 3)
  else
    tap.is(said, "done", "the traced script")
    tap.is(submits, 300, "strace saw its io_submits")
    tap.is(getevents, 1, "and of 400 batches only getevents in the kernel")
  end
end

tap.done()
