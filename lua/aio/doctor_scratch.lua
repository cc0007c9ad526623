-- A scratch file in a directory: nameless from the start (O_TMPFILE), or its
-- name is removed at once. nil and the reason where none can be made.
local aio = require "aio"

local function named(dir)
  for _ = 1, 10 do
    local path = ("%s/.aiosh-doctor-%08x"):format(dir, math.random(0, 1 << 31))
    local f, message, errno = aio.open(path, "rdwr,creat,excl", "600")
    if f then
      return f, aio.open(path, "rdwr,direct"), f:unlink()
    elseif errno ~= aio.EEXIST then
      return nil, message
    end
  end
  return nil, "no free name in " .. dir
end

-- The file buffered, and the same file direct (nil where that is refused).
return function(dir)
  local f, message, errno = aio.open(dir, "tmpfile,rdwr", "600")
  if f then
    return f, aio.open(("/proc/self/fd/%d"):format(f:fileno()), "rdwr,direct")
  end
  local lacking = errno == aio.EOPNOTSUPP or errno == aio.EISDIR
    or errno == aio.EINVAL
  if lacking then return named(dir) end
  return nil, message
end
