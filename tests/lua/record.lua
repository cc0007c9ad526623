-- aio.record: what is recorded, for whom, and how it ends.
local aio = require "aio"
local tap = require "aio.tap"

local dir = os.getenv("TMPDIR") or "build/tmp"
local path = dir .. "/record.dat"
local f = assert(aio.open(path, "rdwr,creat"))
f:truncate("64k")
local ctx = assert(aio.setup(16))

local function kinds(entries)
  local list = {}
  for i, e in ipairs(entries) do list[i] = e.kind end
  return table.concat(list, " ")
end

local function find(entries, kind, n)
  for _, e in ipairs(entries) do
    if e.kind == kind then
      n = (n or 1) - 1
      if n == 0 then return e end
    end
  end
end

do -- nothing yet
  tap.is(aio.recording(), nil, "nothing is recorded at first")
  tap.is(aio.record(false), nil, "nor can it be ended")
end

do -- entries
  local before = aio.now()
  local r = aio.record()
  tap.is(aio.recording(), r, "the one that is recorded")
  tap.is(r.on, true, "on")
  tap.is(r.precise, false, "nobody watches the rings")
  tap.is(#r:entries(), 0, "empty")
  local buf = aio.buffer(4096)
  ctx:submit(aio.pread(f, buf, 512, 1024),
             aio.pwrite{fd=f, buf=aio.buffer(512), rw_flags="dsync"})
  ctx:getevents(2)
  ctx:submit(aio.pread(-1, buf))
  local list, missed = r:entries()
  tap.is(missed, 0, "none is missed")
  tap.is(kinds(list), "submit request request event event getevents submit " ..
    "refused", "calls, requests, events")
  local submit, request = list[1], list[2]
  tap.is(submit.ctx, ctx.serial, "the context's number")
  tap.is(submit.n, 2, "asked")
  tap.is(submit.res, 2, "taken")
  tap.is(submit.id, request.id, "the first request's number")
  tap.ok(submit.switches >= 0, "switches are counted")
  tap.ok(submit.at >= before and submit.ns >= 0, "its time")
  tap.is(request.op, "pread", "op")
  tap.is(request.fd, f:fileno(), "fd")
  tap.is(request.nbytes, 512, "nbytes")
  tap.is(request.offset, 1024, "offset")
  tap.is(request.memory, buf.address, "memory")
  tap.is(request.rw_flags, nil, "no flags")
  tap.is(list[3].rw_flags, "dsync", "flags by name")
  tap.is(list[3].id, request.id + 1, "numbers grow")
  local event = list[4]
  tap.is(event.res, 512, "res")
  tap.ok(event.seen >= request.at and event.at >= event.seen,
         "submitted, seen, taken")
  local wait = list[6]
  tap.is(wait.min_nr, 2, "min_nr")
  tap.is(wait.timeout, nil, "no timeout")
  tap.is(list[7].res, -aio.EBADF, "a call that failed")
  tap.is(list[7].err, "EBADF", "its error's name")
  tap.is(list[8].id, nil, "a refused one has no number")
  tap.is(list[8].fd, -1, "but its fields")
end

do -- the other calls
  local r = aio.record()
  local rd, w = aio.pipe("nonblock")
  local poll = aio.poll(rd, "in,hup")
  local efd = aio.eventfd()
  poll.eventfd = efd
  local short = aio.setup(4)
  short:submit(poll)
  short:getevents(1, 1, 0)
  short:pgetevents(0, 1, 0, {"SIGUSR1", "SIGTERM"})
  short:cancel(poll)
  short:getevents(1)
  w:write("x")
  short:submit(poll)
  short:getevents(1)
  short:submit(aio.preadv(f, {aio.buffer(512), aio.buffer(1024)}))
  short:reap()
  short:submit(poll)
  short:destroy()
  aio.setup(0)
  local list = r:entries()
  tap.is(find(list, "setup").res, 0, "setup")
  tap.is(find(list, "setup").ctx, short.serial, "of that context")
  tap.is(find(list, "setup", 2).err, "EINVAL", "a setup that fails")
  tap.is(find(list, "getevents").timeout, 0, "a timeout of 0")
  tap.is(find(list, "pgetevents").blocked, "SIGUSR1 SIGTERM", "its mask")
  tap.is(find(list, "cancel").err, "EINPROGRESS", "the kernel's own answer")
  tap.is(find(list, "cancel").id, find(list, "request").id, "and for whom")
  tap.is(find(list, "request").events, "in,hup", "a poll's events")
  tap.is(find(list, "request").resfd, efd:fileno(), "its eventfd")
  tap.is(find(list, "event", 2).revents, "in", "what it found")
  tap.is(find(list, "request", 3).bytes, 1536, "the bytes of a vector")
  tap.is(find(list, "request", 3).nbytes, 2, "its segments")
  tap.is(find(list, "destroy").n, 1, "one event is lost")
end

do -- bounded
  local r = aio.record { room = 8 }
  for _ = 1, 10 do
    ctx:submit(aio.pread(f, aio.buffer(512)))
    ctx:getevents()
  end
  local list, missed = r:entries()
  tap.is(#list, 8, "the newest are kept")
  tap.is(missed, 32, "the others are counted")
  tap.is(list[8].kind, "getevents", "the last one")
  tap.like(tostring(r), "^record %(on, 40 entries%)$", "tostring")
end

do -- the end
  local r = aio.record()
  ctx:submit(aio.fsync(f))
  tap.is(aio.record(false), r, "ended")
  tap.is(r.on, false, "off")
  ctx:getevents()
  tap.is(kinds(r:entries()), "submit request", "what was recorded is there")
  tap.is(aio.recording(), r, "and the one to be shown")
  r:stop()
  r:close()
  tap.like(tostring(r), "^record %(stopped, 2 entries%)$", "tostring")
  local new = aio.record(true)
  local list, missed = r:entries()
  tap.is(#list, 0, "until another one begins")
  tap.is(missed, 2, "then it is missed")
  tap.is(#new:entries(), 0, "which begins anew")
  aio.record(false)
end

do -- told
  local told, last = {}, "none"
  local r = aio.record { to = function(e, missed)
    if e then told[#told + 1] = e end
    last = missed
  end }
  tap.is(aio.recording() ~= r, true, "is not the one to be shown")
  ctx:submit(aio.fsync(f))
  tap.is(kinds(told), "submit request", "told at the end of the call")
  tap.like(told[2].path, "/record.dat$", "with its file's name")
  for _ in ctx:each() do
    tap.is(kinds(told):match("event"), "event", "before the loop's body")
  end
  r:stop()
  tap.is(last, 0, "and of the end")
  local n = #told
  ctx:submit(aio.fsync(f))
  tap.is(#told, n, "then no more")
  ctx:getevents()
end

do -- what the function does is not told
  local n = 0
  local other = assert(aio.setup(4))
  local r = aio.record { to = function(e)
    n = n + (e and 1 or 0)
    other:submit(aio.fsync(f))
    other:getevents()
    collectgarbage("step")
  end }
  ctx:submit(aio.fsync(f))
  tap.is(n, 2, "one call and its request")
  ctx:getevents()
  r:stop()
  tap.is(n, 4, "and its event")
end

do -- it may end itself
  local r, n
  n, r = 0, nil
  r = aio.record { to = function(e)
    n = n + 1
    if e then r:stop() end
  end }
  ctx:submit(aio.fsync(f))
  tap.is(n, 1, "told once")
  tap.is(#ctx:getevents(), 1, "nothing is lost")
  tap.is(r.on, false, "off")
end

do -- precise
  local r = aio.record { precise = true }
  tap.is(r.precise, true, "precise")
  tap.like(tostring(r), "precise", "tostring says so")
  local rd, w = aio.pipe("nonblock")
  local watched = assert(aio.setup(4))
  local timer = aio.timer()
  local waiter = aio.waiter():add(timer, "in")

  -- A poll that is taken 40 ms after it was done: its event, and the
  -- entries of both.
  local function round()
    watched:submit(aio.poll(rd, "in"))
    w:write("x")
    timer:set(0.04)
    for _ in waiter:wait(10) do timer:read() end
    local ev = watched:getevents()[1]
    rd:read(1)
    local list = r:entries()
    local n = #list
    while list[n].kind ~= "event" do n = n - 1 end
    local e = list[n]
    while list[n].kind ~= "request" do n = n - 1 end
    return ev, e, list[n]
  end

  -- The thread may be kept from looking now and then, but not for ever.
  local ev, e, request
  for _ = 1, 100 do
    ev, e, request = round()
    if not watched.ring.usable or e.at - e.seen >= 20000000 then break end
  end
  if watched.ring.usable then
    tap.ok(e.at - e.seen >= 20000000, "seen long before it was taken")
    tap.is(ev.clat, e.seen - request.at, "the event tells the same")
  else
    tap.skip("the ring can't be watched here", 2)
  end
  aio.record(false)
  tap.is(r.precise, true, "a stopped record still tells")
end

do -- misuse
  tap.raises("unknown field 'rom'", "an unknown option", aio.record,
             { rom = 1 })
  tap.raises("'room'", "no room", aio.record, { room = 0 })
  tap.raises("'to'", "no function", aio.record, { to = 1 })
  tap.raises("table expected", "no table", aio.record, 5)
end

os.remove(path)
tap.done()
