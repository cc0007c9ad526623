#!/bin/sh
# Signals and the waits of ours, as TAP: SIGINT raises "interrupted!" and loses
# no event, stop and continue goes on, what aio.signals takes is EINTR. No
# wait here is without a deadline, and nobody sleeps to be in time: a process
# that waits is seen to sleep in /proc.
#
# AIOSH names the program, ./aiosh by default.
. tests/cli/support/tap.sh
aiosh=$(realpath "${AIOSH:-./aiosh}")
work=$(mktemp -d)
. tests/cli/support/process.sh
"$aiosh" -e 'os.exit(aio.setup(1) ~= nil)' ||
  skip_all "io_setup is refused here"
cd "$work" || exit 1
mkfifo fifo

in_state() { grep -q "^State:.$1" /proc/$pid/status; }

# Has printed that line, and sleeps.
waiting() {
  within printed "$1" || say "it does not print $1"
  within in_state S || say "it does not wait"
}

# Starts the script on the standard input in $run, and waits until it waits;
# its standard input is a pipe that nobody writes to.
run=$aiosh
start() {
  {
    echo 'aio = require "aio"'
    echo 'io.stdout:setvbuf("line")'
    echo 'local ctx = assert(aio.setup(8))'
    echo 'local r, w = aio.pipe()'
    echo 'local poll = aio.poll{fd=r, events="in", data="mine"}'
    cat
  } >script.lua
  : >out
  # shellcheck disable=SC2086 # a command with its arguments
  setsid $run script.lua >out 2>&1 <fifo &
  pid=$!
  exec 9>fifo
  waiting ready
}

# ---- SIGINT ----

event='print(ctx.inflight)
w:write("x")
for _, ev in ipairs(ctx:getevents(1)) do print(ev.data, ev.revents) end'

for call in 'ctx:getevents(1)' 'ctx:getevents(1, 1, 60)' 'ctx:run(1)' \
  'ctx:pgetevents(1)' 'ctx:pgetevents(1, 1, 60, {})' \
  'for _ in ctx:each(1) do end'; do
  start <<END
ctx:submit(poll)
print(pcall(function() print("ready") $call end))
$event
END
  signal INT
  expect '0 false	interrupted!
1
mine	in' "SIGINT in $call: the event comes later"
done

start <<'END'
local done = aio.poll(w, "out")
ctx:submit(poll, done)
print(pcall(function() print("ready") ctx:getevents(2) end))
print(#ctx:getevents(1, 1, 0))
w:write("x")
print(ctx:getevents(1)[1].data)
END
signal INT
expect '0 false	interrupted!
1
mine' "one of two is there: it is kept"

while read -r name call; do
  start <<END
print(pcall(function() print("ready") $call end))
print("goes on")
END
  signal INT
  expect '0 false	interrupted!
goes on' "SIGINT in $name"
done <<'END'
w:wait       local o = aio.waiter() o:add(r) for _ in o:wait() do end
eventfd:read aio.eventfd(0, ""):read()
file:read    r:read(10)
io.read      io.read()
pread(pipe)  ctx:submit(aio.pread(r, aio.buffer(10)))
END

start <<'END'
ctx:submit(poll)
print("ready")
ctx:getevents(1)
END
signal INT
finish
is "$status $(grep -c 'interrupted!$' out)" "1 1" \
  "nobody catches it: a message, and exit status 1"

start <<'END'
ctx:submit(poll)
print(pcall(function() print("ready") ctx:getevents(1) end))
print("again")
ctx:getevents(1)
END
signal INT
waiting again
signal INT
expect '130 false	interrupted!
again' "a second SIGINT kills"

# ---- stop and continue ----

stop() {
  signal STOP
  within in_state T || say "it does not stop"
}

for call in 'getevents(1)' 'getevents(1, 1, 60)' 'pgetevents(1, 1, 60)'; do
  start <<END
ctx:submit(poll)
local o = aio.waiter()
print("ready")
local evs, msg = ctx:$call
print(evs and evs[1].data or msg)
END
  stop
  signal CONT
  within in_state S || say "it does not wait any more"
  is "$(sed 1d out)" "" "stop and continue: $call goes on"
  signal INT
  finish
  is "$status $(grep -c 'interrupted!$' out)" "1 1" "until SIGINT"
done

# Stopped for longer than it wanted to wait: then nothing is left of that.
start <<'END'
ctx:submit(poll)
local start = aio.now()
print("ready")
print(#ctx:getevents(1, 1, 2))
local s = (aio.now() - start) / 1e9
print(s >= 2 and s < 4 and "in time" or s)
END
stop
sleep 2
signal CONT
expect '0 0
in time' "what is left of the timeout"

start <<'END'
ctx:submit(poll, aio.poll(w, "out"))
print("ready")
print(#ctx:getevents(2, 2, 2))
END
stop
signal CONT
expect '0 1' "also with some events there"

# ---- signals that are taken ----

for call in 'getevents(1)' 'getevents(1, 1, 60)' 'pgetevents(1, 1, 60, {})'; do
  start <<END
local s = aio.signals("SIGUSR1")
ctx:submit(poll)
print("ready")
print(ctx:$call)
print(s:read())
print(ctx.inflight)
END
  signal USR1
  expect "0 nil	io_${call%%(*}: Interrupted system call (EINTR)	4
SIGUSR1	$$
1" "a signal taken by aio.signals: $call answers EINTR"
done

start <<'END'
local s = aio.signals("SIGUSR1", "SIGUSR2")
ctx:submit(poll)
print("ready")
local _, _, errno = ctx:pgetevents(1, 1, 60, {"SIGUSR1"})
print(aio.errname(errno), s:read())
print(s:read())
END
signal USR1
within in_state S
signal USR2
expect "0 EINTR	SIGUSR2	$$
SIGUSR1	$$" "pgetevents: a blocked signal comes after the wait"

# ---- another host ----

if [ -n "${AIOSH_STOCK-}" ]; then
  run=$AIOSH_STOCK
  start <<'END'
ctx:submit(poll)
print("ready")
local _, _, errno = ctx:getevents(1)
print(aio.errname(errno), ctx.inflight)
END
  stop
  signal CONT
  expect '0 EINTR	1' "stock Lua: stop and continue is EINTR"
else
  count=$((count + 1))
  echo "ok $count - stock Lua # SKIP there is none that loads aio.so"
fi

plan
