-- Events: their fields, what is worked out when asked for, their text (design,
-- section 4).
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(16))
local zero, buf = assert(aio.open("/dev/zero", "rdwr")), assert(aio.buffer(512))
local r, w = aio.pipe("nonblock")

local function event(iocb)
  assert(ctx:submit(iocb))
  return ctx:getevents(1, 1, 10)[1]
end

-- ---- fields ----

do
  local data = {}
  local cb = aio.pread { fd = zero, buf = buf, offset = 4096, data = data }
  local ev = event(cb)
  tap.is(ev.obj, cb, "obj")
  tap.is(ev.data, data, "data")
  tap.is(ev.res, 512, "res")
  tap.is(ev.res2, 0, "res2")
  tap.is(ev.op, "pread", "op")
  tap.is(ev.nbytes, 512, "nbytes")
  tap.is(ev.offset, 4096, "offset")
  tap.is(ev.err, nil, "err")
  tap.is(ev.why, nil, "why")
  tap.is(ev.revents, nil, "revents")
  tap.is(ev.nonsense, nil, "an event is a table: other keys are nil")
  for _, key in ipairs { "slat", "clat", "lat" } do
    tap.ok(math.type(ev[key]) == "integer" and ev[key] >= 0, key .. ": "
      .. ev[key])
  end
  tap.is(ev.lat, ev.slat + ev.clat, "lat is their sum")
  tap.like(tostring(ev), "^pread 512 @4096 %-> 512 %([%d.]+ [num]?s%)$",
    "tostring")
  cb:at(0, 1)
  tap.is(ev.offset, 4096, "the event keeps what was submitted")
end

for op, want in pairs {
  pwrite = "^pwrite 512 @0 %-> 512 ", preadv = "^preadv 2 segments @0 %-> 512 ",
  pwritev = "^pwritev 2 segments @0 %-> 512 ",
} do
  local memory = op:sub(-1) == "v" and { buf:slice(0, 12), buf:slice(12, 500) }
    or buf
  tap.like(tostring(event(aio[op](zero, memory))), want, "tostring: " .. op)
end

do
  local name = (os.getenv("TMPDIR") or "build/tmp") .. "/event.dat"
  local f = assert(aio.open(name, "rdwr,creat"))
  for _, op in ipairs { "fsync", "fdsync" } do
    local ev = event(aio[op](f))
    tap.is(ev.op, op, "op: " .. op)
    tap.like(tostring(ev), "^" .. op .. " %-> 0 ", "tostring: " .. op)
  end
  os.remove(name)
end

-- ---- errors ----

do
  local ev = event(aio.pread(zero, aio.null, 64))
  tap.is(ev.res, -aio.EFAULT, "res")
  tap.is(ev.err, "EFAULT", "err")
  tap.is(ev.why, "buf is NULL (address 0)", "why")
  tap.like(tostring(ev), "^pread 64 @0 %-> %-EFAULT: buf is NULL", "tostring")
  tap.is(tostring(ev.request), "iocb (pread 64 @0)", "the request as it was")
  tap.ok(ev.request ~= ev.obj, "is a copy")
  ev = event(aio.pread(r, buf))
  tap.is(ev.err, "EAGAIN", "another error")
  tap.is(ev.lat, ev.slat + ev.clat, "lat of a failure")
end

-- ---- polls ----

do
  w:write("x")
  local ev = event(aio.poll(r, 0xffff))
  tap.is(ev.op, "poll", "op")
  tap.is(ev.revents, "in", "revents: the names that matter")
  tap.ok(ev.res & aio.POLLRDNORM ~= 0, "res has all bits")
  tap.like(tostring(ev), "^poll %-> in %(", "tostring")
  tap.is(event(aio.poll(w, "in,out")).revents, "out", "out")
  local both = { aio.pipe("nonblock") }
  both[2]:write("x")
  both[2]:close()
  tap.is(event(aio.poll(both[1], "in")).revents, "in,hup", "in,hup")
  both[1]:read(1)
  tap.is(event(aio.poll(both[1], "in")).revents, "hup", "hup")
  both = { aio.pipe("nonblock") }
  both[1]:close()
  tap.is(event(aio.poll(both[2], 0)).revents, "err", "err")
  r:read(1)
end

-- ---- several, and how long they took ----

do
  local list = {}
  for i = 1, 8 do list[i] = aio.pread { fd = zero, buf = buf:slice(i, 1) } end
  local before = aio.now()
  ctx:submit(list)
  local evs = ctx:getevents(8)
  local took = aio.now() - before
  for i = 2, 8 do
    tap.is(evs[i].slat, evs[1].slat, "one io_submit, one slat")
  end
  tap.is(evs[1].slat, ctx.last_submit.ns, "which last_submit tells as well")
  tap.ok(evs[1].lat <= took, "lat is within what was measured around it")
  local poll = aio.poll(r, "in")
  ctx:submit(poll)
  ctx:getevents(1, 1, 0.02)
  w:write("x")
  local ev = ctx:getevents(1, 1, 10)[1]
  tap.ok(ev.clat >= 20000000, "a poll that waited 20 ms: clat "
    .. aio.duration(ev.clat))
end

-- ---- many, whose facts are kept together ----

local function one_of_many()
  local many <close>, list = assert(aio.setup(64)), {}
  for i = 1, 40 do
    list[i] = aio.pread(zero, buf:slice(i, i), nil, i * 8)
    list[i].data = i % 2 == 0 and i or nil
  end
  assert(many:submit(list) == 40)
  local evs, good = many:getevents(40), 0
  for i, ev in ipairs(evs) do
    good = good + (ev.obj == list[i] and ev.res == i and ev.nbytes == i
      and ev.offset == i * 8 and ev.data == (i % 2 == 0 and i or nil) and 1
      or 0)
  end
  tap.is(good, 40, "each of 40 events tells its own facts")
  return evs[17]
end

do
  local kept = one_of_many()
  collectgarbage()
  collectgarbage()
  tap.is(kept.offset, 17 * 8, "also when the others are gone")
  local page
  for key in next, kept do
    page = type(key) == "userdata" and key or page
  end
  for _, bad in ipairs { -1, 1 << 40, 0.5, "x", page } do
    rawset(kept, page, bad)
    tap.is(kept.offset, nil, "what was meddled with is not read: "
      .. tostring(bad):gsub("0x.*", ""))
  end
end

-- ---- data ----

do
  local cb = aio.pread { fd = zero, buf = buf, data = "a" }
  tap.is(event(cb).data, "a", "data")
  tap.is(event(cb:copy()).data, "a", "of a copy")
  cb:pwrite(zero, buf)
  tap.is(event(cb).data, "a", "it stays where an iocb is prepared anew")
  cb:pwrite { fd = zero, buf = buf, data = false }
  tap.is(event(cb).data, false, "another, false")
  cb.data = nil
  tap.is(event(cb).data, nil, "none")
  cb:pread(zero, buf)
  tap.is(event(cb).data, nil, "still none")
  cb.data = "b"
  tap.is(event(cb).data, "b", "some again")
  cb:close()
  tap.is(event(aio.pread(zero, buf)).data, nil, "nobody else's")
end

-- ---- durations ----

for ns, text in pairs {
  [0] = "0 ns", [999] = "999 ns", [1000] = "1.0 us", [81234] = "81 us",
  [3400000] = "3.4 ms", [999000000] = "999 ms", [1200000000] = "1.2 s",
  [100000000000] = "100 s",
} do
  tap.is(aio.duration(ns), text, "duration of " .. ns)
end

tap.done()
