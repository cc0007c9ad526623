#!/bin/sh
# The manual page: clean roff that has every option and every function; and
# the completion for bash, which has the options too.
. tests/cli/support/tap.sh

# ---- the page ----

if command -v groff >/dev/null; then
  text=$TMPDIR/page
  is "$(groff -ww -man -Tascii -rLL=100n -rHY=0 aiosh.1 2>&1 >"$text")" "" \
    "groff has nothing to complain about"
  # What overstrikes and colours is no text.
  sed 's/.\x08//g; s/\x1b\[[0-9;]*m//g' "$text" >"$text.plain"
  missing=$(./aiosh --help | sed -n 's/^  \(-[^ =[]*\).*/\1/p' |
    while read -r option; do
      grep -q -e "^ *$option" "$text.plain" || echo "$option"
    done)
  is "$missing" "" "every option of --help is in it"
  missing=$(./aiosh -e 'for _, entry in ipairs(require "aio.help_index".entries)
      do print(entry.names[1]) end' | while read -r name; do
        grep -q -F -e "$name" "$text.plain" || echo "$name"
      done)
  is "$missing" "" "and every function"
else
  skip "the page as text" "no groff here"
fi
if command -v man >/dev/null && man --version 2>/dev/null | grep -q '^man '; then
  is "$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z aiosh.1 2>&1 \
    >/dev/null)" "" "nor has man"
else
  skip "man" "no man-db here"
fi

# ---- completion ----

complete() { # WORD... : what bash offers for the last one
  bash -c '. src/program/aiosh.bash
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _aiosh ./aiosh 2>/dev/null
    printf "%s\n" "${COMPREPLY[@]}" | sort | tr "\n" " "' bash "$@"
}

if command -v bash >/dev/null; then
  is "$(complete ./aiosh --col)" "--color= " "an option"
  missing=$(./aiosh --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' |
    while read -r option; do
      case " $(complete ./aiosh --) " in
      *" $option"*) ;;
      *) echo "$option" ;;
      esac
    done)
  is "$missing" "" "every long option of --help"
  is "$(complete ./aiosh --color =)" "always auto never " "an option's values"
  is "$(complete ./aiosh --color = a)" "always auto " "those that fit"
  is "$(complete ./aiosh -e pri)" " " "code is not completed"
  is "$(complete ./aiosh -i tests/lua/help)" "tests/lua/help.lua " "a script"
  is "$(bash -c '. src/program/aiosh.bash; complete -p aiosh')" \
    "complete -F _aiosh aiosh" "it is registered"
else
  skip "completion" "no bash here"
fi
plan
