-- The names of aio.h, called with what is no aiocb: the error names the
-- function that was called, and the argument.
local aio = require "aio"
local tap = require "aio.tap"
local posix = require "aio.posix"

local function refuses(name, n, got, ...)
  local ok, message = pcall(posix[name], ...)
  tap.is(ok, false, name .. " refuses " .. got)
  tap.like(message, ("bad argument #%d to '%s' %%(%%a+ expected, got %s%%)")
    :format(n, name, got), "and says so")
end

for _, name in ipairs { "aio_read", "aio_write", "aio_error", "aio_return" } do
  refuses(name, 1, "nil", nil)
  refuses(name, 1, "number", 5)
  refuses(name, 1, "iocb", aio.noop())
end
refuses("aio_fsync", 2, "nil", posix.O_SYNC, nil)
refuses("aio_init", 1, "nil", nil)
tap.is(posix.aio_error(posix.aiocb()), 0, "an aiocb is taken")

tap.done()
