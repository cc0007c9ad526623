#!/bin/sh
# Prints the flags for optimisation at link time whose objects link without it,
# too, or nothing where the compiler has none; usage: lto.sh CC...
flags="-flto=auto -ffat-lto-objects"
# shellcheck disable=SC2086 # several words
echo 'int main(void) { return 0; }' |
  "$@" -Werror $flags -x c -o /dev/null - 2>/dev/null && echo "$flags"
exit 0
