-- One job, four ways: random reads of 4 KiB with native AIO, with POSIX AIO on
-- one descriptor and on 16, and with plain pread, one at a time. CPU is that of
-- the process, with glibc's threads, for each request; threads without ours.
--   usage: aiosh examples/posix_compare.lua [directory [seconds]]

local posix = require "aio.posix"
local dir = arg[1] or os.getenv("TMPDIR") or "."
local SECONDS = tonumber(arg[2] or 0.2)
local BLOCK, BLOCKS, DEPTH = 4096, 4096, 16
local path = dir .. "/aiosh-compare.tmp"

local function open(flags)
  local f, why, errno = aio.open(path, flags .. ",direct")
  if errno == aio.EINVAL then
    print("no direct I/O here: the page cache is measured")
    f, why = aio.open(path, flags)
  end
  return assert(f, why)
end

local function random_offset()
  return math.random(0, BLOCKS - 1) * BLOCK
end

local function threads()
  for line in io.lines("/proc/self/status") do
    local n = line:match("^Threads:%s*(%d+)")
    if n then return tonumber(n) end
  end
end

local f = open("rdwr,creat,trunc")
local mebibyte = aio.buffer("1m"):fill("random")
local ctx = assert(aio.setup(DEPTH))
for i = 0, BLOCKS * BLOCK // #mebibyte - 1 do
  assert(ctx:submit(aio.pwrite(f, mebibyte, #mebibyte, i * #mebibyte)))
  assert(ctx:getevents(1)[1].res == #mebibyte)
end

-- ---- the ways: each reads until `go_on` is false, noting each latency ----

local function native(go_on, note)
  local started = {}
  local function again(cb)
    if go_on() then
      started[cb] = aio.now()
      assert(ctx:submit(cb:at(random_offset())) == 1)
    end
  end
  for _ = 1, DEPTH do again(aio.pread(f, aio.buffer(BLOCK))) end
  while ctx.inflight > 0 do
    for cb, res in ctx:each(1) do
      assert(res == BLOCK)
      note(aio.now() - started[cb])
      again(cb)
    end
  end
end

local function by_posix(files)
  return function(go_on, note)
    local list, started = {}, {}
    local function again(cb)
      cb.offset = random_offset()
      started[cb] = aio.now()
      assert(cb:read())
    end
    for i = 1, DEPTH do
      list[i] = posix.aiocb { fd = files[i % #files + 1],
                              buf = aio.buffer(BLOCK) }
      again(list[i])
    end
    while #list > 0 do
      assert(posix.suspend(list))
      for i = #list, 1, -1 do
        local cb = list[i]
        if cb:error() ~= aio.EINPROGRESS then
          assert(cb:result() == BLOCK)
          note(aio.now() - started[cb])
          if go_on() then again(cb) else table.remove(list, i) end
        end
      end
    end
  end
end

-- A string is made of each block: that is what f:read is.
local function plain(go_on, note)
  while go_on() do
    local began = aio.now()
    assert(#f:read(BLOCK, random_offset()) == BLOCK)
    note(aio.now() - began)
  end
end

-- ---- the table ----

local function p99(latencies)
  table.sort(latencies)
  return latencies[(#latencies * 99 + 99) // 100]
end

local function measure(name, way)
  local latencies, most = {}, 1
  local began, cpu = aio.now(), os.clock()
  local deadline = began + SECONDS * 1e9
  way(function() return aio.now() < deadline end, function(ns)
    latencies[#latencies + 1] = ns
    if #latencies % 64 == 0 then most = math.max(most, threads()) end
  end)
  local seconds = (aio.now() - began) / 1e9
  local each = (os.clock() - cpu) / #latencies * 1e9
  assert(#latencies > 0)
  print(("%-28s %9.0f  %8s  %9s  %7d"):format(name, #latencies / seconds,
    aio.duration(p99(latencies)), aio.duration(math.floor(each)), most - 1))
end

local many = {}
for i = 1, DEPTH do many[i] = open("rdonly") end
os.remove(path)

print(("%-28s %9s  %8s  %9s  %7s"):format(BLOCKS * BLOCK // 1024 // 1024 ..
  " MiB, random 4 KiB reads", "iops", "p99", "CPU each", "threads"))
measure("native AIO, depth 16", native)
measure("plain pread", plain)
measure("POSIX AIO, 1 descriptor", by_posix { f })
measure("POSIX AIO, 16 descriptors", by_posix(many))
