-- A waiter that watched signals answered EINTR when one came, instead of
-- handing out the signals.
local aio = require "aio"
local tap = require "aio.tap"

local pid = io.open("/proc/self/stat"):read("n")
local s = assert(aio.signals("URG"))
local w = assert(aio.waiter())
w:add(s, "in", "data")

-- More than once, should one come before the wait.
os.execute(("(for i in 1 2 3 4 5; do sleep 0.1; kill -URG %d || exit; done)" ..
            " >/dev/null 2>&1 &"):format(pid))
for round = 1, 3 do
  local handed = 0
  for obj, events, data in w:wait(60) do
    handed = handed + 1
    tap.ok(obj == s and events == "in" and data == "data", "round " .. round)
  end
  tap.is(handed, 1, "it is ready")
  while s:read() do end
end

-- What is watched beside them is not lost.
local e = assert(aio.eventfd(1))
w:add(e, "in", "eventfd")
local found = {}
for _, _, data in w:wait(60) do found[data] = true end
tap.ok(found.eventfd, "the eventfd is handed out")
tap.done()
