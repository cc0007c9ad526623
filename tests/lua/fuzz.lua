-- Random calls of everything that the API offers, with good, bad and hostile
-- arguments, from a seed. Every request that a context accepts is in a ledger
-- (fuzz/ledger.lua) and must come out exactly once: delivered, or counted by
-- destroy; and known blocks of a file must be read as they were written.
-- AIOSH_FUZZ: how many calls (100000); AIOSH_SEED: another run.
local aio = require "aio"
local tap = require "aio.tap"
package.path = arg[0]:gsub("[^/]*$", "") .. "fuzz/?.lua;" .. package.path
local chance = require "chance"
local ledger = require "ledger"

local steps = math.tointeger(tonumber(os.getenv "AIOSH_FUZZ" or 100000))
local seed = math.tointeger(tonumber(os.getenv "AIOSH_SEED" or 42))
local random, pick, pool = chance.random, chance.pick, chance.pool
local size, thing, memory = chance.size, chance.thing, chance.memory
local cbs, books, expect = {}, ledger.books, ledger.expect
local step, quiet, nested, act = 0, false, 0, nil

-- Calls a method, if there is one, with whatever it may make of that.
local function try(object, method, ...)
  local good, f = pcall(function() return object[method] end)
  if not (good and pcall(f, object, ...)) then
    ledger.raised = ledger.raised + 1
  end
end

-- ---- contexts ----

local function some_cbs()
  local list, good = {}, random(2) == 1
  for i = 1, random(6) do
    local which = random(#cbs)
    if good then cbs[which] = chance.good_iocb() end
    list[i] = cbs[which]
  end
  if random(30) == 1 then list[random(6)] = chance.nasty() end
  return list
end

local function submit(book)
  if random(4) == 1 then return ledger.prove(book) end
  local count = random(8) == 1 and chance.count() or nil
  local first = random(15) == 1 and chance.count() or nil
  if random(3) == 1 then count, first = "spread", nil end
  ledger.submit(book, some_cbs(), count, first)
end

-- Without a limit, for what is certain to come: finalizers submit no polls
-- meanwhile.
local function wait_for_some(book)
  local ctx = book.ctx
  quiet = true
  ledger.fire(book)
  if ctx.inflight > 0 then
    ledger.take(book, pcall(ctx.getevents, ctx, random(ctx.inflight)))
  end
  quiet = false
end

local function getevents(book)
  if random(8) == 1 then return wait_for_some(book) end
  ledger.take(book, pcall(book.ctx.getevents, book.ctx, chance.count(),
    chance.count(), chance.timeout()))
end

local function pgetevents(book)
  ledger.take(book, pcall(book.ctx.pgetevents, book.ctx, chance.count(),
    chance.count(), chance.timeout(), pick { {}, { "SIGUSR1" }, { "x" }, 5 }))
end

local function reap(book)
  ledger.take(book, pcall(book.ctx.reap, book.ctx, chance.count()))
end

-- Loops that break, fail, nest and destroy.
local function loop(book)
  for cb, res in book.ctx:each(0, random(10), 0) do
    ledger.deliver(book, cb, res)
    local what = random(20)
    if what == 1 then break end
    if what == 2 then error "in the loop" end
    if what < 8 then act() end
  end
end

local function each(book)
  local good, message = pcall(loop, book)
  expect(good or tostring(message):find "in the loop"
    or tostring(message):find "destroyed", message)
end

-- A coroutine that is dropped somewhere in its loop.
local function left_alone(book)
  local co = coroutine.wrap(function()
    for cb, res in book.ctx:each(0, nil, 0) do
      ledger.deliver(book, cb, res)
      coroutine.yield()
    end
  end)
  for _ = 1, random(3) do pcall(co) end
end

local function run(book)
  local ctx = book.ctx
  local good, _, rest = pcall(ctx.run, ctx, 0, random(10), 0)
  ledger.take(book, good, rest)
end

local function cancel(book)
  local cb = random(20) == 1 and chance.nasty() or pick(cbs)
  local good, event = pcall(book.ctx.cancel, book.ctx, cb)
  expect(not good or event == true or event == nil, "an event")
end

local function look(book)
  local ctx = book.ctx
  try(ctx, pick { "list", "eventfd", "pollfd", "events", "timeout", "x" })
  for _, field in ipairs { "ring", "last_submit", "last_events" } do
    local good, value = pcall(function() return ctx[field] end)
    expect(good and tostring(value), field)
  end
end

-- 30 ms each. A context that is left to the collector must not be in use.
local function replace(book)
  if random(300) > 1 then return end
  for i, b in ipairs(books) do
    if b == book then books[i] = ledger.open() end
  end
  if book.proofs > 0 or nested > 1 or random(2) == 1 then
    return ledger.destroy(book)
  end
  ledger.drop(book)
end

-- ---- all else ----

local function buffer_call()
  local buf, a, b = pick(pool.buffers), size(), size()
  local way = random(10)
  if way == 1 then return chance.renew "buffers" end
  if way == 2 then return try(buf, pick { "close", "__gc", "crc32c" }) end
  if way == 3 then return try(buf, "fill", chance.pattern(), a, b) end
  if way == 4 then return try(buf, "check", chance.pattern(), a, b) end
  if way == 5 then return try(buf, "check", chance.object(), a, b) end
  if way == 6 then return try(buf, pick { "set", "poke" }, a, "hello") end
  if way == 7 then return try(buf, "pack", a, pick { "i4", "z", "x" }, b) end
  if way == 8 then return try(buf, "unpack", a, pick { "i4", "z", "<" }) end
  try(buf, pick { "get", "peek", "hexdump", "crc32c", "slice" }, a, b)
end

local function file_call()
  local f, way = thing(), random(8)
  if way == 1 then return chance.renew(pick { "files", "pipes" }) end
  if way == 2 then return chance.renew "eventfds" end
  if way == 3 and random(9) == 1 then return try(f, "close") end
  if way == 4 then return try(f, "read", size(), size()) end
  if way == 5 then return try(f, "write", pick { "abc", 1, "" }, size()) end
  if way == 6 then return try(f, pick { "truncate", "extents" }, size()) end
  try(f, pick { "fileno", "size", "dioalign", "pollfd", "events", "timeout",
    "__gc", "__tostring", "path", "direct" })
end

local function waiter_call(book)
  local w, way = pool.waiter, random(9)
  local obj = random(5) == 1 and book.ctx or thing()
  if way == 1 then pool.waiter = w:close() and aio.waiter() end
  if way == 2 then pool.timer = pool.timer:close() and aio.timer(1e-6, 1e-3) end
  if way < 5 then return try(w, "remove", obj) end
  if way < 7 then
    return try(w, pick { "add", "modify" }, obj, pick { "in", "out",
      "in,oneshot", "et,in", 0, -1, "x" })
  end
  pcall(function()
    for _ in w:wait(chance.timeout(), chance.count()) do
      if random(3) == 1 then act() end
    end
  end)
end

local function iocb_call()
  local i, way = random(#cbs), random(6)
  if way == 1 then cbs[i] = chance.iocb() end
  if way == 2 then chance.iocb(cbs[i]) end
  if way == 3 then try(cbs[i], "at", size(), size()) end
  if way == 4 and random(9) == 1 then try(cbs[i], "close") end
  if way == 5 then try(cbs[i], "copy") end
  pcall(function() cbs[i].callback = ledger.callback end)
  if way < 6 then return end
  local field, value = chance.field()
  pcall(function() cbs[i][field] = value end)
end

local functions = { "buffer", "errname", "strerror", "iocb", "poll", "pread",
  "preadv", "pwritev", "fsync", "limits", "now", "waiter" }
local function library_call()
  pcall(aio[pick(functions)], chance.object(), chance.object(), size())
  pcall(aio.iocb, { [pick { "fd", "buf", "x" }] = chance.object() })
  pcall(aio.eventfd, chance.count(), pick { "semaphore", "x", 5 })
  pcall(aio.timer, chance.nasty(), chance.nasty())
  for _, name in ipairs { "setup", "open", "signals", "pipe" } do
    pcall(aio[name], chance.nasty())
  end
end

-- An object under another one's metatable, for one call.
local function confuse()
  local a, b = pick { pool.waiter, pick(cbs), pick(books).ctx, thing() },
    pick { pool.timer, pick(cbs), pick(books).ctx, memory() }
  if type(a) ~= "userdata" or type(b) ~= "userdata" then return end
  local own, other = debug.getmetatable(a), debug.getmetatable(b)
  local before = quiet
  quiet = true
  debug.setmetatable(a, other)
  for _, name in ipairs { "__gc", "__close", "__tostring", "__len" } do
    if other[name] ~= own[name] then pcall(other[name], a) end
  end
  try(a, pick { "fileno", "submit", "get", "at", "inflight", "wait", "list" })
  debug.setmetatable(a, own)
  quiet = before
end

-- Some garbage, whose finalizer makes a random call.
local function later()
  setmetatable({}, { __gc = function()
    if quiet then return end
    local good, message = pcall(act)
    expect(good, message)
  end })
end

-- ---- the run ----

local weights = { { submit, 40 }, { getevents, 10 }, { pgetevents, 2 },
  { reap, 8 }, { each, 10 }, { left_alone, 3 }, { run, 5 }, { cancel, 8 },
  { look, 3 }, { replace, 3 }, { buffer_call, 20 }, { file_call, 15 },
  { waiter_call, 8 }, { iocb_call, 25 }, { library_call, 4 }, { confuse, 3 },
  { later, 5 } }
local lots = {}

function act()
  if nested > 3 then return end
  nested = nested + 1
  pick(lots)(pick(books))
  nested = nested - 1
end

-- The collector's modes in turn; those that never rest not for long.
local modes = { [1] = { "generational" }, [2500] = { "incremental", 100, 400 },
  [3500] = { "incremental", 200, 100 }, [5000] = { "incremental", 0, 100 },
  [6000] = { "incremental", 200, 100 } }

local function prepare()
  chance.seed(seed)
  chance.fill_pool()
  local path = chance.dir .. "/blocks"
  if not pcall(ledger.open_file, path, "rdwr,creat,direct") then
    ledger.open_file(path, "rdwr,creat")
  end
  for i = 1, 3 do books[i] = ledger.open() end
  for i = 1, 24 do cbs[i] = chance.iocb() end
  for _, w in ipairs(weights) do
    for _ = 1, w[2] do lots[#lots + 1] = w[1] end
  end
end

local function finish()
  quiet = true
  while #books > 0 do ledger.destroy(table.remove(books)) end
  local deadline = aio.now() + 20 * 10 ^ 9
  repeat collectgarbage() until ledger.dropped_done() or aio.now() > deadline
end

tap.note(("AIOSH_SEED=%d AIOSH_FUZZ=%d"):format(seed, steps))
prepare()
while step < steps and not ledger.broken do
  step = step + 1
  local mode = modes[step % 7500]
  if mode then collectgarbage(table.unpack(mode)) end
  act()
  ledger.balance()
end
finish()
tap.ok(not ledger.broken, ("seed %d, step %d: %s"):format(seed, step,
  ledger.broken or "nothing is broken"))
tap.is(ledger.delivered + ledger.counted, ledger.accepted,
  "every request is accounted for once")
tap.ok(ledger.dropped_done(), "also what the collector had to take")
tap.ok(ledger.checked > steps // 100, ledger.checked .. " blocks were verified")
tap.note(("%d accepted, %d delivered, %d counted, %d calls raised"):format(
  ledger.accepted, ledger.delivered, ledger.counted, ledger.raised))
tap.done()
