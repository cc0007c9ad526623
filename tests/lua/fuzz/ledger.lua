-- The ledger of fuzz.lua: who owes us which event. A book is a context with
-- its requests in flight; blocks of a file are what requests are judged by.
-- A finalizer may run in any allocation, and calls all of this: between the
-- call that takes or delivers and the entry nothing allocates.
local aio = require "aio"
local chance = require "chance"

local ledger = { accepted = 0, delivered = 0, counted = 0, raised = 0,
  checked = 0, books = {} }
local book_of = setmetatable({}, { __mode = "k" }) -- by context
local dropped = {} -- what contexts left to the collector have in flight

-- The first thing that is wrong; an error of ours must not drown in a pcall.
function ledger.expect(good, what)
  if not good and not ledger.broken then
    ledger.broken = debug.traceback(what, 2)
  end
end

local expect = ledger.expect

-- ---- blocks ----

local file
local idle, proofs = {}, {} -- buffers; what is in flight, by iocb
local content, writers, version = {}, {}, {} -- by block: seed, or unknown

function ledger.open_file(path, flags)
  file = assert(aio.open(path, flags))
  file:unlink()
  assert(file:write(("\0"):rep(16 * 4096)))
  for b = 1, 16 do content[b], writers[b], version[b] = false, 0, 0 end
  for i = 1, 16 do idle[i] = aio.buffer(4096) end
end

-- A block's content is known when nobody else wrote from before it was
-- submitted until it was delivered.
local function begin(p)
  local b = p.block
  p.alone = writers[b] == 0
  p.seed = p.seed or content[b]
  if p.writes then
    writers[b] = writers[b] + 1
    version[b] = version[b] + 1
  end
  p.version = version[b]
end

local function judge(p, res)
  local b = p.block
  local alone = p.alone and p.version == version[b] and p.seed
  expect(not res or res == 4096, "a block's request answers " .. tostring(res))
  if p.writes then
    writers[b] = writers[b] - 1
    version[b] = version[b] + 1
    content[b] = res and alone
  elseif res and alone then
    ledger.checked = ledger.checked + 1
    expect(p.buf:check { random = alone }, "a block has wrong bytes")
  end
  idle[#idle + 1] = p.buf
end

-- ---- entries ----

-- One event of the book less; res is nil when nobody will ever see it.
local function settle(book, cb, res)
  local due = book.due[cb] or 0
  expect(due > 0, "it was delivered, but not submitted")
  book.due[cb] = due > 1 and due - 1 or nil
  book.n = book.n - 1
  local p = proofs[cb]
  proofs[cb] = nil
  if p then
    book.proofs = book.proofs - 1
    judge(p, res)
  end
end

function ledger.deliver(book, cb, res)
  expect(cb, "a foreign event")
  ledger.delivered = ledger.delivered + 1
  settle(book, cb, res)
end

-- The callback of all iocbs that have one.
function ledger.callback(ctx, cb, res)
  ledger.deliver(book_of[ctx], cb, res)
end

function ledger.deliver_all(book, events)
  for i = 1, #events do
    ledger.deliver(book, events[i].obj, events[i].res)
  end
end

-- What a pcall of getevents and its like answers.
function ledger.take(book, good, events)
  if not good then
    ledger.raised = ledger.raised + 1
  elseif events then
    ledger.deliver_all(book, events)
  end
end

-- list is a table; count "spread": its iocbs as arguments. How many.
function ledger.submit(book, list, count, first)
  local good, n
  if count == "spread" then
    good, n = pcall(book.ctx.submit, book.ctx, table.unpack(list))
  else
    good, n = pcall(book.ctx.submit, book.ctx, list, count, first)
  end
  if not good then ledger.raised = ledger.raised + 1 end
  n = good and n or 0
  first = n > 0 and first or 1
  ledger.accepted = ledger.accepted + n
  book.n = book.n + n
  for i = first // 1 | 0, (first // 1 | 0) + n - 1 do
    book.due[list[i]] = (book.due[list[i]] or 0) + 1
  end
  return n
end

-- Reads or writes a block, and will check it.
function ledger.prove(book)
  local buf = table.remove(idle)
  if not buf then return end
  local p = { buf = buf, block = chance.random(16),
    writes = chance.random(2) == 1 }
  if p.writes then
    p.seed = chance.random(1000)
    buf:fill { random = p.seed }
  end
  local cb = aio[p.writes and "pwrite" or "pread"](file, buf, 4096,
    (p.block - 1) * 4096)
  local list = { cb }
  if ledger.submit(book, list) == 0 then
    idle[#idle + 1] = buf
    return
  end
  begin(p)
  proofs[cb] = p
  book.proofs = book.proofs + 1
end

-- ---- books ----

function ledger.open()
  local ctx = assert(aio.setup(chance.random(64)))
  book_of[ctx] = { ctx = ctx, due = {}, n = 0, proofs = 0 }
  return book_of[ctx]
end

local function requests(book)
  local list = {}
  for cb in pairs(book.due) do list[#list + 1] = cb end
  return list
end

-- Polls are cancelled: then everything ends by itself.
function ledger.fire(book)
  for _, cb in ipairs(requests(book)) do
    pcall(book.ctx.cancel, book.ctx, cb)
  end
end

-- Destroyed: what was taken before comes first, the rest is only counted.
function ledger.destroy(book)
  local good, n = pcall(book.ctx.destroy, book.ctx)
  if not good then return end
  ledger.take(book, pcall(book.ctx.reap, book.ctx))
  expect(book.n == n, ("destroy counts %d of %d"):format(n, book.n))
  ledger.counted = ledger.counted + n
  for _, cb in ipairs(requests(book)) do
    expect(book.due[cb] == 1, "it was twice in flight")
    settle(book, cb)
  end
end

-- Left to the collector with what it has in flight.
function ledger.drop(book)
  ledger.fire(book)
  local none, list = {}, requests(book)
  dropped[#dropped + 1] = list
  ledger.counted = ledger.counted + book.n
  book.n, book.due = 0, none
end

-- The contexts and their books say the same.
function ledger.balance()
  for i = 1, #ledger.books do
    local book = ledger.books[i]
    if book.ctx.inflight ~= book.n then
      expect(false, ("in flight: %d, in the ledger: %d"):format(
        book.ctx.inflight, book.n))
    end
  end
end

-- A closed iocb does not tell.
local function flies(cb)
  local good, inflight = pcall(function() return cb.inflight end)
  return good and inflight
end

-- Whether all that was dropped came out of the kernel.
function ledger.dropped_done()
  for _, list in ipairs(dropped) do
    for _, cb in ipairs(list) do
      if flies(cb) then return false end
    end
  end
  return true
end

return ledger
