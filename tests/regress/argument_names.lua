-- Errors that named neither function nor argument: of a function that was
-- taken by a computed name or through pcall, of an object without descriptor,
-- of a wait that would never end. And a nil, as a failed aio.open returns it,
-- passed for a descriptor until the kernel said EBADF.
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(4))
local buf = assert(aio.buffer(512))
local zero = assert(aio.open("/dev/zero"))
local name = { submit = "submit", fill = "fill" }

tap.raises("bad argument #2 to 'aio:context.submit' %(iocb expected",
  "a computed name", function() ctx[name.submit](ctx, 1) end)
tap.raises("bad argument #2 to 'aio:buffer.fill' %(256 is not in",
  "of a buffer's method", function() buf[name.fill](buf, 256) end)
tap.raises("bad field 'buf' to 'aio.pread' %(buffer expected, got number%)",
  "a field, through pcall", aio.pread, { fd = zero, buf = 5 })
tap.raises("to 'aio:context.pgetevents' %(unknown signal 'SIGFOO'%)",
  "a mask, through pcall", ctx.pgetevents, ctx, 1, 1, 0, { "SIGFOO" })
tap.raises("#1 to 'aio.fsync' %(something with a descriptor expected, " ..
  "got buffer%)", "an object without descriptor", aio.fsync, buf)
tap.raises("iocb expected, got buffer", "a type of ours", ctx.submit, ctx,
  { buf })
tap.raises("#2 to 'aio:context.getevents' %(waiting for 1 events without",
  "a wait that would never end", ctx.getevents, ctx)

for _, op in ipairs { "pread", "pwrite", "preadv", "pwritev", "fsync",
                      "fdsync", "poll" } do
  tap.raises("#1 to 'aio%." .. op .. "' %(something with a descriptor",
    op .. " of nil", aio[op], nil, buf)
end

local cb = aio.pread(zero, buf)
tap.raises("#3 .*given twice", "twice in one call", ctx.submit, ctx, cb, cb)
tap.is(ctx.inflight, 0, "submits nothing")

-- Our objects are never taken for io's, whatever metatable they have.
local own = debug.getmetatable(cb)
debug.setmetatable(cb, debug.getmetatable(io.stdout))
tap.raises("something with a descriptor", "an iocb that looks like a file",
  aio.fsync, cb)
debug.setmetatable(cb, own) -- or io would collect it
tap.done()
