#!/bin/sh
# Where io_setup is denied, the tour and the API say so in one clear line, and
# the exit status is 1. strace plays the kernel that denies it.
aiosh=${AIOSH:-./aiosh}
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS-}:detect_leaks=0" LC_ALL=C
count=0

denied() {
  error=$1
  shift
  strace -f -o /dev/null -e inject=io_setup:error="$error" "$aiosh" "$@" \
    2>&1 >/dev/null
}

# check NAME PATTERN STATUS TEXT: one line like the pattern, and status 1.
check() {
  count=$((count + 1))
  # shellcheck disable=SC2254 # it is a pattern
  case "$3 $(printf '%s\n' "$4" | wc -l) $4" in
  "1 1 "$2) echo "ok $count - $1" ;;
  *)
    echo "not ok $count - $1"
    echo "# exit status $3, and on the standard error:"
    printf '%s\n' "$4" | sed 's/^/#   /'
    ;;
  esac
}

if ! strace -o /dev/null -e inject=io_setup:error=EPERM true 2>/dev/null; then
  echo "1..0 # SKIP strace cannot inject errors here"
  exit 0
fi

text=$(denied ENOSYS examples/tour.lua)
check "the tour without AIO" 'tour: io_setup: * (ENOSYS): *CONFIG_AIO*' $? \
  "$text"
text=$(denied EPERM examples/tour.lua)
check "the tour in a sandbox" 'tour: io_setup: * (EPERM): *seccomp*' $? "$text"
text=$(denied EAGAIN examples/tour.lua)
check "the tour with all of it in use" \
  'tour: io_setup: * (EAGAIN): *aio-max-nr*' $? "$text"
text=$(denied EPERM -e \
  'local _, m = aio.setup(8) io.stderr:write(m, "\n") os.exit(1)')
check "the API" 'io_setup: * (EPERM): *seccomp*' $? "$text"
echo "1..$count"
