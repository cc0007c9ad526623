-- eventfds: the counter, its flags, its limits (kernel.md, section 8).
local aio = require "aio"
local tap = require "aio.tap"

local MAX = 0xfffffffffffffffe -- 2^64-2: as far as the counter goes

local function counting()
  local e <close> = assert(aio.eventfd())
  tap.errno("EAGAIN", "a new one has nothing to read", e:read())
  tap.is(e:write(3), true, "write answers true")
  e:write(4)
  tap.is(e:read(), 7, "read adds up what was written")
  tap.errno("EAGAIN", "and clears it", e:read())
  tap.is(e:write(0), true, "0 may be written")
  tap.errno("EAGAIN", "and makes nothing ready", e:read())
  e:write(2.0)
  tap.is(e:read(), 2, "a float with an integer value is one")
end

local function limits()
  local e <close> = assert(aio.eventfd(0xffffffff))
  tap.is(e:read(), 0xffffffff, "init has 32 bits")
  tap.errno("EINVAL", "2^64-1 is refused", e:write(-1))
  e:write(MAX)
  tap.errno("EAGAIN", "the counter is full", e:write(1))
  tap.is(e:read(), MAX, "2^64-2 comes back as the same bits")
end

local function semaphore()
  local e <close> = assert(aio.eventfd(2, "nonblock,semaphore"))
  tap.is(e:read(), 1, "a semaphore gives one")
  tap.is(e:read(), 1, "and one more")
  tap.errno("EAGAIN", "and no third", e:read())
end

local function flags()
  local e <close> = assert(aio.eventfd(5, ""))
  tap.is(e:read(), 5, "a blocking one does not block when it is ready")
  local raw <close> = assert(aio.eventfd(1, aio.O_NONBLOCK))
  tap.is(raw:read(), 1, "a number is passed as it is")
  tap.errno("EINVAL", "also a wrong one", aio.eventfd(0, 0x40000000))
  tap.raises("unknown flag 'nonblok'.*nonblock", "a typo has a suggestion",
    aio.eventfd, 0, "nonblok")
end

local function misuse()
  tap.raises("#1", "init below 0", aio.eventfd, -1)
  tap.raises("#1", "init above 32 bits", aio.eventfd, 1 << 32)
  tap.raises("integer", "init 1.5", aio.eventfd, 1.5)
  tap.raises("integer", "init NaN", aio.eventfd, 0 / 0)
  local e <close> = assert(aio.eventfd())
  tap.raises("number expected", "write without a number", e.write, e)
  tap.raises("integer", "write 0.5", e.write, e, 0.5)
  tap.raises("eventfd expected", "read of something else", e.read, io.stdout)
  tap.raises("no field 'rea'", "an unknown field", function() return e.rea end)
end

-- A table of what the descriptors of this process are.
local function targets()
  local list, pipe = {}, assert(io.popen("ls -l /proc/$PPID/fd 2>&1"))
  for line in pipe:lines() do
    local number, what = line:match("(%d+) %-> (.*)")
    list[tonumber(number) or line] = what
  end
  pipe:close()
  return list
end

local function state()
  local e = assert(aio.eventfd(7))
  local fd = e:fileno()
  tap.like(targets()[fd] or "no /proc", "eventfd", "fileno is its number")
  tap.like(tostring(e), "^eventfd %(fd " .. fd .. ".*%)$", "tostring")
  tap.is(e:read(), 7, "and takes nothing")
  tap.is(e:pollfd(), fd, "pollfd is the same number")
  tap.is(e:events(), "r", "cqueues polls it for reading")
  tap.is(e:timeout(), nil, "without a limit")
  tap.is(e:close(), true, "close answers true")
  tap.is(e:close(), true, "also the second time")
  tap.ok(not (targets()[fd] or ""):find("eventfd"), "its number is free")
  tap.is(tostring(e), "eventfd (closed)", "tostring of a closed one")
  for _, name in ipairs {"read", "write", "fileno", "pollfd", "events",
    "timeout"} do
    tap.raises("eventfd is closed", name .. " of a closed one", e[name], e, 1)
  end
end

local function eventfds()
  collectgarbage()
  collectgarbage()
  local n = 0
  for _, target in pairs(targets()) do
    if target:find("eventfd") then n = n + 1 end
  end
  return n
end

local function collector()
  local before = eventfds()
  for _ = 1, 100 do aio.eventfd() end
  tap.is(eventfds(), before, "a hundred forgotten ones were closed")
end

local function inherited()
  local e <close> = assert(aio.eventfd(0, ""))
  local seen = io.popen("ls -l /proc/self/fd"):read("a")
  tap.ok(not seen:find("eventfd"), "a child does not inherit it")
  tap.ok(tostring(e):find("eventfd"), "while it is open here")
end

-- A signal that aio.signals takes ends a read that blocks. SIGURG does nothing
-- to a process that does not take it, should the sender be late.
local function interrupted()
  local pid = io.open("/proc/self/stat"):read("n")
  local s <close> = assert(aio.signals("SIGURG"))
  local e <close> = assert(aio.eventfd(0, ""))
  os.execute(("(for i in 1 2 3 4 5 6 7 8 9; do kill -URG %d || exit;" ..
    " sleep 0.2; done) >/dev/null 2>&1 &"):format(pid))
  tap.errno("EINTR", "a signal ends a blocking read", e:read())
  tap.is(s:read(), "SIGURG", "and can be read")
  local full <close> = assert(aio.eventfd(0, ""))
  full:write(MAX)
  tap.errno("EINTR", "a signal ends a blocking write", full:write(1))
end

counting()
limits()
semaphore()
flags()
misuse()
state()
collector()
inherited()
interrupted()
tap.done()
