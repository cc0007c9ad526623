-- Signals as something to read: names, senders, sharing, overflow.
local aio = require "aio"
local tap = require "aio.tap"

local pid = io.open("/proc/self/stat"):read("n")

-- Sends from a child, which has ended when this returns; answers its pid. The
-- signal is delivered by then: this process has run since.
local function send(name)
  local p = io.popen(("echo $$; kill -%s %d"):format(name, pid))
  local sender = p:read("n")
  p:close()
  return sender
end

local function reading()
  local s <close> = assert(aio.signals("SIGUSR1", "USR2"))
  tap.errno("EAGAIN", "nothing has come", s:read())
  local sender = send("USR1")
  local name, from, more = s:read()
  tap.is(name, "SIGUSR1", "its name")
  tap.is(from, sender, "who sent it")
  tap.is(more, nil, "and it stands for itself only")
  tap.errno("EAGAIN", "it was one", s:read())
  send("USR2")
  send("USR1")
  tap.is(tostring(s), "signals (SIGUSR1 SIGUSR2, 2 unread)", "tostring")
  tap.is(s:read(), "SIGUSR2", "in order of arrival: the first")
  tap.is(s:read(), "SIGUSR1", "the second")
end

local function names()
  local s <close> = assert(aio.signals("SIGRTMIN+3", "RTMAX-1", "CHLD", 1))
  tap.like(tostring(s), "SIGHUP SIGCHLD SIGRTMIN+3 SIGRTMIN+29",
    "names with and without SIG, real-time ones, numbers")
  send("RTMIN+3")
  local got = {}
  for name in s.read, s do
    got[name] = true
  end
  tap.ok(got["SIGRTMIN+3"], "a real-time signal arrives under its name")
  tap.ok(got.SIGCHLD, "SIGCHLD came with the end of the sender")
end

local function refused()
  tap.errno("EINVAL", "nobody takes SIGKILL", aio.signals("KILL"))
  tap.errno("EINVAL", "nor SIGSTOP", aio.signals("SIGUSR1", "SIGSTOP"))
  tap.like(select(2, aio.signals("SIGSTOP")), "^sigaction: .*: SIGSTOP$",
    "the message names the signal")
  for _, number in ipairs {0, -1, 65, 1 << 20, 32} do
    tap.errno("EINVAL", "number " .. number, aio.signals(number))
  end
  for _, name in ipairs {"SEGV", "SIGBUS", "FPE", "ILL", 11} do
    tap.raises("error of the program itself", name .. " is not for taking",
      aio.signals, name)
  end
  for _, name in ipairs {"FOO", "", "SIG", "usr1", "SIGSIGUSR1", "RTMIN+",
    "RTMIN-1", "RTMIN+99", "RTMIN+1x", "RTMAX+1", "RTMIN+99999999999999"} do
    tap.raises("unknown signal", "no signal is named '" .. name .. "'",
      aio.signals, name)
  end
  tap.raises("zero byte", "a name with a zero", aio.signals, "USR1\0")
  tap.raises("name of a signal", "no name at all", aio.signals)
  tap.raises("#2", "something else", aio.signals, "USR1", {})
  tap.raises("integer", "a fraction", aio.signals, 1.5)
end

-- What the kernel says this process catches, as a test of bit n - 1.
local function catches(number)
  for line in io.lines("/proc/self/status") do
    local mask = line:match("^SigCgt:%s*(%x+)")
    if mask then
      return tonumber(mask, 16) >> (number - 1) & 1 == 1
    end
  end
end

local USR1, URG = aio.SIGUSR1, aio.SIGURG

local function sharing()
  tap.ok(not catches(USR1), "before, SIGUSR1 is as it was")
  local a, b = assert(aio.signals("USR1")), assert(aio.signals("USR1"))
  tap.ok(catches(USR1), "now it is caught")
  send("USR1")
  tap.is(a:read(), "SIGUSR1", "each of two is told: one")
  tap.is(b:read(), "SIGUSR1", "the other")
  a:close()
  tap.ok(catches(USR1), "still caught when one is closed")
  send("USR1")
  tap.is(b:read(), "SIGUSR1", "and told")
  b:close()
  tap.ok(not catches(USR1), "given back with the last")
end

local function undone()
  aio.signals("USR1", "KILL")
  tap.ok(not catches(USR1), "a refusal takes nothing")
  pcall(aio.signals, "USR1", "FOO")
  tap.ok(not catches(USR1), "nor does an error")
  assert(aio.signals("USR1"))
  collectgarbage()
  tap.ok(not catches(USR1), "a forgotten one gives back what it took")
end

local function closed()
  local s = assert(aio.signals("URG"))
  tap.is(s:pollfd(), s:fileno(), "pollfd is its number")
  tap.is(s:events(), "r", "cqueues polls it for reading")
  tap.is(s:timeout(), nil, "without a limit")
  tap.is(s:close(), true, "close answers true")
  tap.is(s:close(), true, "also the second time")
  tap.is(tostring(s), "signals (closed)", "tostring of a closed one")
  for _, name in ipairs {"read", "fileno", "pollfd", "events"} do
    tap.raises("signals .* closed", name .. " of a closed one", s[name], s)
  end
end

-- A new one finds nothing of what an earlier one left unread.
local function reuse()
  local s = assert(aio.signals("URG"))
  send("URG")
  s:close()
  local t <close> = assert(aio.signals("URG"))
  tap.errno("EAGAIN", "a new one begins empty", t:read())
end

-- The pipe holds thousands; whatever does not fit is counted. Real-time
-- signals, as the kernel itself merges the standard ones; not more at a time
-- than any limit on pending signals.
local function send_many(batches, size)
  for _ = 1, batches do
    local p = io.popen(("i=0; while [ $i -lt %d ]; do kill -RTMIN+1 %d;" ..
      " i=$((i+1)); done"):format(size, pid))
    p:close()
  end
  return batches * size
end

local function overflow()
  local total, merged = 0, 0
  local s <close> = assert(aio.signals("RTMIN+1"))
  local w <close> = assert(aio.waiter())
  assert(w:add(s))
  local sent = send_many(40, 300)
  for _ = 1, sent do
    local ready = false
    for _ in w:wait(0) do ready = true end
    if not ready then break end
    local _, _, more = s:read()
    total = total + (more or 1)
    merged = merged + (more and 1 or 0)
  end
  tap.ok(merged > 0, "the pipe was full")
  tap.is(total, sent, "every signal is accounted for, and was waited for")
  tap.errno("EAGAIN", "nothing is left", s:read())
end

local function waited()
  local s <close> = assert(aio.signals("URG"))
  local w <close> = assert(aio.waiter())
  w:add(s, "in", "urgent")
  os.execute(("(sleep 0.1; kill -URG %d) >/dev/null 2>&1 &"):format(pid))
  local good, err = pcall(function()
    for obj, events, data in w:wait(60) do
      tap.is(obj == s and events .. data, "inurgent", "a waiter reports it")
    end
  end)
  if not good then
    tap.like(err, "EINTR", "a signal that is taken ends the wait")
  end
  tap.is(s:read(), "SIGURG", "and it can be read")
end

-- Children start as if nothing were taken, and none of it blocked.
local function children()
  local s <close> = assert(aio.signals("TERM", "INT", "USR1"))
  local _, how, number = os.execute("kill -TERM $$; exit 3")
  tap.is(how, "signal", "a child is killed by a signal that is taken here")
  tap.is(number, 15, "by that signal")
  tap.errno("EAGAIN", "and this process is told nothing", s:read())
end

local function survival()
  tap.ok(catches(aio.SIGPIPE), "SIGPIPE is caught, not ignored")
  tap.ok(catches(aio.SIGXFSZ), "SIGXFSZ, too")
  local r, w = assert(aio.pipe())
  r:close()
  tap.errno("EPIPE", "so that EPIPE comes back", w:write("x"))
  w:close()
  local _, how, number = os.execute("kill -PIPE $$")
  tap.is(how .. number, "signal13", "a child dies of SIGPIPE")
  tap.ok(not catches(URG), "nothing else is caught")
end

reading()
names()
refused()
sharing()
undone()
closed()
reuse()
overflow()
waited()
children()
survival()
tap.done()
