-- Files and eventfds closed while requests use them: shut to Lua at once, but
-- the number is nobody else's before the last of these requests has ended.
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(64))

-- Opens files until their numbers have passed n: whether n was among them.
local function is_free(n)
  local list, found = {}, false
  repeat
    list[#list + 1] = assert(aio.open "/dev/null")
    found = found or list[#list]:fileno() == n
  until list[#list]:fileno() > n
  for _, f in ipairs(list) do f:close() end
  return found
end

local function submit(...)
  assert(ctx:submit(...) == select("#", ...))
end

local function files()
  local f = assert(aio.open "/dev/zero")
  local n, cb = f:fileno(), aio.pread(f, aio.buffer(512))
  local other = aio.pread(f, aio.buffer(512))
  submit(cb, other)
  tap.is(f:close(), true, "close in flight")
  tap.is(tostring(f), "file (closed)", "it is shut")
  tap.raises("closed", "to Lua", f.fileno, f)
  tap.is(is_free(n), false, "its number is not given away")
  ctx:getevents(1, 1)
  tap.is(is_free(n), false, "nor while one of two requests is in flight")
  ctx:getevents(1, 1)
  tap.is(is_free(n), true, "after the last event it is")
  local g = assert(aio.open "/dev/null")
  tap.raises("fd: it is closed", "the same iocb does not hit another file",
    ctx.submit, ctx, cb:at(0))
  tap.is(ctx.inflight, 0, "nothing was submitted")
  g:close()
end

local function polls()
  local r, w = assert(aio.pipe())
  local n = r:fileno()
  submit(aio.poll(r, "in"))
  r:close()
  tap.is(is_free(n), false, "a pipe polled: its number is kept")
  tap.is(w:write "x", 1, "it is open to the other end")
  tap.is(ctx:getevents(1)[1].revents, "in", "the poll fires")
  tap.is(is_free(n), true, "and the number is free")
  tap.errno("EPIPE", "nobody reads any more", w:write "x")
end

local function collected()
  local n
  do
    local r, w = assert(aio.pipe())
    n = r:fileno()
    local cb = aio.poll(r, "in")
    submit(cb)
    cb:close()
    w:close()
  end
  collectgarbage()
  collectgarbage()
  tap.is(is_free(n), false, "collected in flight: its number is kept")
  tap.is(ctx:getevents(1)[1].revents, "hup", "its event comes")
  tap.is(is_free(n), true, "and then it is free")
end

local function eventfds()
  local efd, zero = assert(aio.eventfd()), assert(aio.open "/dev/zero")
  local n = efd:fileno()
  local cb = aio.pread { fd = zero, buf = aio.buffer(512), eventfd = efd }
  submit(cb)
  efd:close()
  tap.is(is_free(n), false, "an eventfd's number is kept")
  ctx:getevents(1)
  tap.is(is_free(n), true, "until the event")
  tap.raises("eventfd: it is closed", "no signal to another file", ctx.submit,
    ctx, cb)
end

local function destroyed()
  local own = assert(aio.setup(8))
  local r, w = assert(aio.pipe())
  local n, cb = r:fileno(), aio.poll(r, "in")
  assert(own:submit(cb) == 1)
  r:close()
  tap.is(own:destroy(), 1, "destroy counts what nobody had taken")
  tap.is(is_free(n), true, "and lets go of the file")
  tap.is(cb.inflight, false, "and of the iocb")
  w:close()
end

local function watched()
  local waiter = assert(aio.waiter())
  local r, w = assert(aio.pipe())
  local n = r:fileno()
  assert(waiter:add(r, "in"))
  submit(aio.poll(r, "in"))
  r:close()
  w:write "x"
  tap.like(tostring(waiter), "0 watched", "closed: it leaves its waiter")
  local count = 0
  for _ in waiter:wait(0) do count = count + 1 end
  tap.is(count, 0, "which never reports it")
  tap.is(is_free(n), false, "though the number is in use")
  tap.is(ctx:getevents(1)[1].revents, "in", "and the poll fires")
  waiter:close()
end

local function contexts_eventfd()
  local own, waiter = assert(aio.setup(8)), assert(aio.waiter())
  local zero = assert(aio.open "/dev/zero")
  assert(waiter:add(own, "in", "mine"))
  own:submit(aio.pread(zero, aio.buffer(512)))
  local seen
  for obj, _, data in waiter:wait(5) do
    seen = obj == own and data
  end
  tap.is(seen, "mine", "a waiter watches a context by its eventfd")
  own:eventfd():close()
  tap.like(tostring(waiter), "0 watched", "closing that leaves the waiter")
  tap.is(own:reap()[1].res, 512, "the context works")
  tap.is(own:submit(aio.pread(zero, aio.buffer(512))), 1, "without it, too")
  tap.is(own:getevents(1)[1].res, 512, "to the end")
  own:close()
end

-- A number is nothing that we keep open.
local function numbers()
  local f = assert(aio.open "/dev/zero")
  local cb = aio.pread(f:fileno(), aio.buffer(512))
  f:close()
  tap.errno("EBADF", "a number is the caller's affair", ctx:submit(cb))
  local file = assert(io.open "/dev/zero")
  cb = aio.pread(file, aio.buffer(512))
  file:close()
  tap.raises("closed", "an io file that was closed", ctx.submit, ctx, cb)
end

files()
polls()
collected()
eventfds()
destroyed()
watched()
contexts_eventfd()
numbers()
tap.is(ctx.inflight, 0, "nothing is left")
tap.done()
