#!/bin/sh
# Prints what links Lua's library into a program; usage: lua-libs.sh NAME, with
# a name that find-lua.sh printed.
# The static library where there is one that links: calls into a shared one
# cost every request 7 % (make bench). Otherwise what pkg-config says.
: "${CC:=cc}" "${PKG_CONFIG:=pkg-config}"

# The archive beside the shared library: in pkg-config's or the compiler's
# directories.
archive() {
  lib=$($PKG_CONFIG --libs-only-l "$1" | sed 's/^ *-l\([^ ]*\).*/lib\1.a/')
  for dir in $($PKG_CONFIG --libs-only-L "$1" | sed 's/-L//g'); do
    [ ! -f "$dir/$lib" ] || { echo "$dir/$lib"; return; }
  done
  $CC -print-file-name="$lib"
}

links() {
  echo 'void luaL_openlibs(void *); int main(void) { luaL_openlibs(0); }' |
    $CC -x c -o /dev/null - -x none "$@" 2>/dev/null
}

file=$(archive "$1")
for libs in "$file -lm" "$file -lm -ldl"; do
  # shellcheck disable=SC2086 # several words
  [ -f "$file" ] && links $libs && echo "$libs" && exit 0
done
$PKG_CONFIG --libs "$1"
