#!/bin/sh
# Prints what Lua 5.4 is called here, or fails: as a library for pkg-config
# (5.4.4 or later), or as a program.  usage: find-lua.sh library|program
is_library() {
  ${PKG_CONFIG:-pkg-config} --exists "$1 >= 5.4.4" "$1 < 5.5" 2>/dev/null
}
is_program() {
  [ "$("$1" -e 'io.write(_VERSION)' 2>/dev/null)" = "Lua 5.4" ]
}

for name in lua5.4 lua-5.4 lua54 lua; do
  "is_$1" "$name" && echo "$name" && exit 0
done
exit 1
