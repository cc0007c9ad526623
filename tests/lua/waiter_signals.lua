-- What ends a wait: a signal that is taken, Ctrl-C; and what does not: being
-- stopped and continued (invariant 11).
local aio = require "aio"
local tap = require "aio.tap"

local pid = io.open("/proc/self/stat"):read("n")

local function host()
  local first = 0
  while arg[first - 1] do first = first - 1 end
  return arg[first]:match("aiosh") and "aiosh" or "another host"
end

-- A shell that does this meanwhile.
local function meanwhile(line)
  os.execute(("(%s) >/dev/null 2>&1 &"):format(line:gsub("PID", pid)))
end

-- A waiter that nobody makes ready.
local function idle()
  local w = assert(aio.waiter())
  local e = assert(aio.eventfd())
  assert(w:add(e, "in,et", "e"))
  return w, e
end

local function wait(w, ...)
  local count = 0
  for _ in w:wait(...) do count = count + 1 end
  return count
end

-- Sent more than once, should the first come before the wait; SIGURG does
-- nothing when nobody takes it any more.
local function taken()
  local s <close> = assert(aio.signals("URG"))
  local w <close>, e = idle()
  meanwhile("for i in 1 2 3 4 5 6; do kill -URG PID || exit; sleep 0.2; done")
  tap.raises("epoll_wait: Interrupted system call %(EINTR%)",
    "a signal that is taken ends a wait", wait, w)
  tap.is(s:read(), "SIGURG", "and can be read")
  e:write(1)
  local good, count
  repeat
    good, count = pcall(wait, w)
  until good
  tap.is(count, 1, "the wait after that is as ever")
end

local function stopped()
  local w <close> = idle()
  local began = aio.now()
  meanwhile("for i in 1 2 3; do sleep 0.05; kill -STOP PID; kill -CONT PID;" ..
    " done")
  local good, count = pcall(wait, w, 0.5)
  if host() ~= "aiosh" then
    tap.ok(good or count:find("EINTR"), "another host may be told: EINTR")
    return tap.skip("this is " .. host(), 1)
  end
  tap.is(count, 0, "stop and continue: the wait goes on")
  tap.ok(aio.now() - began >= 500000000, "to its end")
end

local function interrupted()
  if host() ~= "aiosh" then
    return tap.skip("Ctrl-C is " .. host() .. "'s own", 2)
  end
  local w <close>, e = idle()
  tap.raises("interrupted!", "Ctrl-C ends a wait", function()
    meanwhile("sleep 0.1; kill -INT PID")
    wait(w)
  end)
  e:write(1)
  tap.is(wait(w), 1, "and the next one is as ever")
end

-- While it is taken, SIGINT is a signal like any other.
local function ctrl_c_taken()
  local s <close> = assert(aio.signals("INT"))
  local w <close> = assert(aio.waiter())
  w:add(s)
  meanwhile("sleep 0.1; kill -INT PID")
  local good, err, name
  for _ = 1, 10 do -- a stop from before may end another host's wait
    good, err = pcall(wait, w, 60)
    tap.ok(good or err:find("EINTR"), "no interrupt while SIGINT is taken")
    name = s:read()
    if name then break end
  end
  tap.is(name, "SIGINT", "it can be read instead")
end

taken()
stopped()
ctrl_c_taken()
interrupted()
tap.done()
