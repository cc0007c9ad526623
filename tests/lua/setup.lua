-- aio.setup and what can be read of a context (design, section 4).
local aio = require "aio"
local tap = require "aio.tap"

local function raises_setup(pattern, ...)
  tap.raises("#1 to '.*setup' .*" .. pattern, "setup: " .. pattern, aio.setup,
    ...)
end

raises_setup("number expected, got no value")
raises_setup("number expected, got string", "8")
raises_setup("number expected, got nil", nil)
raises_setup("number expected, got table", {})
raises_setup("not in 0%.%.4294967295", -1)
raises_setup("not in 0%.%.4294967295", 1 << 32)
raises_setup("no integer value", 1.5)
raises_setup("no integer value", 0 / 0)
raises_setup("no integer value", math.huge)
tap.errno("EINVAL", "0 reaches the kernel", aio.setup(0))
local _, message = aio.setup(0)
tap.is(message, "io_setup: Invalid argument (EINVAL): "
  .. "nr_events 0: at least 1 is needed", "its message")

-- ---- a new context ----

local ctx = assert(aio.setup(8.0))
tap.is(tostring(ctx), "context (8 events, 0 in flight)", "tostring")
tap.is(ctx.nr_events, 8, "nr_events: a float with an integer value is one")
tap.is(math.type(ctx.nr_events), "integer", "and is one from then on")
tap.is(ctx.inflight, 0, "inflight")
tap.is(ctx.last_events, nil, "no last_events yet")
tap.is(ctx.last_submit, nil, "no last_submit yet")
tap.is(#ctx:list(), 0, "an empty list")
tap.raises("context has no field 'foo'", "an unknown field",
  function() return ctx.foo end)
tap.raises("context has no field '1'", "a number", function() return ctx[1] end)
tap.raises("context has no field 'inflight' to set", "fields are read-only",
  function() ctx.inflight = 1 end)
tap.raises("context has no field 'foo' to set", "nor are there others",
  function() ctx.foo = 1 end)

do -- the ring
  local ring = ctx.ring
  tap.is(type(ring.usable), "boolean", "ring.usable")
  local off = os.getenv("AIOSH_RING") == "off"
  if off then tap.is(ring.usable, false, "AIOSH_RING=off") end
  if ring.usable then
    for _, key in ipairs { "id", "nr", "head", "tail", "magic", "compat",
        "incompat", "ready" } do
      tap.is(math.type(ring[key]), "integer", "ring." .. key)
    end
    tap.ok(ring.nr >= 8, "it has room for what was asked")
    tap.is(ring.ready, 0, "nothing is ready")
    local before = ring.tail
    local r, w = aio.pipe()
    ctx:submit(aio.poll(w, "out"))
    tap.is(ctx.ring.ready, 1, "one is ready")
    tap.is(ctx.ring.tail, (before + 1) % ring.nr, "tail moves")
    tap.is(ring.ready, 0, "what was read before is a copy")
    ctx:getevents()
    tap.is(ctx.ring.head, ctx.ring.tail, "head follows")
    r:close()
  else
    tap.is(next(ring), "usable", "nothing else of a ring that is not known")
    tap.is(next(ring, "usable"), nil, "at all")
  end
end

-- ---- what the system counts ----

-- Others come and go, with small ones: what is near to ours is ours. The
-- number of the ring's events would be more than twice as much.
local function near(difference, nr)
  return math.abs(difference - nr) < nr // 3
end

local function changes(nr)
  local up, down = false, false
  for _ = 1, 20 do
    local before = aio.limits().aio_nr
    local c = assert(aio.setup(nr))
    local between = aio.limits().aio_nr
    up = up or near(between - before, nr)
    c:destroy()
    down = down or near(between - aio.limits().aio_nr, nr)
    if up and down then break end
  end
  return up, down
end

do
  local limits = aio.limits()
  tap.is(math.type(limits.aio_max_nr), "integer", "aio_max_nr")
  tap.ok(limits.aio_nr >= 8, "aio_nr has at least what we asked for")
  local up, down = changes(3000)
  tap.ok(up, "setup adds what was asked to aio_nr")
  tap.ok(down, "destroy takes it away")
end

-- ---- errors of others ----

tap.raises("context expected, got no value", "a method without a context",
  ctx.submit)
tap.raises("context expected, got table", "with something else",
  ctx.getevents, {})
tap.raises("context expected", "with an iocb", ctx.reap, aio.noop())

-- ---- the end of a context ----

do
  local c
  do
    local closing <close> = assert(aio.setup(1))
    c = closing
  end
  tap.is(tostring(c), "context (destroyed)", "<close> destroys")
  tap.is(c:close(), nil, "closing it again is harmless")
  tap.is(c:close(), nil, "and again")
  for _, name in ipairs { "submit", "cancel", "destroy", "getevents",
      "pgetevents", "reap", "each", "run", "eventfd", "pollfd" } do
    tap.raises("the context is destroyed", name .. " raises", c[name], c)
  end
  tap.is(c.nr_events, 1, "nr_events stays")
  tap.is(c.inflight, 0, "inflight stays")
  tap.is(c.ring, nil, "there is no ring")
  tap.is(#c:list(), 0, "the list is empty")
end

do -- the collector
  local weak = setmetatable({}, { __mode = "k" })
  for _ = 1, 5 do weak[assert(aio.setup(1))] = true end
  collectgarbage()
  collectgarbage()
  tap.is(next(weak), nil, "contexts that nobody has are collected")
end

tap.done()
