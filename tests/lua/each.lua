-- ctx:each: one batch without garbage; break, errors, yield, nesting and
-- destroy lose nothing (design, section 4, invariant 3).
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(64))
local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(64))
local pipe = { aio.pipe("nonblock") }

local function ready(n, c)
  for i = 1, n do
    assert((c or ctx):submit(aio.pread { fd = zero, buf = buf, nbytes = i,
      data = i }))
  end
end

-- The results of one batch: each read i bytes.
local function batch(...)
  local list = {}
  for _, res in ctx:each(...) do list[#list + 1] = res end
  return table.concat(list, " ")
end

-- ---- counts ----

do
  local cb = aio.pread(zero, buf)
  ctx:submit(cb)
  for iocb, res, res2 in ctx:each() do
    tap.is(iocb, cb, "the iocb")
    tap.is(res, 64, "res")
    tap.is(res2, 0, "res2")
    tap.is(iocb.inflight, false, "it is delivered")
  end
  ready(3)
  tap.is(batch(), "1 2 3", "all that is there")
  ready(3)
  tap.is(batch(2, 2), "1 2", "nr 2")
  tap.is(batch(0, 0), "", "nr 0")
  tap.is(batch(0), "3", "min 0")
  tap.is(batch(0), "", "min 0 does not wait")
  tap.is(batch(1, 1, 0), "", "a timeout is zero rounds")
  tap.is(batch(1, nil, 0.001), "", "also a real one")
  ready(2)
  tap.is(batch(5, 5, 0.001), "1 2", "a timeout with 2 of 5")
  ready(2)
  tap.is(batch(2, nil), "1 2", "no timeout")
  local poll = aio.poll(pipe[1], "in")
  ctx:submit(poll)
  ctx:cancel(poll)
  tap.is(batch(1), "0", "waits for what is not there yet")
end

tap.raises("would never end", "nothing in flight", ctx.each, ctx)
ready(1)
tap.raises("would never end", "too few in flight", ctx.each, ctx, 2)
tap.raises("io_getevents: Invalid argument %(EINVAL%)", "min over nr raises",
  ctx.each, ctx, 2, 1)
tap.raises("EINVAL", "min below 0", ctx.each, ctx, -1, 1)
tap.raises("EINVAL", "nr below 0", ctx.each, ctx, 0, -1)
tap.is(batch(), "1", "and loses nothing")

-- ---- leaving the loop ----

do
  ready(5)
  for _, res in ctx:each(5) do
    if res == 2 then break end
  end
  tap.is(ctx.inflight, 3, "break: 3 are left")
  tap.raises("oops", "an error", function()
    for _, res in ctx:each() do error("oops " .. res) end
  end)
  tap.is(batch(), "4 5", "the rest comes with the next each, in order")
  ready(4)
  local co = coroutine.wrap(function()
    for _, res in ctx:each(4) do coroutine.yield(res) end
    return "end"
  end)
  tap.is(co(), 1, "yield")
  tap.is(co(), 2, "and on")
  tap.is(batch(0, 1), "3", "another loop meanwhile takes its part")
  tap.is(co(), 4, "the first goes on behind it")
  tap.is(co(), "end", "and ends")
  ready(4)
  co = coroutine.wrap(function()
    for _, res in ctx:each(4) do coroutine.yield(res) end
    return "end"
  end)
  co()
  tap.is(batch(), "2 3 4", "another loop takes all")
  ready(1)
  tap.is(co(), "end", "the first ends: what is new is not of its batch")
  tap.is(batch(), "1", "but of the next")
end

-- ---- bodies that use the context ----

do
  ready(3)
  local seen = {}
  for iocb, res in ctx:each(3) do
    seen[#seen + 1] = res
    if #seen < 10 then ctx:submit(iocb) end
  end
  tap.is(table.concat(seen, " "), "1 2 3", "submitting does not prolong it")
  tap.is(batch(3), "1 2 3", "the next batch has what was submitted")
  ready(6)
  seen = {}
  for _, res in ctx:each(6) do
    seen[#seen + 1] = res
    for _, inner in ctx:each(0, 1) do seen[#seen + 1] = inner end
  end
  tap.is(table.concat(seen, " "), "1 2 3 4 5 6", "nested loops share")
  ready(6)
  seen = {}
  for _, res in ctx:each(6) do
    seen[#seen + 1] = res
    for _, ev in ipairs(ctx:reap(1)) do seen[#seen + 1] = ev.res end
    for _, ev in ipairs(ctx:getevents(0, 1, 0)) do
      seen[#seen + 1] = ev.res
    end
  end
  tap.is(table.concat(seen, " "), "1 2 3 4 5 6", "also with reap, getevents")
  local other = assert(aio.setup(8))
  ready(2)
  ready(2, other)
  seen = {}
  for _, a in ctx:each(2) do
    for _, b in other:each(0, 1) do seen[#seen + 1] = a * 10 + b end
  end
  tap.is(table.concat(seen, " "), "11 22", "two contexts")
  other:destroy()
end

-- ---- destroyed in the body ----

do
  local c = assert(aio.setup(64))
  ready(5, c)
  local poll = aio.poll(pipe[1], "in")
  c:submit(poll)
  local seen, untaken = {}, nil
  for _, res in c:each(5) do
    seen[#seen + 1] = res
    untaken = untaken or c:destroy()
  end
  tap.is(table.concat(seen, " "), "1 2 3 4 5", "what was taken is delivered")
  tap.is(untaken, 1, "what was not is counted")
  tap.is(poll.inflight, false, "and free")
  tap.raises("the context is destroyed", "each of a destroyed one", c.each, c)
end

do
  local c = assert(aio.setup(64))
  ready(6, c)
  local seen = {}
  for _, a in c:each(6) do
    seen[#seen + 1] = a
    for _, b in c:each(0, 2) do
      seen[#seen + 1] = b
      if b == 2 then c:destroy() end
    end
  end
  tap.is(table.concat(seen, " "), "1 2 3 4 5 6",
    "destroyed inside nested loops")
  c = assert(aio.setup(64))
  ready(3, c)
  for _ in c:each(3) do break end -- luacheck: ignore 512
  c:destroy()
  tap.is(#c:reap(), 2, "destroyed after a break: reap has the rest")
  tap.raises("the context is destroyed", "then there is no more", c.reap, c)
end

-- ---- no garbage ----

do
  local list = {}
  for i = 1, 32 do list[i] = aio.pread(zero, buf:slice(i, 1)) end
  local function turn(rounds)
    for _ = 1, rounds do
      ctx:submit(list)
      for iocb, res in ctx:each(32) do
        iocb:at(res)
      end
    end
  end
  turn(50)
  collectgarbage()
  collectgarbage("stop")
  local before = collectgarbage("count")
  turn(10000)
  local after = collectgarbage("count")
  collectgarbage("restart")
  tap.is(after - before, 0, "10000 rounds of 32 make no garbage")
end

tap.done()
