-- What io_setup refuses: a context that is not zero, no events, too many; and
-- posix_memalign, which returns its error instead of setting errno.
--   usage: aiosh examples/setup_trap.lua

local L = require "aio.libaio"

local function answer(question, got, want)
  print(("%-44s%s"):format(question, aio.errname(got) or got))
  assert(got == want, "another answer was expected")
end

-- The third result of what failed.
local function errno(_, _, e) return e end

local ctx = L.io_context_t()
answer("io_setup, ctx = 0", L.io_setup(8, ctx), 0)
answer("io_setup, ctx not zero", L.io_setup(8, ctx), -aio.EINVAL)
answer("io_destroy", L.io_destroy(ctx), 0)
answer("io_setup, ctx destroyed but not set to zero", L.io_setup(8, ctx),
       -aio.EINVAL)
answer("io_setup, nr_events 0", errno(aio.setup(0)), aio.EINVAL)

local limits = aio.limits()
if limits.aio_max_nr and limits.aio_max_nr < 4194304 then
  answer("io_setup, nr_events " .. limits.aio_max_nr + 1,
         errno(aio.setup(limits.aio_max_nr + 1)), aio.EAGAIN)
  print(("  fs.aio-nr %d, fs.aio-max-nr %d"):format(limits.aio_nr,
                                                   limits.aio_max_nr))
else -- over this the kernel says EINVAL, whatever the limit
  print("  fs.aio-max-nr is unknown here, or huge")
end
answer("io_setup, nr_events 0x10000000", errno(aio.setup(0x10000000)),
       aio.EINVAL)

local none, _, code = aio.buffer(512, 3)
answer("posix_memalign, alignment 3", code, aio.EINVAL)
print("  (returned: posix_memalign does not set errno)")
assert(none == nil)
