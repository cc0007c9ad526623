#!/bin/sh
# POSIX AIO at the end of aiosh: writes are waited for, which it says when that
# takes time and Ctrl-C ends; reads are not.
. tests/cli/support/tap.sh

pipe=$TMPDIR/pipe
mkfifo "$pipe"
# For both ends, so that neither opening nor lua_close ends anything.
exec 9<>"$pipe"

cat >"$TMPDIR/write.lua" <<'LUA'
local posix = require "aio.posix"
local fd = arg[1] == "io" and assert(io.open(arg[2], "r+")) or 9
for i = 1, 2 do
  posix.aiocb { fd = fd, buf = aio.buffer("256k"):fill(i) }:write()
end
if arg[3] then os.exit(tonumber(arg[3]), true) end
LUA
cat >"$TMPDIR/read.lua" <<'LUA'
local posix = require "aio.posix"
for _ = 1, 2 do posix.aiocb { fd = 9, buf = aio.buffer(64) }:read() end
print("the end")
LUA

# Reads what the script writes, but not before it says that it waits.
slowly() {
  : >"$TMPDIR/err"
  ./aiosh "$TMPDIR/write.lua" "$@" 2>"$TMPDIR/err" &
  aiosh=$!
  until grep -q waiting "$TMPDIR/err" || ! kill -0 $aiosh 2>/dev/null; do
    sleep 0.05
  done
  head -c 524288 <&9 | wc -c
  wait $aiosh
  echo "exit $?"
  cat "$TMPDIR/err"
}

is "$(slowly number)" "524288
exit 0
aiosh: waiting for 2 requests in flight" "two writes"
is "$(slowly io "$pipe")" "524288
exit 0
aiosh: waiting for 2 requests in flight" "to an io file, which the state closes"
is "$(slowly number - 3)" "524288
exit 3
aiosh: waiting for 2 requests in flight" "os.exit that closes the state"

is "$(timeout 20 ./aiosh "$TMPDIR/read.lua"; echo $?)" "the end
0" "reads are not waited for"

(
  trap - INT
  : >"$TMPDIR/err"
  ./aiosh "$TMPDIR/write.lua" number 2>"$TMPDIR/err" &
  aiosh=$!
  until grep -q waiting "$TMPDIR/err"; do sleep 0.05; done
  for _ in 1 2 3 4 5; do
    kill -INT $aiosh 2>/dev/null
    sleep 0.05
  done
  wait $aiosh
) 2>/dev/null
is $? 130 "Ctrl-C ends the wait"

plan
