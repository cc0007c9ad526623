-- ctx:list: what is in flight (design, section 4).
local aio = require "aio"
local tap = require "aio.tap"

local dir = os.getenv("TMPDIR") or "build/tmp"
local path = dir .. "/list.dat"
local f = assert(aio.open(path, "rdwr,creat"))
local buf = assert(aio.buffer(4096))
local r, w = aio.pipe("nonblock")
local ctx = assert(aio.setup(16))

tap.is(#ctx:list(), 0, "nothing")
tap.is(tostring(ctx:list()), "nothing in flight", "its tostring")

local first = aio.poll(r, "in")
ctx:submit(first)
local write = aio.pwrite(f, buf, 512, 1024)
ctx:submit(write, aio.poll(r:fileno(), "in"), aio.fsync(f))

do -- in flight, by id
  local list = ctx:list()
  tap.is(#list, 4, "4 in flight")
  tap.is(list[1].obj, first, "the oldest comes first")
  tap.is(list[2].obj, write, "then the next")
  for i = 2, 4 do
    tap.ok(list[i].id > list[i - 1].id, "ids grow")
  end
  local one = list[2]
  tap.is(one.op, "pwrite", "op")
  tap.is(one.fd, f:fileno(), "fd")
  tap.is(one.path, path, "path")
  tap.is(one.nbytes, 512, "nbytes")
  tap.is(one.offset, 1024, "offset")
  tap.is(one.done, false, "done")
  tap.ok(math.type(one.age) == "integer" and one.age >= 0, "age")
  tap.is(list[3].path, nil, "a number has no path")
  tap.is(list[4].op, "fsync", "op of the last")
  local text = tostring(list)
  tap.like(text, "^  id  age +fd +request\n", "tostring: a heading")
  tap.like(text, "pwrite 512 @1024  " .. path, "and the request")
  tap.like(text, "poll\n", "a poll")
  tap.is(select(2, text:gsub("\n", "")), 4, "one line each")
end

do -- taken, not handed out
  local oldest
  for iocb in ctx:each(2) do -- luacheck: ignore 512
    oldest = iocb
    break
  end
  local list = ctx:list()
  tap.is(#list, 3, "handed out: no longer in flight")
  local done, seen = 0, false
  for _, one in ipairs(list) do
    done = done + (one.done and 1 or 0)
    seen = seen or one.obj == oldest
  end
  tap.is(done, 1, "one is done and waits in the queue")
  tap.is(seen, false, "the one that was handed out is not listed")
  tap.like(tostring(list), "%(done%)", "tostring says so")
end

do -- the list is a copy
  local list = ctx:list()
  w:write("x")
  ctx:getevents(3)
  tap.is(#list, 3, "a list does not change")
  tap.is(#ctx:list(), 0, "a new one does")
  tap.is(list[1].obj.inflight, false, "its iocbs are delivered")
  r:read(1)
end

do -- odd ones
  ctx:submit(aio.poll({ pollfd = function() return r:fileno() end }, "in"))
  tap.is(ctx:list()[1].path, nil, "an object without path")
  local closed = aio.poll(f, "in")
  local waiting = aio.poll(r, "in")
  ctx:submit(waiting, closed)
  waiting:close()
  tap.is(#ctx:list(), 3, "a closed iocb is in flight all the same")
  ctx:destroy()
  tap.is(#ctx:list(), 0, "destroyed: nothing")
  tap.is(tostring(ctx:list()), "nothing in flight", "its tostring")
end

os.remove(path)
tap.done()
