-- ctx:eventfd() raised where no descriptor was left, instead of returning nil,
-- message and errno as every other call does.
local aio = require "aio"
local tap = require "aio.tap"

if not os.getenv("FEW_DESCRIPTORS") then
  os.exit((os.execute(("ulimit -n 32; FEW_DESCRIPTORS=1 exec %s %s")
    :format(arg[-1], arg[0]))))
end

local ctx = assert(aio.setup(4))
local w = assert(aio.waiter())
local all = {}
repeat
  local e = aio.eventfd()
  all[#all + 1] = e
until not e

tap.errno("EMFILE", "the eventfd", ctx:eventfd())
tap.raises("eventfd: .*EMFILE", "the context in a waiter", w.add, w, ctx)
for _, e in ipairs(all) do e:close() end
tap.ok(ctx:eventfd(), "it can be had later")
tap.is(w:add(ctx), w, "and the context be watched")
tap.done()
