-- What the tests of POSIX AIO share.
local aio = require "aio"

local support = {}

-- Submits a read that nothing ends yet, and waits until a thread of glibc is at
-- it: it can't be canceled any more.
function support.blocked(cb)
  local deadline = aio.now() + 20 * 10 ^ 9
  repeat
    assert(aio.now() < deadline, "no thread has begun in 20 s")
    if not cb.inflight then assert(cb:read()) end
  until assert(cb:cancel()) == "notcanceled"
  return cb
end

return support
