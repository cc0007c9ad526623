#!/bin/sh
# In a pipeline whose reader had left, a script that only prints went on for
# ever: SIGPIPE was survived, and print does not look at errors. lua(1) ends.
aiosh=${AIOSH:-./aiosh}
count=0

check() { # NAME WANT GOT
  count=$((count + 1))
  if [ "$2" = "$3" ]; then
    echo "ok $count - $1"
  else
    echo "not ok $count - $1"
    echo "# got '$3', not '$2'"
  fi
}

# run READER SCRIPT: the exit status of a script whose output READER takes.
run() {
  { { timeout 30 "$aiosh" -e "$2" 2>&3; echo "status $?" >&3; } | $1; } \
    3>&1 >/dev/null
}

check "a script that prints ends as by SIGPIPE" "status 141" \
  "$(run 'head -n 1' 'while true do print(1) end')"
check "other pipes are not its end" "status 7" "$(run cat '
  local r, w = aio.pipe()
  r:close()
  print(1)
  local _, _, errno = w:write("x")
  os.exit(errno == aio.EPIPE and 7)')"
echo "1..$count"
