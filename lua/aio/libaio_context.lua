-- io_context_t of libaio.h, and the calls that make and destroy contexts.
local aio = require "aio"
local integer = require "aio.libaio_integer"

local calls = {}
local context = { calls = calls }

local context_meta = { __name = "io_context_t" }

-- An object keeps our context under this key: nil is zero, false is a context
-- that was destroyed.
local NATIVE = {}

local function check(ctx)
  if getmetatable(ctx) ~= context_meta then
    error("io_context_t expected, got " .. type(ctx), 0)
  end
  return ctx
end

-- Our context; nil or false where the kernel would not find one.
function context.native(ctx)
  return check(ctx)[NATIVE]
end

function context_meta.__tostring(ctx)
  local native = ctx[NATIVE]
  if native == nil then return "io_context_t (0)" end
  return native and "io_context_t, " .. tostring(native)
    or "io_context_t (destroyed)"
end

--- io_context_t() -> ctx
--
-- A context handle that is zero, as after io_context_t ctx = 0. io_setup and
-- io_queue_init give it a context; close(), and leaving the scope of a
-- `local ctx <close>`, destroy that.
-- Example: ctx = libaio.io_context_t()
function calls.io_context_t()
  return setmetatable({}, context_meta)
end

-- ---- io_setup, io_destroy ----

local function setup(maxevents, ctx)
  local n = integer.unsigned(maxevents, "maxevents")
  if check(ctx)[NATIVE] ~= nil then return -aio.EINVAL end
  local native, _, errno = aio.setup(n)
  if not native then return -errno end
  ctx[NATIVE] = native
  return 0
end

--- io_setup(maxevents, ctx) -> 0 | -errno
--
-- Makes a context with room for at least maxevents requests. ctx has to be
-- zero: on one that has a context, or had one, this is -EINVAL.
-- Errors: -EINVAL: ctx is not zero; maxevents is 0 or far too many. -EAGAIN:
-- over fs.aio-max-nr.
-- Example: r = libaio.io_setup(8, ctx)
-- See: io_setup(2)
function calls.io_setup(maxevents, ctx)
  return setup(maxevents, ctx)
end

--- io_queue_init(maxevents, ctx) -> 0 | -errno
--
-- As io_setup, but sets ctx to zero first: a context that it had is lost, and
-- left to the collector.
-- Errors: -EINVAL: maxevents is 0 or less (then ctx is left alone).
-- See: io_queue_init(3)
function calls.io_queue_init(maxevents, ctx)
  check(ctx)
  local n = integer.unsigned(maxevents, "maxevents")
  if n == 0 or n > 0x7fffffff then return -aio.EINVAL end
  ctx[NATIVE] = nil
  return setup(maxevents, ctx)
end

local function destroy(ctx)
  local native = context.native(ctx)
  if not native then return -aio.EINVAL end
  local lost, _, errno = native:destroy()
  if not lost then return -errno end
  ctx[NATIVE] = false
  return 0
end

local function close(ctx)
  if context.native(ctx) then destroy(ctx) end
end

context_meta.__index = { close = close }
context_meta.__close = close

--- io_destroy(ctx) -> 0 | -errno
--
-- Destroys the context: cancels polls, waits for all other requests, and drops
-- the events that nobody took. ctx stays as it is in C, neither usable nor
-- zero: io_queue_init takes it again.
-- Errors: -EINVAL: no context, or destroyed already.
-- See: io_destroy(2)
function calls.io_destroy(ctx)
  return destroy(ctx)
end

--- io_queue_release(ctx) -> 0 | -errno
--
-- The same as io_destroy.
-- See: io_queue_release(3)
function calls.io_queue_release(ctx)
  return destroy(ctx)
end

return context
