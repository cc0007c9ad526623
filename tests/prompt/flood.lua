-- Thousands of completions while a line is typed: no key is lost, the line is
-- never torn, and no event is taken.
local aio = require "aio"
local tap = require "aio.tap"
local terminal = require "terminal"

local probe = aio.setup(1)
if not probe then tap.skip("io_setup is refused here") end
if not probe.ring.usable then tap.skip("the ring is not used here") end

local PIPES, EACH = 20, 200
local total = PIPES * EACH

local t = terminal.start { columns = 40, rows = 40 }
t:run(("ctx = aio.setup(%d) ends = {}"):format(total))
t:run(("for i = 1, %d do ends[i] = table.pack(aio.pipe()) end"):format(PIPES))
local fds = t:run("local n = {} for i, p in ipairs(ends) do "
  .. "n[i] = p[2]:fileno() end print(table.concat(n, ' '))")
t:run(("function polls(r) local l = {} for i = 1, %d do "
  .. "l[i] = aio.poll(r, 'in') end return l end"):format(EACH))
t:run("for _, p in ipairs(ends) do ctx:submit(polls(p[1])) end")
t:gives("ctx.inflight", tostring(total), "so many are in flight")

local writers = {}
for fd in fds:gmatch("%d+") do
  writers[#writers + 1] =
    assert(io.open(("/proc/%s/fd/%s"):format(t.pid, fd), "w"))
end
tap.is(#writers, PIPES, "the test has the other ends of the pipes")

local line = "x = '" .. ("0123456789"):rep(4) .. "'"
for i = 1, #line do
  t:keys(line:sub(i, i))
  local w = i % 2 == 0 and writers[i // 2]
  if w then w:write("x") w:flush() end
end
t:take(function()
  local text = t.screen:text()
  return text:sub(-#line) == line and text:find("+" .. total .. "> x", 1, true)
end, "the line is whole, and all of them are told")
tap.ok(true, "every key, while " .. total .. " requests completed")
t:keys "\r"
t:ready()
t:gives("#x", "40", "the line runs")
t:gives(("#ctx:getevents(%d)"):format(total), tostring(total),
  "all events are there for their owner")
tap.is(t:leave(), "exit 0", "the end")
tap.done()
