-- ctx:pgetevents: as getevents, with signals blocked while it waits (design,
-- section 4).
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local ctx = assert(aio.setup(16))
local zero, buf = assert(aio.open("/dev/zero")), assert(aio.buffer(64))
local pipe = { aio.pipe("nonblock") }

local function ready(n)
  for i = 1, n do
    ctx:submit(aio.pread { fd = zero, buf = buf, data = i })
  end
end

local function count(...)
  local evs, message = ctx:pgetevents(...)
  return evs and #evs or message
end

-- ---- as getevents ----

ready(3)
tap.is(count(1, 2, 10), 2, "no mask")
tap.is(count(1, 2, 10, nil), 1, "mask nil")
ready(2)
tap.is(count(), 2, "defaults")
tap.is(count(1, 1, 0, {}), 0, "an empty mask, timeout 0")
tap.is(count(1, 1, 0.001, { "SIGUSR1" }), 0, "a timeout")
tap.is(count(0, 10, nil, { "SIGUSR1" }), 0, "min 0 does not wait")
tap.errno("EINVAL", "min over nr", ctx:pgetevents(2, 1, 0, {}))
tap.is(select(2, ctx:pgetevents(-1, 1, 0, {})),
  "io_pgetevents: Invalid argument (EINVAL): min_nr is negative (-1)",
  "its message")
tap.raises("waiting for 1 events without a timeout would never end",
  "a wait that could never end", ctx.pgetevents, ctx, 1, 1, nil, {})

-- ---- masks ----

for _, mask in ipairs { { "SIGUSR1" }, { "USR1", "SIGTERM", "SIGINT" },
    { aio.SIGUSR1 }, { "SIGRTMIN+1" }, { "SIGKILL" }, { 10.0 } } do
  ready(1)
  tap.is(count(1, 1, 10, mask), 1, "mask of " .. mask[1])
end

local bad = {
  { "SIGUSR1", "#5 to '.*pgetevents' .*table expected, got string" },
  { 10, "#5 .*table expected, got number" },
  { { "SIGFOO" }, "'sigmask'.*unknown signal 'SIGFOO'" },
  { { "SIGUSR1\0" }, "'sigmask'.*zero byte" },
  { { 0 }, "#5 .*0 is no signal" }, { { 1000 }, "#5 .*1000 is no signal" },
  { { -1 }, "#5 .*-1 is no signal" }, { { {} }, "'sigmask'.*string expected" },
  { { 1.5 }, "'sigmask'.*no integer value" },
}
ready(1)
for i, case in ipairs(bad) do
  tap.raises(case[2], "a bad mask " .. i, ctx.pgetevents, ctx, 1, 1, 10,
    case[1])
end
tap.is(count(1, 1, 10, {}), 1, "the event is still there")

-- ---- signals while it waits ----

local signals = assert(aio.signals("SIGUSR1", "SIGUSR2"))
local poll = aio.poll(pipe[1], "in")
ctx:submit(poll)

local function interrupted(name, mask, min)
  local stop = kernel.again("kill -USR1 $PPID")
  local evs, message, errno = ctx:pgetevents(min or 1, 10, 60, mask)
  stop()
  while signals:read() do end
  tap.errno("EINTR", name, evs, message, errno)
end

interrupted("a signal, no mask")
interrupted("a signal, an empty mask", {})
interrupted("a signal, another is blocked", { "SIGUSR2" })
tap.is(ctx.inflight, 1, "the poll is still in flight")

do -- blocked: the wait goes on until the event, then the handler runs
  local fifo = kernel.dir .. "/pgetevents.fifo"
  if os.execute("mkfifo '" .. fifo .. "'") then
    local f = assert(aio.open(fifo, "rdonly,nonblock"))
    local fires = aio.poll(f, "in")
    ctx:submit(fires)
    local p = io.popen(("p=$PPID; { sleep 0.05; kill -USR1 $p; kill -USR2 $p; "
      .. "echo x; } >'%s'"):format(fifo))
    local evs = ctx:pgetevents(1, 1, 60, { "SIGUSR1", "SIGUSR2" })
    p:close()
    tap.is(evs and evs[1].obj, fires, "blocked signals: the wait goes on")
    local names = { (signals:read()), (signals:read()) }
    table.sort(names)
    tap.is(table.concat(names, " "), "SIGUSR1 SIGUSR2",
      "they were delivered afterwards")
    os.remove(fifo)
  else
    tap.skip("no mkfifo here", 2)
  end
end

do -- what is in the queue is not lost by an interrupt
  ready(2)
  for _ in ctx:each(2) do break end -- luacheck: ignore 512
  interrupted("an interrupt of a wait for 2, one is in the queue", {}, 2)
  tap.is(#ctx:getevents(1, 1, 0), 1, "and it is still there")
end

ctx:cancel(poll)
tap.is(count(1, 1, 10, { "SIGUSR1" }), 1, "the poll's event")
kernel.remove()
tap.done()
