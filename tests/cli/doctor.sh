#!/bin/sh
# aiosh --doctor[=FILE] [--json]: exit status, pages, and that a denied io_setup
# is found (strace plays the sandbox).
aiosh=$(realpath "${AIOSH:-./aiosh}")
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
head -c 10000 /dev/zero | tr '\0' x >file
sum=$(cksum file)
count=0

# ok GOT PATTERN NAME
ok() {
  count=$((count + 1))
  # shellcheck disable=SC2254 # it is a pattern
  case $1 in
  $2) echo "ok $count - $3" ;;
  *)
    echo "not ok $count - $3"
    printf '%s\n' "$1" | sed 's/^/# /'
    ;;
  esac
}

run() {
  "$@" >out 2>err
  echo "$? $(cat out err)"
}

ok "$(run "$aiosh" --doctor)" "0 The system*AIO works here." "the system"
ok "$(run "$aiosh" --doctor=file)" "0 *O_DIRECT*AIO works here." "a file"
ok "$(run "$aiosh" --doctor=file -e 'print "ran"' | grep -c ran)" 0 \
  "nothing else is run"
ok "$(run "$aiosh" --doctor=none)" "1 *ENOENT*not on this file." "no file"
ok "$(run "$aiosh" --json --doctor=file)" '0 {*"ok": true*}' "--json"
ok "$(run "$aiosh" --json)" "1 *--json: only with --doctor" "--json alone"
ok "$(run "$aiosh" --doctor=file --json=x)" "1 *--json takes no value" \
  "a value for it"
ok "$(run "$aiosh" --color=always --doctor | grep -c "$(printf '\033')\[32mok")" \
  "1*" "--color"
ok "$(cksum file) $(ls)" "$sum err
file
out" "the file is as it was, and alone"

if strace -o /dev/null -e inject=io_setup:error=EPERM true 2>/dev/null; then
  for error in EPERM ENOSYS; do
    ok "$(run strace -f -o /dev/null -e inject=io_setup:error=$error "$aiosh" \
      --doctor=file)" "1 *bad *io_setup *($error)*AIO can't work here." $error
  done
  ok "$(run strace -f -o /dev/null -e inject=io_uring_setup:error=EPERM \
    "$aiosh" --doctor)" "0 *io_uring *denied (EPERM)*AIO works here." "io_uring"
  ok "$(run strace -f -o /dev/null -e inject=io_submit:error=EINVAL \
    "$aiosh" --doctor)" "1 *bad *round trip*AIO can't work here." "io_submit"
else
  ok "" "" "strace cannot inject errors here # SKIP"
fi
echo "1..$count"
