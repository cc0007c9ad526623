#!/bin/sh
# What a sandbox denies, as TAP: the API answers nil, message, errno, and what
# is only a help is done without. strace plays the sandbox (denied.sh has the
# tour).
. tests/cli/support/tap.sh
aiosh=$(realpath "${AIOSH:-./aiosh}")
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
strace -o /dev/null -e inject=io_setup:error=EPERM true 2>/dev/null ||
  skip_all "strace cannot inject errors here"
cd "$work" || exit 1

# denied CALL ERROR ARGUMENTS...: the exit status goes to status.
denied() {
  call=$1 error=$2
  shift 2
  strace -f -o trace -e trace="$call" -e inject="$call:error=$error" \
    "$aiosh" "$@" >out 2>err
  status=$?
}

for error in ENOSYS EPERM; do
  denied io_setup $error -e 'local ctx, message, errno = aio.setup(8)
    print(ctx, aio.errname(errno), message:match("^io_setup: .* %(%u+%)"))'
  is "$status $(cut -f 1,2 out) $(grep -c 'io_setup: ' out)" \
    "0 nil	$error 1" "aio.setup answers nil, message, $error"
  denied io_setup $error -e 'assert(aio.setup(8))'
  is "$status $(sed 1q err | grep -c "^$aiosh: .*io_setup: .* ($error)")" "1 1" \
    "assert says so in its first line, and the exit status is 1"
  is "$(cat out)" "" "nothing else"
done

# ENTERED tells that the call was made, and denied.
entered() { grep -c 'INJECTED' trace | sed 's/^[1-9].*/yes/'; }

printf 0123456789 >file
denied process_vm_readv EPERM -e '
  local f = aio.open("file", "rdwr")
  local buf = aio.buffer(8192, {map = f})
  print(buf:set(0, "x"):get(0, 3), select(3, buf:get(0, 8192)) == aio.EFAULT)'
is "$status $(cat out) $(entered)" "0 x12	true yes" \
  "a mapped file without process_vm_readv"

denied madvise EINVAL -e '
  local ctx, r, w = assert(aio.setup(8)), aio.pipe()
  ctx:submit(aio.poll(r, "in"))
  w:write("x")
  print(ctx:getevents(1)[1].revents, ctx:destroy())'
is "$status $(cat out) $(entered)" "0 in	0 yes" \
  "a context without madvise (no MADV_WIPEONFORK)"

denied clone,clone3 EAGAIN -e '
  aio.setup(8)
  collectgarbage()
  print(aio.setup(8) ~= nil)'
is "$status $(cat out) $(entered)" "0 true yes" \
  "a context is collected where threads are denied"

denied io_pgetevents ENOSYS -e '
  local ctx = assert(aio.setup(8))
  print((select(2, ctx:pgetevents(0, 1, 0))))'
is "$status $(cat out) $(entered)" \
  "0 io_pgetevents: Function not implemented (ENOSYS): the kernel is older than \
Linux 4.18, or a sandbox hides it yes" \
  "an old kernel without io_pgetevents"

denied io_destroy EINVAL -e '
  local ctx, r, w = assert(aio.setup(8)), aio.pipe()
  local buf = aio.buffer(64)
  ctx:submit(aio.poll(r, "in"), aio.pread(aio.open("/dev/zero"), buf))
  print((select(2, ctx:destroy())))
  print(select(2, pcall(buf.get, buf)))'
is "$status $(sed 1q out) $(grep -c 'in flight' out) $(entered)" \
  "0 io_destroy: Invalid argument (EINVAL) 1 yes" \
  "where io_destroy fails the memory stays in flight"

denied io_submit EINVAL -e '
  local ctx = assert(aio.setup(8))
  ctx:submit(aio.pread(aio.open("file"), aio.buffer(8)))
  print(ctx.last_submit.why)'
is "$(cat out) $(entered)" "Invalid argument (ruled out: the fields, the kinds \
of fd and eventfd) yes" "an error without a cause: what was ruled out"

plan
