-- ctx:run: callbacks, and the rest (design, section 4).
local aio = require "aio"
local tap = require "aio.tap"

local ctx = assert(aio.setup(64))
local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(64))
local seen = {}

local function note(_, iocb, res)
  seen[#seen + 1] = iocb.data or res
end

-- One ready request for each letter: "c" has a callback, "-" has none.
local function ready(pattern, callback, c)
  local i = 0
  for letter in pattern:gmatch(".") do
    i = i + 1
    assert((c or ctx):submit(aio.pread { fd = zero, buf = buf, data = i,
      callback = letter == "c" and (callback or note) or nil }))
  end
end

local function called()
  local text = table.concat(seen, " ")
  seen = {}
  return text
end

local function rest_of(rest)
  local list = {}
  for i, ev in ipairs(rest) do list[i] = ev.data end
  return table.concat(list, " ")
end

local function is(n, rest, want_n, want_rest, want_called, name)
  tap.is(n, want_n, name .. ": n")
  tap.is(rest_of(rest), want_rest, name .. ": rest")
  tap.is(called(), want_called, name .. ": called")
end

-- ---- with and without callbacks ----

do
  local args
  local cb = aio.pread { fd = zero, buf = buf,
    callback = function(...) args = table.pack(...) end }
  ctx:submit(cb)
  tap.is(ctx:run(), 1, "one callback")
  tap.is(args.n, 4, "4 arguments")
  tap.ok(args[1] == ctx and args[2] == cb and args[3] == 64 and args[4] == 0,
    "ctx, iocb, res, res2")
end

local function case(pattern, want_n, want_rest, want_called, ...)
  ready(pattern)
  local n, rest = ctx:run(...)
  is(n, rest, want_n, want_rest, want_called, pattern)
end

case("ccc", 3, "", "1 2 3")
case("---", 0, "1 2 3", "")
case("c-c", 2, "2", "1 3")
case("-c-c-", 2, "1 3 5", "2 4", 5)
case("-c-c-", 1, "1 3", "2", 1, 3)

do
  local n, rest = ctx:run(0, 1)
  is(n, rest, 1, "", "4", "nr 1")
  n, rest = ctx:run(0, 1)
  is(n, rest, 0, "5", "", "nr 1 again")
  n, rest = ctx:run(0)
  is(n, rest, 0, "", "", "nothing is there")
  n, rest = ctx:run(1, 1, 0.001)
  is(n, rest, 0, "", "", "a timeout")
  tap.raises("would never end", "nothing in flight", ctx.run, ctx)
  tap.raises("EINVAL", "min over nr", ctx.run, ctx, 2, 1)
end

-- ---- callbacks that do more ----

do -- an error
  ready("c", function() error("oops", 0) end)
  ready("-c")
  tap.raises("^oops$", "an error in a callback ends the run", ctx.run, ctx, 3)
  tap.is(ctx.inflight, 2, "its own event is delivered, the rest waits")
  local n, rest = ctx:run()
  is(n, rest, 1, "1", "2", "for the next run")
end

do -- submitting itself again
  local left = 3
  ready("c", function(c, iocb, res)
    note(c, iocb, res)
    left = left - 1
    if left > 0 then c:submit(iocb) end
  end)
  local runs = 0
  while ctx.inflight > 0 do
    ctx:run()
    runs = runs + 1
  end
  tap.is(runs, 3, "a callback that submits: one batch each")
  called()
end

do -- taking events itself
  ready("--")
  ready("c", function(c) seen[#seen + 1] = rest_of(c:reap(1)) end)
  ready("c-c")
  local n, rest = ctx:run(6)
  is(n, rest, 3, "2 2", "1 1 3", "a callback that reaps the oldest")
  ready("-c")
  ready("c", function(c)
    local inner, others = c:run(0)
    seen[#seen + 1] = ("(%d %s)"):format(inner, rest_of(others))
  end)
  ready("c-")
  n, rest = ctx:run(5)
  is(n, rest, 2, "", "2 1 (1 1 2)", "a nested run")
  ready("c", function(c)
    ready("-c")
    for _ in c:each(0, 1) do break end -- luacheck: ignore 512
  end)
  ready("--c")
  n, rest = ctx:run(4)
  is(n, rest, 2, "2", "3", "a callback that submits and takes the oldest")
  n, rest = ctx:run(2)
  is(n, rest, 1, "1", "2", "what came meanwhile is not of that batch")
end

do -- yielding is refused, as in any C function that calls back
  ready("c", function() coroutine.yield() end)
  local co = coroutine.create(function() ctx:run() end)
  local ok, message = coroutine.resume(co)
  tap.ok(not ok and message:find("yield"), "a callback can't yield")
  tap.is(ctx.inflight, 0, "its event is delivered")
end

do -- destroy
  local c = assert(aio.setup(8))
  ready("c", function() tap.is(c:destroy(), 0, "destroy in a callback") end, c)
  ready("-c", nil, c)
  local n, rest = c:run(3)
  is(n, rest, 2, "1", "2", "what was taken is called and handed out")
  tap.raises("the context is destroyed", "then it is over", c.run, c)
end

do -- the callback is looked up when it is called
  local cb = aio.pread { fd = zero, buf = buf }
  ctx:submit(cb)
  tap.raises("in flight", "no callback while it is in flight",
    function() cb.callback = note end)
  for iocb in ctx:each() do iocb.callback = note end
  ctx:submit(cb)
  tap.is(ctx:run(), 1, "set afterwards, for the next time")
  called()
end

-- ---- last_events, leftovers ----

do
  ready("-c-")
  for _ in ctx:each(3) do break end -- luacheck: ignore 512
  local n, rest = ctx:run(0)
  is(n, rest, 1, "3", "2", "what a break left in the queue")
  tap.is(ctx.last_events, rest, "last_events is the rest")
end

tap.done()
