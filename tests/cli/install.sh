#!/bin/sh
# make install puts everything where it belongs, and make uninstall takes all
# of it away again.
# make's own flags are those of the make that runs this test, if one does, so
# that nothing is built anew.
. tests/cli/support/tap.sh
run_make() {
  make -s DEPS=no CC="${CC:-cc}" ${SAN:+"SAN=$SAN"} DESTDIR="$TMPDIR/root" \
    PREFIX=/usr "$@" 2>&1 | grep -v jobserver
}

files() { (cd "$TMPDIR" && find root -type f | sort); }

run_make install
usr=$TMPDIR/root/usr
is "$(files | grep -v /examples/)" "root/usr/bin/aiosh
root/usr/lib/lua/5.4/aio.so
root/usr/share/bash-completion/completions/aiosh
root/usr/share/doc/aiosh/LICENSE
root/usr/share/doc/aiosh/README.md
root/usr/share/doc/aiosh/reference.md
root/usr/share/man/man1/aiosh.1" "what is installed"
is "$(cd "$TMPDIR" && find root/usr/share -type f -perm /111)" "" \
  "no document can be executed"
is "$(files | grep -c '/examples/.*\.lua$')" \
  "$(find examples -name '*.lua' | wc -l | tr -d ' ')" "all examples"
is "$(cd / && "$usr/bin/aiosh" -e 'print(require "aio.help" "O_DIRECT")' |
  head -n 1 | cut -d ' ' -f 1)" "aio.O_DIRECT" "help works anywhere"
run_make uninstall
is "$(files)" "" "everything is taken away"
plan
