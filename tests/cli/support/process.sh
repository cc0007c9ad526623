# A process of aiosh that is sent signals: $pid, whose output is the file out,
# and whose standard input may be the descriptor 9 of the test. It ends with
# the test, and so does the directory $work.
pid=
trap '[ -z "$pid" ] || kill -KILL $pid 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Waits 30 s for a command to succeed.
within() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ $tries -lt 1500 ] || return 1
    sleep 0.02
  done
}

say() {
  echo "# $1:"
  head -n 20 out | sed 's/^/#   /'
}

printed() { grep -q "^$1\$" out; }
ended() { ! kill -0 "$pid" 2>/dev/null; }

signal() { # NAME
  kill -s "$1" $pid || say "it has ended too early"
}

# Waits for the end; the exit status goes to status.
finish() {
  exec 9>&-
  within ended || { say "it does not end" && kill -KILL $pid; }
  wait $pid 2>/dev/null
  status=$?
  pid=
}

# The exit status and the output after `ready` must be $1. A signal may come
# before print returns: then there is a position in front of the message.
expect() { # WANTED NAME
  finish
  is "$status $(sed '1d; s/script.lua:[0-9]*: //g' out)" "$1" "$2"
}
