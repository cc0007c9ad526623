-- The conventions for arguments (design, section 2): sizes, floats, zeros,
-- timeouts, and all that has a descriptor.
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(8))
local buf = assert(aio.buffer(4096))
local zero = assert(aio.open("/dev/zero"))
local nan, inf = 0 / 0, math.huge

-- ---- sizes ----

local sizes = {
  { 0, 0 }, { 512, 512 }, { 512.0, 512 }, { "0", 0 }, { "100", 100 },
  { "1k", 1024 }, { "4K", 4096 }, { "2m", 2 << 20 }, { "3M", 3 << 20 },
  { "2g", 2 << 30 }, { "1G", 1 << 30 }, { "1t", 1 << 40 },
  { -1, -1 }, { math.maxinteger, math.maxinteger },
  { math.mininteger, math.mininteger }, { -2.0 ^ 63, math.mininteger },
}
for _, s in ipairs(sizes) do
  local cb = aio.pread(zero, buf, s[1], s[1])
  tap.is(cb.nbytes, s[2], ("nbytes %s"):format(s[1]))
  tap.is(cb.offset, s[2], ("offset %s"):format(s[1]))
  tap.is(cb:at(s[1]).offset, s[2], ("at %s"):format(s[1]))
end

local no_sizes = {
  { 1.5, "1.5 has no integer value" }, { nan, "nan has no integer value" },
  { inf, "inf has no integer value" }, { 2.0 ^ 63, "has no integer value" },
  { "", "not a size" }, { "k", "not a size" }, { "4kk", "not a size" },
  { "4x", "not a size" }, { " 4k", "not a size" }, { "4 k", "not a size" },
  { "-1", "not a size" }, { "0x10", "not a size" }, { "1.5k", "not a size" },
  { "4k\0", "not a size" }, { "4\0k", "not a size" },
  { "9223372036854775808", "too large" }, { "8388608t", "too large" },
  { "99999999999999999999999", "too large" }, { true, "number expected" },
  { {}, "number expected" },
}
for _, s in ipairs(no_sizes) do
  local name = ("%q"):format(tostring(s[1]))
  tap.raises("#3 to '.*pread' .*" .. s[2], "nbytes " .. name, aio.pread, zero,
    buf, s[1])
  tap.raises("#4 to '.*pread' .*" .. s[2], "offset " .. name, aio.pread, zero,
    buf, 1, s[1])
  tap.raises("'offset' .*" .. s[2], "field offset " .. name, aio.pread,
    { fd = zero, buf = buf, offset = s[1] })
  tap.raises(s[2], "at " .. name, function() aio.noop():at(s[1]) end)
end

-- ---- timeouts ----

local function timeout_errors(name, call)
  for _, t in ipairs {
    { -1, "can't be negative" }, { -1e-300, "can't be negative" },
    { -inf, "can't be negative" }, { math.mininteger, "can't be negative" },
    { nan, "can't be NaN" }, { "1", "number expected, got string" },
    { true, "number expected, got boolean" },
  } do
    tap.raises("#4 to '.*" .. name .. "' .*" .. t[2],
      ("%s: timeout %s"):format(name, t[1]), call, ctx, 1, 1, t[1])
  end
  for _, t in ipairs { 0, 0.0, -0.0, 1e-300, 1e-9, 5e-10, 0.001 } do
    tap.ok(pcall(call, ctx, 1, 1, t), ("%s: timeout %s"):format(name, t))
  end
end

for _, name in ipairs { "getevents", "pgetevents", "each", "run" } do
  timeout_errors(name, ctx[name])
end
do -- very long ones, with the event there
  for _, t in ipairs { 1e9, 1e18, 1e300, inf, math.maxinteger } do
    ctx:submit(aio.pread(zero, buf))
    tap.is(#ctx:getevents(1, 1, t), 1, "timeout " .. t)
  end
end

-- ---- counts ----

for _, name in ipairs { "getevents", "pgetevents", "each", "run" } do
  local call = ctx[name]
  tap.raises("#2 to '.*" .. name .. "' .*integer", name .. ": min 1.5",
    call, ctx, 1.5)
  tap.raises("#2 to '.*" .. name .. "' .*number expected", name .. ": min ''",
    call, ctx, "1")
  tap.raises("integer", name .. ": nr NaN", call, ctx, 0, nan)
  tap.raises("not in", name .. ": nr 2^40", call, ctx, 0, 1 << 40)
  tap.raises("not in", name .. ": min 2^63-1", call, ctx, math.maxinteger)
  tap.ok(pcall(call, ctx, 0.0, 1.0, 0), name .. ": floats with integer values")
end

-- ---- descriptors ----

local function reads(fd, name)
  buf:fill(1)
  local n, why = ctx:submit(aio.pread(fd, buf))
  tap.is(n or why, 1, "fd: " .. name)
  ctx:getevents(n or 0, 1, 10)
  tap.ok(buf:check(0), "was read")
end

local with_method = { pollfd = function() return zero:fileno() end }
local with_number = setmetatable({}, { __index = { pollfd = zero:fileno() } })
reads(zero, "our file")
reads(zero:fileno(), "a number")
reads(zero:fileno() + 0.0, "a float with an integer value")
local io_zero = io.open("/dev/zero")
reads(io_zero, "an io file")
reads({ pollfd = with_method.pollfd }, "a table with pollfd()")
reads(with_number, "an object whose pollfd is a number")
for name, object in pairs { eventfd = aio.eventfd(), timer = aio.timer(9),
    waiter = aio.waiter(), signals = aio.signals("SIGUSR2"), context = ctx } do
  local cb = aio.poll(object, "in")
  tap.is(cb.fd, object, "fd: " .. name)
  tap.is(ctx:submit(cb), 1, "can be polled")
  ctx:cancel(cb)
  ctx:getevents(1, 1, 10)
end

local no_fds = {
  { "3", "something with a descriptor expected, got string" },
  { true, "something with a descriptor expected, got boolean" },
  { {}, "something with a descriptor expected" },
  { print, "something with a descriptor expected, got function" },
  { buf, "something with a descriptor expected, got buffer" },
  { 1.5, "no integer value" }, { nan, "no integer value" },
  { 1 << 31, "no descriptor" }, { -1 << 40, "no descriptor" },
  { { pollfd = "x" }, "something with a descriptor expected" },
  { { pollfd = function() error("oops") end }, "oops" },
}
for i, case in ipairs(no_fds) do
  tap.raises(case[2], "fd: no descriptor " .. i, function()
    aio.poll(case[1], "in")
  end)
end

-- ---- closed ones ----

local function closed(name, object, close, word)
  local cb = aio.poll(object, "in")
  local signalling = aio.pread { fd = zero, buf = buf, eventfd = object }
  close(object)
  tap.raises(word, name .. " closed before", aio.poll, object, "in")
  tap.raises("closed", name .. " closed between prepare and submit",
    ctx.submit, ctx, cb)
  tap.raises("closed", name .. " as eventfd", ctx.submit, ctx, signalling)
end

local function close(object)
  return object:close()
end

closed("file", assert(aio.open("/dev/zero")), close, "the file is closed")
closed("io file", io_zero, close, "the file is closed")
closed("eventfd", aio.eventfd(), close, "the eventfd is closed")
closed("timer", aio.timer(9), close, "the timer is closed")
closed("waiter", aio.waiter(), close, "the waiter is closed")
tap.is(ctx.inflight, 0, "nothing was submitted")
tap.done()
