# TAP for tests in sh, which run from the top of the tree and begin with
#   . tests/cli/support/tap.sh
# and end with `plan`.
count=0

is() { # GOT WANTED NAME
  count=$((count + 1))
  if [ "$1" = "$2" ]; then
    echo "ok $count - $3"
  else
    echo "not ok $count - $3"
    printf '%s\n' "got:" "$1" "wanted:" "$2" | sed 's/^/# /'
  fi
}

skip() { # NAME WHY: one test
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}

skip_all() { # WHY: ends the script
  echo "1..0 # SKIP $1"
  exit 0
}

plan() {
  echo "1..$count"
}
