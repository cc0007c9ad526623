#!/bin/sh
# SIGINT and scripts, as TAP: it raises "interrupted!" wherever Lua runs, and
# a second one ends the process. Every wait here has a deadline.
#
# AIOSH names the program, ./aiosh by default.
. tests/cli/support/tap.sh
aiosh=$(realpath "${AIOSH:-./aiosh}")
work=$(mktemp -d)
. tests/cli/support/process.sh
cd "$work" || exit 1
mkfifo fifo

# Starts the script on the standard input, and waits until it prints `ready`.
# What it prints goes to the file `out`.
start() {
  cat >script.lua
  : >out
  setsid "$aiosh" -e 'io.stdout:setvbuf("line")' script.lua >out 2>&1 &
  pid=$!
  within printed ready || say "it does not begin"
}

# Two signals may arrive as one: sends them until the script has ended.
killed() {
  kill -INT "$pid" 2>/dev/null
  ended
}

kill_it() {
  within killed
  finish
}

start <<'END'
print("ready") while true do end
END
signal INT
finish
is "$status $(grep -o 'interrupted!$' out)" "1 interrupted!" \
  "a loop ends with 1"
is "$(grep -c 'script.lua:1: in main chunk' out)" 1 \
  "the traceback says where it was"

start <<'END'
print(pcall(function() print("ready") while true do end end))
print(debug.gethook())
for i = 1, 100000 do end
print("goes on")
END
signal INT
expect '0 false	interrupted!
nil
goes on' "pcall catches it, and the hook is gone"

start <<'END'
local spin = coroutine.wrap(function() print("ready") while true do end end)
print(pcall(function() spin() end))
END
signal INT
expect "0 false	interrupted!" "a loop in coroutine.wrap"

start <<'END'
local co = coroutine.create(function() print("ready") while true do end end)
print(coroutine.resume(co))
print(coroutine.status(co), debug.gethook(co), debug.gethook())
for i = 1, 100000 do end
print("goes on")
END
signal INT
expect '0 false	interrupted!
dead	nil	nil
goes on' "a loop in coroutine.resume, which hands it over"

start <<'END'
local function nest(n)
  if n > 0 then return coroutine.wrap(nest)(n - 1) end
  print("ready")
  while true do end
end
print(pcall(nest, 20))
END
signal INT
expect "0 false	interrupted!" "a loop in coroutines in coroutines"

start <<'END'
local co = coroutine.create(function()
  local _ <close> = setmetatable({}, {__close = function()
    print("ready")
    while true do end
  end})
  coroutine.yield()
end)
coroutine.resume(co)
print(coroutine.close(co))
END
signal INT
expect "0 false	interrupted!" "a loop in what coroutine.close calls"

start <<'END'
local inner = coroutine.wrap(function()
  while true do coroutine.yield() end
end)
print(pcall(function() print("ready") while true do inner() end end))
for i = 1, 100000 do end
print("goes on")
END
signal INT
expect "0 false	interrupted!
goes on" "two that take turns are interrupted once"

start <<'END'
print(pcall(function() print("ready") while true do end end))
print("again")
while true do end
END
signal INT
within printed again
kill_it
is "$status $(tail -n 1 out)" "130 again" "a second SIGINT ends the process"

start <<'END'
-- The first match calls print, and there is no second one.
string.gsub("readyb" .. ("a"):rep(300000), "(.-.-.-)b", print)
END
kill_it
is $status 130 "also where Lua's hooks do not come"

start <<'END'
print("ready")
print(os.execute("echo >child; exec sleep 60"))
print("goes on")
END
within test -s child
kill -s INT -- -$pid
expect '0 nil	signal	2
goes on' "during os.execute it is the command's"

start <<'END'
local fifo = io.open("fifo", "r+")
print(pcall(function()
  print("ready")
  fifo:read("l")
  print("has read")
end))
END
sleep 0.2 # likely to be in read by then; it passes anyway
signal INT
expect "0 false	interrupted!" "io.read does not go on waiting"

start <<'END'
local _ <close> = setmetatable({}, {__close = function()
  print("ready")
  while true do end
end})
coroutine.wrap(function() os.exit(3, true) end)()
END
signal INT
expect "3 " "in a variable that os.exit closes from inside a coroutine"

start <<'END'
local object = setmetatable({}, {__gc = function()
  print("ready")
  while true do end
end})
os.exit(object and 3, true)
END
kill_it
is $status 130 "in a finalizer at the end, two are needed"

# Waits of ours, in the kernel and without a limit.
skip() {
  count=$((count + 1))
  echo "ok $count - $2 # SKIP $1"
}

wait_for() {
  if "$aiosh" -e 'os.exit(aio.setup(1) ~= nil)'; then
    start
    signal INT
    expect "$1" "$2"
  else
    skip "io_setup is refused here" "$2"
  fi
}

wait_for "0 false	interrupted!
1" "ctx:getevents, which loses no request" <<'END'
local ctx = aio.setup(1)
local r = aio.pipe()
ctx:submit(aio.poll(r, "in"))
print(pcall(function() print("ready") ctx:getevents(1) end))
print(ctx.inflight)
END

wait_for "0 false	interrupted!
goes on" "ctx:each in a coroutine" <<'END'
local ctx = aio.setup(1)
local r = aio.pipe()
ctx:submit(aio.poll(r, "in"))
print(coroutine.resume(coroutine.create(function()
  print("ready")
  for _ in ctx:each(1) do end
end)))
for i = 1, 100000 do end
print("goes on")
END

wait_for "0 false	interrupted!" "w:wait" <<'END'
local w = aio.waiter()
local r = aio.pipe()
w:add(r, "in")
print(pcall(function() print("ready") w:wait() end))
END

plan
