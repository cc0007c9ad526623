#!/bin/sh
# examples/posix/listio.c and listio.lua, which is typed line by line after it,
# print the same.
command -v "${CC:-cc}" >/dev/null || {
  echo "1..0 # SKIP no C compiler here"
  exit 0
}
echo 1..2
${CC:-cc} -std=c11 -Wall -Wextra -Werror -pthread -o "$TMPDIR/twin" \
  examples/posix/listio.c -lrt 2>&1 | sed 's/^/# /'
(cd "$TMPDIR" && ./twin) >"$TMPDIR/c" 2>&1
grep -q "^read 7: 'h', error 0, return 4096$" "$TMPDIR/c" || printf 'not '
echo "ok 1 - the C program"
./aiosh examples/posix/listio.lua >"$TMPDIR/lua" 2>&1
diff "$TMPDIR/c" "$TMPDIR/lua" >"$TMPDIR/diff" || printf 'not '
echo "ok 2 - in Lua the same"
sed 's/^/# /' "$TMPDIR/diff"
