-- The debug library against the objects: another one's metatable, user
-- values and upvalues, finalizers called by hand. Errors, never a crash.
-- luacheck: ignore 512 (loops that break)
local aio = require "aio"
local tap = require "aio.tap"

local zero = assert(aio.open "/dev/zero")

local makers = {
  context = function() return assert(aio.setup(8)) end,
  iocb = function() return aio.pread(zero, aio.buffer(16)) end,
  buffer = function() return aio.buffer(64) end,
  slice = function() return aio.buffer(64):slice(8, 8) end,
  file = function() return assert(aio.open "/dev/zero") end,
  eventfd = function() return assert(aio.eventfd(1)) end,
  waiter = function() return assert(aio.waiter()) end,
  timer = function() return assert(aio.timer(1)) end,
  signals = function() return assert(aio.signals "SIGUSR2") end,
}
local kinds = {}
for kind in pairs(makers) do kinds[#kinds + 1] = kind end
table.sort(kinds)

-- The functions of a type: metamethods, and all methods by the loaded table.
local function functions(kind, object)
  local list = {}
  for name, f in pairs(debug.getmetatable(object)) do
    if type(f) == "function" then list[name] = f end
  end
  local methods = package.loaded["aio:" .. kind] or {}
  for name, f in pairs(methods) do list[name] = f end
  return list
end

-- Whatever has a descriptor may stand for another one that has: it answers
-- for itself. All else raises, and names what it wanted.
-- And aio.poll is iocb.poll, too.
local shared = { fileno = true, pollfd = true, events = true, timeout = true,
  __index = true, __newindex = true, pread = true, pwrite = true,
  preadv = true, pwritev = true, fsync = true, fdsync = true, poll = true,
  noop = true }

local function wrong_object(list, object)
  local odd
  for name, f in pairs(list) do
    local good, message = pcall(f, object, 1, 2)
    if good and not shared[name] then odd = name end
    if not good and type(message) ~= "string" then odd = name end
  end
  return odd
end

local function confused()
  for _, kind in ipairs(kinds) do
    local object, odd = makers[kind](), nil
    for _, other in ipairs(kinds) do
      local impostor = makers[other]()
      local same = kind == other or kind .. other == "slicebuffer"
        or kind .. other == "bufferslice"
      if not same then
        debug.setmetatable(impostor, debug.getmetatable(object))
        odd = wrong_object(functions(kind, object), impostor) or odd
        pcall(tostring, impostor)
        pcall(function() return #impostor, impostor.inflight end)
        debug.setmetatable(impostor, debug.getmetatable(makers[other]()))
        pcall(impostor.close, impostor)
      end
    end
    tap.is(odd, nil, kind .. ": its functions refuse other objects")
    object:close()
  end
end

local function strangers()
  local values = { nil, true, 1, "x", {}, print, io.stdout, aio.null,
    coroutine.create(print), debug.getregistry() }
  for _, kind in ipairs(kinds) do
    local object, odd = makers[kind](), nil
    for i = 1, 10 do
      odd = wrong_object(functions(kind, object), values[i]) or odd
    end
    tap.is(odd, nil, kind .. ": and what is no object of ours")
    object:close()
  end
end

local function finalized_twice()
  for _, kind in ipairs(kinds) do
    local object = makers[kind]()
    local gc = debug.getmetatable(object).__gc
    for _ = 1, 3 do gc(object) end
    local good = pcall(object.close, object)
    tap.ok(good and tostring(object), kind .. ": __gc again and again")
    object = nil
    collectgarbage()
    tap.is(object, nil)
  end
end

-- A context with a request in flight: finalized by hand it stays.
local function finalized_in_flight()
  local ctx, r, w = makers.context(), assert(aio.pipe())
  ctx:submit(aio.poll(r, "in"))
  for _ = 1, 3 do debug.getmetatable(ctx).__gc(ctx) end
  tap.is(ctx.inflight, 1, "a context in flight survives its __gc")
  w:write "x"
  debug.getmetatable(ctx).__gc(ctx)
  tap.is(tostring(ctx), "context (destroyed)", "until the request has ended")
  tap.raises("destroyed", "then it is destroyed", ctx.getevents, ctx, 1)
end

-- ---- user values and upvalues ----

local stuff = { false, 1, "x", {}, type, { {}, type, "x" }, zero }

-- Calls of everything with arguments that are right.
local function use(object)
  local calls = {
    function() return object:submit(aio.pread(zero, aio.buffer(8))) end,
    function() return object:reap() end,
    function() return object:getevents(0, 5, 0) end,
    function() for _ in object:each(0, 5, 0) do break end end,
    function() return object:run(0, 5, 0) end,
    function() return tostring(object:list()) end,
    function() return object:eventfd(), object.last_submit end,
    function() return object.last_events, object.refused, object.path end,
    function() for _ in object:wait(0) do break end end,
    function() return object:add(zero), object:add(makers.eventfd()) end,
    function() return object:modify(zero), object:remove(zero) end,
    function() return object:read(1), object:fileno() end,
    function() return object:copy(), object:at(1) end,
    function() return object.buf, object.bufs, object.fd, object.data end,
    function() return object:get(), object:slice(0, 1), tostring(object) end,
    function() return object:pread(zero, aio.buffer(8)) end,
  }
  for _, call in ipairs(calls) do pcall(call) end
end

local function user_values()
  for _, kind in ipairs(kinds) do
    for n = 1, 5 do
      for _, value in ipairs(stuff) do
        local object = makers[kind]()
        use(object)
        debug.setuservalue(object, value, n)
        use(object)
        pcall(tostring, object)
        pcall(debug.getmetatable(object).__gc, object)
      end
    end
    collectgarbage()
    tap.ok(true, kind .. ": other user values")
  end
end

-- Another context's array: iocbs stay with their own.
local function swapped_arrays()
  local a, b = makers.context(), makers.context()
  local r, w = assert(aio.pipe())
  local one, two = aio.preadv(zero, { aio.buffer(8) }), aio.poll(r, "in")
  a:submit(one)
  b:submit(two)
  local array = debug.getuservalue(a, 1)
  debug.setuservalue(a, debug.getuservalue(b, 1), 1)
  debug.setuservalue(b, array, 1)
  pcall(a.getevents, a, 1)
  tap.is(two.inflight, true, "what another context has stays in flight")
  tap.raises("in flight", "and can't be submitted", b.submit, b, two)
  w:write "x"
  pcall(b.getevents, b, 1)
  a:close()
  b:close()
end

local function upvalues()
  local count = 0
  for _, kind in ipairs(kinds) do
    local object = makers[kind]()
    local mt = debug.getmetatable(object)
    local list = { mt.__index, mt.__newindex }
    if kind == "context" then
      object:submit(aio.pread(zero, aio.buffer(8)))
      list[#list + 1] = object:each(1)
    end
    if kind == "waiter" then
      object:add(makers.eventfd())
      list[#list + 1] = object:wait(1)
    end
    for _, f in ipairs(list) do
      for i = 1, 3 do
        local name, value = debug.getupvalue(f, i)
        for _, other in ipairs(name and stuff or {}) do
          debug.setupvalue(f, i, other)
          pcall(f, 1, 2, 3)
          pcall(f, object, "x", 3)
          pcall(f, math.maxinteger)
          count = count + 1
        end
        if name then debug.setupvalue(f, i, value) end
      end
    end
    pcall(object.close, object)
  end
  tap.ok(count > 100, count .. " other upvalues")
end

confused()
strangers()
finalized_twice()
finalized_in_flight()
user_values()
swapped_arrays()
upvalues()
tap.done()
