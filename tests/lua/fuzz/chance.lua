-- Chance for fuzz.lua: a generator of our own, so that a seed gives the same
-- run everywhere, and values that are good, bad and hostile.
local aio = require "aio"

local chance = { dir = os.getenv "TMPDIR" or "build/tmp" }
local state

function chance.seed(n)
  state = n * 0x9E3779B97F4A7C15 | 1
end

-- 1 to n
function chance.random(n)
  state = state ~ state << 13
  state = state ~ state >> 7
  state = state ~ state << 17
  return (state >> 33) % n + 1
end

local random = chance.random

function chance.pick(list)
  return list[random(#list)]
end

local pick = chance.pick

-- ---- values ----

-- No size in between: what is huge must fail, not be done.
local sizes = { 0, 1, 7, 511, 512, 513, 4096, 4097, "4k", "0", "512", 512.0 }

local function failing()
  error "no"
end

local nasty = { -1, 1.5, 0 / 0, 1 / 0, math.mininteger, math.maxinteger,
  1 << 53, -(1 << 31), "", "x\0y", "-1", "99999999999999999999", true, false,
  {}, { {} }, { n = 1 }, print, coroutine.create(print), aio.null, aio.wild,
  setmetatable({}, { __index = failing }),
  setmetatable({}, { __len = function() return 1 << 40 end }),
  setmetatable({}, { __tostring = failing, __name = "x" }),
  { pollfd = failing }, { pollfd = 1 << 40 } }

local patterns = { 0, 255, 256, "x", "abc", "seq", "random", { seq = 3 },
  { random = 5 }, "", {}, { seq = 1, random = 2 } }

function chance.nasty()
  return pick(nasty)
end

function chance.size()
  return random(12) == 1 and pick(nasty) or pick(sizes)
end

function chance.pattern()
  return random(9) == 1 and pick(nasty) or pick(patterns)
end

function chance.count()
  if random(9) == 1 then return pick(nasty) end
  return ({ 0, 1, 2, 5, 1000 })[random(6)]
end

-- Never without a limit: what is valid is over at once.
function chance.timeout()
  return pick { 0, 0, 0, 1e-9, -1, 0 / 0, "x", {} }
end

-- ---- objects ----

-- Any of these may be closed at any time; a new one takes its place.
chance.pool = { buffers = {}, files = {}, pipes = {}, eventfds = {} }
local pool = chance.pool
local null = assert(io.open("/dev/null", "w"))

-- Something with a descriptor, or not. Nothing that blocks.
function chance.thing()
  local kind = random(12)
  if kind == 1 then return pick(nasty) end
  if kind == 2 then
    return pick { 999999, -1, null, pool.timer, pool.waiter }
  end
  if kind == 3 then return pick(pool.eventfds) end
  if kind < 7 then return pick(pool.pipes)[random(2)] end
  return pick(pool.files)
end

function chance.memory()
  local kind = random(12)
  if kind == 1 then return pick(nasty) end
  if kind == 2 then return { pick(pool.buffers), pick(pool.buffers) } end
  return pick(pool.buffers)
end

function chance.object()
  return pick { chance.thing, chance.memory }()
end

local make = {}

function make.buffers()
  local size, kind, options = pick { 1, 512, 4096, 8192, "16k" }, random(10)
  if kind == 1 then options = { prot = pick { "none", "r", "rw" } } end
  if kind == 2 then options = { map = pool.files[1] } end
  if kind == 3 then options = 8 end
  local parent = kind > 7 and pool.buffers[random(8)]
  if parent then
    local good, slice = pcall(parent.slice, parent, random(64), random(512))
    if good then return slice end
  end
  local good, buffer = pcall(aio.buffer, size, options)
  return good and buffer or aio.buffer(4096)
end

local opens = { { "/dev/zero", "rdwr" }, { "/dev/null", "rdwr" },
  { chance.dir, "rdonly" }, { chance.dir .. "/fuzz", "rdwr,creat,nonblock" },
  { chance.dir .. "/fuzz", "wronly,append,creat" }, { "/dev/full", "rdwr" } }

function make.files()
  return assert(aio.open(table.unpack(pick(opens))))
end

function make.pipes()
  return { assert(aio.pipe("nonblock")) }
end

function make.eventfds()
  return assert(aio.eventfd(random(3) - 1))
end

function chance.renew(kind)
  local list = pool[kind]
  list[random(#list)] = make[kind]()
end

function chance.fill_pool()
  for _, kind in ipairs { "files", "pipes", "eventfds", "buffers" } do
    for i = 1, 8 do pool[kind][i] = make[kind]() end
  end
  pool.zero = assert(aio.open("/dev/zero", "rdwr"))
  pool.silent, pool.other_end = assert(aio.pipe "nonblock")
  pool.waiter, pool.timer = assert(aio.waiter()), assert(aio.timer(1))
end

-- ---- iocbs ----

local function transfer()
  return chance.thing(), chance.memory(), chance.size(), chance.size()
end

local function vector()
  return chance.thing(), { pick(pool.buffers), pick(pool.buffers) }
end

local function poll()
  return pick(pool.pipes)[random(2)], pick { "in", "out", 1, "pri" }
end

local arguments = { pread = transfer, pwrite = transfer, preadv = vector,
  pwritev = vector, fdsync = chance.thing, poll = poll, noop = poll }
local names = { "pread", "pread", "pread", "pwrite", "pwrite", "preadv",
  "pwritev", "fdsync", "poll", "poll", "poll", "noop" }

-- A new request, or the iocb prepared anew.
function chance.iocb(again)
  local name = pick(names)
  local good, cb
  if again then
    good, cb = pcall(again[name], again, arguments[name]())
  else
    good, cb = pcall(aio[name], arguments[name]())
  end
  return good and cb or aio.noop()
end

-- One that the kernel will take.
function chance.good_iocb()
  local buffer = aio.buffer(512)
  if random(3) == 1 then return aio.poll(pool.silent, "in") end
  if random(3) == 1 then return aio.pwrite(pool.zero, buffer, 99) end
  return aio.pread(pool.zero, buffer, pick { 0, 100, 512 })
end

local fields = { "opcode", "fd", "buf", "bufs", "events", "nbytes", "offset",
  "data", "rw_flags", "reqprio", "eventfd", "flags", "reserved2", "nonsense" }
local special = {
  fd = chance.thing, buf = chance.memory, bufs = chance.memory,
  eventfd = function() return random(3) > 1 and pick(pool.eventfds) or nil end,
  opcode = function() return pick { 0, 1, 3, 4, 5, 6, 7, 8, 65535 } end,
  rw_flags = function() return pick { 0, 1, 8, 16, 32, "nowait", 1 << 20 } end,
}

-- A field of an iocb, and a value for it.
function chance.field()
  local field = pick(fields)
  return field, (special[field] or chance.size)()
end

return chance
