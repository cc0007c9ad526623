#!/bin/sh
# Runs golden transcripts, *.txt beside this file or the ones named, and prints
# TAP. In a transcript, text at the margin is the name of the next test, and
#     $ command           is run by sh, as one test; `aiosh` is ours
#     | more of it
#     what it prints      on both outputs, exactly
#     what it * (glob)    the same as a pattern of the shell
#     [1]                 its exit status, where that is not 0
# stands two columns in. The commands of a transcript share one empty directory
# and an environment without Lua's variables; 77 skips a test.
#
# AIOSH names the program, ./aiosh by default.
here=$(dirname "$0")
[ $# -gt 0 ] || set -- "$here"/*.txt
aiosh=$(realpath "${AIOSH:-./aiosh}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/bin"
ln -s "$aiosh" "$work/bin/aiosh"
PATH=$work/bin:$PATH
LC_ALL=C
export PATH LC_ALL
unset LUA_INIT LUA_INIT_5_4 LUA_PATH LUA_PATH_5_4 LUA_CPATH LUA_CPATH_5_4
count=0
newline='
'

matches() {
  while IFS= read -r want <&3; do
    IFS= read -r got <&4 || return 1
    case $want in
    *' (glob)')
      want=${want%' (glob)'}
      # shellcheck disable=SC2254 # it is a pattern
      case $got in $want) ;; *) return 1 ;; esac
      ;;
    *) [ "$want" = "$got" ] || return 1 ;;
    esac
  done
  ! IFS= read -r got <&4
}

run_command() {
  (cd "$work/dir" && exec timeout -k 1 60 sh -c "$command") \
    </dev/null >"$work/raw" 2>&1
  status=$?
  awk 1 "$work/raw" >"$work/got"
  [ $status -eq 0 ] || echo "[$status]" >>"$work/got"
}

show() {
  printf '%s\n' "$1" | sed 's/^/# /'
  sed 's/^/#   /' "$2"
}

end_test() {
  [ -n "$command" ] || return 0
  run_command
  count=$((count + 1))
  if [ $status -eq 77 ]; then
    echo "ok $count - $name # SKIP $(sed q "$work/raw")"
  elif matches 3<"$work/want" 4<"$work/got"; then
    echo "ok $count - $name"
  else
    echo "not ok $count - $name"
    show "$command" "$work/want"
    show "printed instead" "$work/got"
  fi
  command=''
}

begin_test() {
  end_test
  name="${transcript##*/}:$line_number: $title"
  command=${line#'  $ '}
  : >"$work/want"
}

read_line() {
  case $line in
  '  $ '*) begin_test ;;
  '  | '*) command=$command$newline${line#'  | '} ;;
  '  '*) printf '%s\n' "${line#'  '}" >>"$work/want" ;;
  '') ;;
  *) end_test && title=$line ;;
  esac
}

for transcript; do
  command='' title='' line_number=0
  rm -rf "$work/dir"
  mkdir "$work/dir"
  while IFS= read -r line || [ -n "$line" ]; do
    line_number=$((line_number + 1))
    read_line
  done <"$transcript"
  end_test
done
echo "1..$count"
