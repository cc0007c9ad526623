#!/bin/sh
# The end of the process with requests in flight, as TAP: polls are cancelled,
# the rest is waited for, whatever way it ends and whatever was made first.
. tests/cli/support/tap.sh
aiosh=$(realpath "${AIOSH:-./aiosh}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$aiosh" -e 'os.exit(aio.setup(1) ~= nil)' ||
  skip_all "io_setup is refused here"
cd "$work" || exit 1

# The exit status and output of a script, which gets 30 s.
output=
run() {
  output=$(timeout 30 "$@" 2>&1)
  output="$? $output"
}

# A poll that nobody fires and a direct write (where that works), both left in
# flight. Globals: the state's end has to deal with them.
cat >flying.lua <<'END'
aio = require "aio"
local function open()
  return aio.open("data", "rdwr,creat,direct")
    or assert(aio.open("data", "rdwr,creat"))
end
local make = {
  ctx = function() ctx = assert(aio.setup(8)) end,
  buf = function() buf = aio.buffer(65536):fill "seq" end,
  file = function() file = open() end,
  pipe = function() r, w = assert(aio.pipe()) end,
}
for word in arg[1]:gmatch "%a+" do make[word]() end
write, poll = aio.pwrite(file, buf), aio.poll(r, "in")
assert(ctx:submit(poll, write) == 2)
END

# All orders of creation: finalizers run in the reverse order.
orders() {
  for a in ctx buf file pipe; do
    for b in ctx buf file pipe; do
      for c in ctx buf file pipe; do
        for d in ctx buf file pipe; do
          distinct $a $b $c $d && echo "$a,$b,$c,$d"
        done
      done
    done
  done
}

distinct() {
  [ "$(printf '%s\n' "$@" | sort -u | wc -l)" = 4 ]
}

written() {
  "$aiosh" -e 'print(aio.buffer(65536):set(0, aio.open("data"):read(65536))
    :check "seq")'
}

bad=
for order in $(orders); do
  rm -f data
  run "$aiosh" flying.lua "$order"
  [ "$output $(written)" = "0  true" ] || bad="$order: $output"
done
is "$bad" "" "the end of main, with objects made in any order"

if [ -n "${AIOSH_STOCK-}" ]; then
  bad=
  for order in ctx,buf,file,pipe pipe,file,buf,ctx buf,ctx,pipe,file; do
    rm -f data
    # shellcheck disable=SC2086 # a command with its arguments
    run $AIOSH_STOCK flying.lua "$order"
    [ "$output $(written)" = "0  true" ] || bad="$order: $output"
  done
  is "$bad" "" "the same in stock Lua"
fi

# ending NAME STATUS CODE
ending() {
  rm -f data
  { cat flying.lua && echo "$3"; } >script.lua
  run "$aiosh" script.lua ctx,buf,file,pipe
  is "${output%% *} $(written)" "$2 true" "$1"
}

ending "os.exit" 3 'os.exit(3)'
ending "os.exit that closes the state" 4 'os.exit(4, true)'
ending "an error" 1 'error "oops"'
ending "an error in a coroutine" 1 \
  'coroutine.wrap(function() error "oops" end)()'
ending "os.exit inside of each" 5 \
  'for _ in ctx:each(1) do os.exit(5, true) end'
ending "os.exit in a coroutine" 6 \
  'coroutine.wrap(function() os.exit(6, true) end)()'
ending "the collector in the middle" 0 \
  'ctx, buf, file, r, w, write, poll = nil collectgarbage() collectgarbage()'
ending "everything closed by hand" 0 \
  'buf:close() file:close() r:close() w:close() poll:close() write:close()'
ending "finalizers that use it all at the end" 0 'setmetatable({},
  {__gc = function() pcall(ctx.reap, ctx) pcall(ctx.submit, ctx, write)
    pcall(ctx.destroy, ctx) end})'
ending "objects that finalizers make at the end" 0 'setmetatable({},
  {__gc = function() local c = aio.setup(4)
    c:submit(aio.poll(r, "in"), aio.pread(file, aio.buffer(512))) end})'

cat >signal.lua <<'END'
dofile "flying.lua"
os.execute("kill -TERM " .. io.open("/proc/self/stat"):read("n"))
while true do ctx:getevents(0, 1, 0) end
END
rm -f data
run "$aiosh" signal.lua ctx,buf,file,pipe 2>/dev/null
is "${output%% *}" 143 "SIGTERM"

# Nobody waits 30 ms for each of many contexts: io_destroy is not called.
if strace -o trace -e trace=io_destroy true 2>/dev/null; then
  ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" \
    strace -f -o trace -e trace=io_destroy,exit_group "$aiosh" \
    -e 'for i = 1, 30 do _G[i] = assert(aio.setup(1)) end'
  is "$(grep -c io_destroy trace) $(grep -c exit_group trace)" "0 1" \
    "contexts are left to the kernel"
fi

plan
