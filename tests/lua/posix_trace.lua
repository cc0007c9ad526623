-- POSIX AIO in the record and what reads it: trace, timeline, what is in
-- flight; its requests are marked there.
local aio = require "aio"
local tap = require "aio.tap"
local posix = require "aio.posix"
local support = dofile("tests/lua/support/posix.lua")

local path = (os.getenv("TMPDIR") or ".") .. "/posix_trace.dat"
local f = assert(aio.open(path, "rdwr,creat,trunc"))
local ctx = assert(aio.setup(4))
local buf = aio.buffer(512)

local function finish(cb)
  while cb:error() == aio.EINPROGRESS do assert(posix.suspend({ cb }, 20)) end
end

-- One of each: accepted, failed, refused, in a list.
local function everything()
  local cb = posix.aiocb { fd = f, buf = buf }
  cb:write()
  finish(cb)
  cb:fsync("dsync")
  finish(cb)
  cb.offset = -1
  cb:read()
  finish(cb)
  cb.offset, cb.reqprio = 0, 21
  cb:read()
  local good = posix.aiocb { fd = f, buf = aio.buffer(100), offset = 1000 }
  posix.listio("wait", { good, false, cb })
end

local function without_times(line)
  return (line:gsub("^[%d.]+ ", ""):gsub(" <[%d.]+ %a+>$", "")
    :gsub(" %+[%d.]+ %a+}", "}"):gsub("%d+<[^>]*>", "FD"))
end

local function trace()
  local lines = {}
  aio.trace(function(line) lines[#lines + 1] = without_times(line) end)
  everything()
  aio.trace(false)
  local id = tonumber(lines[1]:match("#(%d+)"))
  local function with(n) return "#" .. id + n end
  local want = {
    "aio_write({" .. with(0) .. " pwrite FD 512 @0}) = 0",
    "aio_error({" .. with(0) .. " 512}) = 0",
    "aio_fsync({" .. with(1) .. " fdsync FD}) = 0",
    "aio_error({" .. with(1) .. " 0}) = 0",
    "aio_read({" .. with(2) .. " pread FD 512 @-1}) = 0",
    "aio_error({" .. with(2) .. " -EINVAL}) = 22",
    "aio_read({pread FD 512 @0 reqprio=21}) = -1 EINVAL (Invalid argument)",
    "lio_listio([{" .. with(4) .. " pread FD 100 @1000}, " ..
      "{pread FD 512 @0 reqprio=21}], 2) = -1",
    "aio_error({" .. with(4) .. " 0}) = 0",
  }
  for i, line in ipairs(want) do tap.is(lines[i], line, "trace: line " .. i) end
  tap.is(#lines, #want, "and no other")
end

local function record()
  local r = aio.record()
  everything()
  r:stop()
  local kinds, marked, requests = {}, 0, 0
  for _, e in ipairs(r:entries()) do
    kinds[#kinds + 1] = e.kind
    marked = marked + (e.posix and e.ctx == 0 and 1 or 0)
    if e.kind == "request" then requests = requests + 1 end
  end
  tap.is(table.concat(kinds, " "), "posix request event posix request event " ..
    "posix request event posix refused listio request refused event",
    "record: what happened")
  tap.is(marked, #kinds, "all marked")
  tap.is(requests, 4, "four requests")
  local page = tostring(aio.timeline():text(100, false))
  tap.like(page, "POSIX pwrite 512 @0", "timeline: its requests are marked")
  tap.like(page, "%-EINVAL", "and how they ended")
  tap.like(page, "0 contexts", "and of no context")
  local json = aio.timeline():json()
  tap.like(json, '"name":"POSIX AIO: requests"', "json: lanes of its own")
  tap.like(json, '"name":"aio_fsync"', "its calls")
  tap.like(json, '"name":"lio_listio"', "and lists")
end

local function inflight()
  local r, w = assert(aio.pipe())
  local cb = support.blocked(posix.aiocb { fd = r, buf = buf, nbytes = 8 })
  local poll = aio.poll(r, "in")
  ctx:submit(poll)
  local rows = aio.inflight()
  tap.is(#rows, 2, "inflight: native and POSIX")
  local row = rows[1]
  tap.is(row.posix, true, "marked")
  tap.is(rows[2].posix, nil, "the other is not")
  tap.ok(row.id < rows[2].id, "in the order of submission")
  tap.is(row.op .. " " .. row.nbytes .. " " .. row.fd,
    "pread 8 " .. r:fileno(), "what it is")
  tap.is(row.memory, buf.address, "where it lands")
  tap.ok(row.age > 0 and row.path:find("^pipe:"), "age and path")
  tap.like(tostring(rows), "POSIX pread 8 @0", "and as text")
  ctx:cancel(poll)
  ctx:getevents(1)
  w:write("x")
  finish(cb)
  tap.is(#aio.inflight(), 0, "nothing is left")
  cb:read()
  w:write("y")
  local deadline = aio.now() + 20 * 10 ^ 9
  while #aio.inflight() > 0 and aio.now() < deadline do end
  tap.is(cb.inflight, false, "what has ended is not in flight, unasked")
end

-- Both kinds over one range: that is where bugs are.
local function overlaps()
  local r, w = assert(aio.pipe())
  local one = support.blocked(posix.aiocb { fd = r, buf = buf })
  local two = posix.aiocb { fd = r, buf = buf }
  two:read()
  local rows = aio.inflight()
  tap.is(rows[1].overlaps and rows[1].overlaps[rows[2].id], "memory",
    "two reads into the same memory are marked")
  two:cancel()
  w:write("x")
  finish(one)
end

trace()
record()
inflight()
overlaps()
f:unlink()
tap.done()
