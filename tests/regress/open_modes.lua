-- io.open's modes got a hint that opens another way, or none.
local aio = require "aio"
local tap = require "aio.tap"

local hints = {
  ["r"] = "rdonly", ["r+"] = "rdwr", ["rw"] = "rdwr",
  ["w"] = "wronly,creat,trunc", ["w+"] = "rdwr,creat,trunc",
  ["a"] = "wronly,creat,append", ["a+"] = "rdwr,creat,append",
}
for mode, flags in pairs(hints) do
  local good, message = pcall(aio.open, "/dev/null", mode)
  tap.ok(not good and
    message:find(("'%s' (did you mean '%s'?)"):format(mode, flags), 1, true),
    mode .. " is " .. flags)
  tap.ok(aio.open("/dev/null", (flags:gsub(",creat,trunc", ""))),
    flags .. " opens")
end
tap.done()
