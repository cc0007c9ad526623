#!/bin/sh
# In a stock interpreter, require "aio.libaio" did not find what aio.so holds
# unless "aio" was required before.
if [ -z "${AIOSH_STOCK-}" ]; then
  echo "1..0 # SKIP no stock Lua to try it in"
  exit 0
fi
echo 1..3
for script in 'print(require("aio.libaio").IO_CMD_PWRITE == 1)' \
  'require("aio.tap") print(require("aio").tap == nil)' \
  'local t = require("aio.tap") print(t == require("aio.tap"))'; do
  # shellcheck disable=SC2086 # a command with its arguments
  if [ "$($AIOSH_STOCK -e "$script" 2>&1)" = true ]; then
    echo "ok - $script"
  else
    echo "not ok - $script"
  fi
done
