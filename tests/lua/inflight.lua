-- aio.inflight and ctx:list: where requests will land, and which of them are
-- over the same bytes. None of them is taken before it was looked at.
local aio = require "aio"
local tap = require "aio.tap"

local dir = os.getenv("TMPDIR") or "build/tmp"
local path = dir .. "/inflight.dat"
local f = assert(aio.open(path, "rdwr,creat"))
local again = assert(aio.open(path, "rdwr"))
f:truncate("64k")
local ctx, other = assert(aio.setup(16)), assert(aio.setup(16))
local idle, writer <close> = aio.pipe("nonblock")

local function finish()
  ctx:getevents(ctx.inflight)
  other:getevents(other.inflight)
end

-- "1-2 file, 2-3 memory": the overlaps of a list, by place.
local function pairs_of(list)
  local place, found = {}, {}
  for i, r in ipairs(list) do place[r.id] = i end
  for i, r in ipairs(list) do
    for id, kind in pairs(r.overlaps or {}) do
      assert(list[place[id]].overlaps[r.id] == kind, "marked on one side")
      if place[id] > i then
        found[#found + 1] = ("%d-%d %s"):format(i, place[id], kind)
      end
    end
  end
  table.sort(found)
  return table.concat(found, ", ")
end

do -- nothing
  tap.is(#aio.inflight(), 0, "nothing")
  tap.is(tostring(aio.inflight()), "nothing in flight", "its tostring")
end

do -- fields
  local buf = aio.buffer(4096)
  local efd = aio.eventfd()
  local a = aio.pread{fd=f, buf=buf:slice(512, 512), offset=1024, eventfd=efd}
  local b = aio.preadv(f, {aio.buffer(512), aio.buffer(1024)}, 4096)
  ctx:submit(a, b)
  other:submit(aio.poll(idle, "in"))
  local list = aio.inflight()
  tap.is(#list, 3, "of all contexts")
  tap.is(list[1].obj, a, "in the order of submission")
  tap.is(list[1].ctx, ctx.serial, "context")
  tap.is(list[1].memory, buf.address + 512, "where it will land")
  tap.is(list[1].eventfd, efd:fileno(), "which eventfd")
  tap.is(list[1].path, path, "which file")
  tap.is(list[2].bytes, 1536, "bytes of a vector")
  tap.is(list[2].memory[2][1], b.bufs[2].address, "where each of them lands")
  tap.is(list[2].memory[2][2], 1024, "and how much")
  tap.is(list[2].eventfd, nil, "no eventfd")
  tap.is(list[3].memory, nil, "a poll lands nowhere")
  tap.is(list[3].ctx, other.serial, "another context")
  local text = tostring(list)
  tap.like(text, "^  id  ctx   age +fd +request\n", "a heading")
  tap.like(text, ("pread 512 @1024  %s  into 0x%x  eventfd %d\n"):format(
    path, buf.address + 512, efd:fileno()), "a row")
  tap.is(pairs_of(list), "", "no overlaps")
  tap.ok(not tostring(ctx:list()):find "ctx", "one context needs no number")
  writer:write("x")
  finish()
  idle:read(1)
end

do -- overlaps in the file
  local function buf(n) return aio.buffer(n or 512) end
  ctx:submit(aio.pwrite(f, buf(1024), 1024, 0),   -- 1: 0..1023
             aio.pread(f, buf(), 512, 512),       -- 2: inside
             aio.pread(f, buf(), 512, 1024),      -- 3: beside
             aio.pread(again, buf(), 512, 1023),  -- 4: one byte; two reads
             aio.pwritev(again, {buf(), buf()}, 2048), -- 5: 2048..3071
             aio.pread(f, buf(), 512, 2560),      -- 6: its second segment
             aio.fsync(f))
  tap.is(pairs_of(ctx:list()), "1-2 file, 1-4 file, 5-6 file",
         "a write among them, however it was opened")
  tap.like(tostring(ctx:list()), "! same bytes as #%d+ %(file%), #%d+ %(file%)",
           "its tostring tells")
  finish()
end

do -- overlaps in memory
  local buf = aio.buffer(4096)
  ctx:submit(aio.pread(f, buf:slice(0, 1024), 1024, 0),
             aio.pwrite(f, buf:slice(512, 512), 512, 8192),
             aio.pwrite(f, buf:slice(512, 512), 512, 16384),
             aio.preadv(f, {aio.buffer(512), buf:slice(1024, 8)}, 32768),
             aio.pread(f, buf:slice(1030, 512), 512, 1024))
  tap.is(pairs_of(ctx:list()), "1-2 memory, 1-3 memory, 4-5 memory",
         "a read among them")
  finish()
end

do -- both, and across contexts
  local buf = aio.buffer(512)
  ctx:submit(aio.pwrite(f, buf))
  other:submit(aio.pread(again, buf))
  tap.is(pairs_of(ctx:list()), "", "not in one context")
  tap.is(pairs_of(aio.inflight()), "1-2 file and memory", "but in both")
  finish()
end

do -- many on one place are not all listed
  local buf, list = aio.buffer(512), {}
  for i = 1, 6 do list[i] = aio.pwrite(f, buf) end
  list[7] = aio.pread(f, aio.buffer(512))
  ctx:submit(list)
  local rows = {}
  for line in tostring(ctx:list()):gmatch "[^\n]+" do rows[#rows + 1] = line end
  tap.like(rows[8], "and 3 more$", "the others are counted")
  finish()
end

do -- pipes have no offsets
  local r, w = aio.pipe("nonblock")
  w:write("xx")
  ctx:submit(aio.pwrite(w, aio.buffer(1)), aio.pread(r, aio.buffer(1)))
  tap.is(pairs_of(ctx:list()), "", "no overlap")
  finish()
end

do -- contexts
  local n = #aio.contexts()
  local third = assert(aio.setup(4))
  tap.is(#aio.contexts(), n + 1, "one more context")
  local found = false
  for _, c in ipairs(aio.contexts()) do found = found or c == third end
  tap.ok(found, "is listed")
  third:destroy()
  tap.is(#aio.contexts(), n, "a destroyed one is not")
  aio.setup(0)
  tap.is(#aio.contexts(), n, "nor one that was never made")
end

os.remove(path)
tap.done()
