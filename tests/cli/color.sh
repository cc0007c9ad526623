#!/bin/sh
# --color, NO_COLOR and TERM, with a pseudo terminal from script(1) and without.
. tests/cli/support/tap.sh
code='print(require "aio.color".on())'
plain() { ./aiosh "$@" -e "$code"; }

unset NO_COLOR
TERM=xterm
export TERM
is "$(plain)" false "a pipe has none"
is "$(plain --color=always)" true "unless told"
is "$(NO_COLOR=1 plain --color=always)" true "told beats NO_COLOR"
is "$(plain --color=auto)" false "auto is the default"
is "$(plain --color=red 2>&1)" \
  "./aiosh: --color: 'red' is none of always, never, auto" "a wrong value"
plain --color=red >/dev/null 2>&1
is $? 1 "is a failure"
is "$(plain --color 2>&1 | head -n 1)" \
  "./aiosh: unrecognized option '--color'" "so is none"
is "$(plain --colour=never 2>&1 | head -n 1)" \
  "./aiosh: unrecognized option '--colour=never'" "and another name"

if command -v script >/dev/null; then
  on_terminal() { script -qec "$1 ./aiosh ${2-} -e '$code'" /dev/null </dev/null |
    tr -d '\r'; }
  is "$(on_terminal '')" true "a terminal has them"
  is "$(on_terminal 'NO_COLOR=1')" false "not with NO_COLOR"
  is "$(on_terminal 'NO_COLOR=')" true "unless it is empty"
  is "$(on_terminal 'TERM=dumb')" false "not on a dumb one"
  is "$(on_terminal '' --color=never)" false "not when told"
fi
plan
