-- Which ways to read and write are asynchronous on a file system: each is
-- done once on a scratch file, which belongs to nobody.
local aio = require "aio"

local N, SIZE = 16, 65536

-- A request that fails ends its pattern: its cause is what there is to tell.
local function first_failure(evs)
  for _, ev in ipairs(evs) do
    if ev.err then return ("%s: %s"):format(ev.err, ev.why) end
  end
end

local function judge(name, s)
  return { name = name, taken = s.taken, done = s.done_at_return, ns = s.ns,
    verdict = s.verdict, reason = s.reason }
end

local function batch(op, f, data)
  local list = {}
  for i = 1, N do
    local at = (i - 1) * SIZE
    list[i] = aio[op](f, data:slice(at, SIZE)):at(at)
  end
  return list
end

local function pattern(results, ctx, name, op, f, data)
  local n, message = ctx:submit(batch(op, f, data))
  if not n then
    results[#results + 1] = { name = name, failure = message }
    return
  end
  local result = judge(name, ctx.last_submit)
  result.failure = first_failure(ctx:getevents(n, n, 30))
  results[#results + 1] = result
end

local function fsync(results, ctx, f)
  if not ctx:submit(aio.fsync(f), aio.fdsync(f)) then return end
  results[#results + 1] = judge("fsync", ctx.last_submit)
  ctx:getevents(2, 2, 30)
end

-- A function that measures a pattern into results.
local function runner(ctx)
  local results, data = {}, aio.buffer(N * SIZE)
  return results, function(name, op, f)
    pattern(results, ctx, name, op, f, data)
  end
end

local measure = {}

local function direct_patterns(run, direct, refresh)
  run("direct append", "pwrite", direct)
  run("direct read", "pread", direct)
  run("direct overwrite", "pwrite", direct)
  refresh()
  run("direct write to a hole", "pwrite", direct)
end

-- buffered and direct are the same scratch file; direct may be nil. The
-- results, how many requests each pattern has, and of how many bytes.
function measure.scratch(ctx, buffered, direct)
  local results, run = runner(ctx)
  local function refresh()
    buffered:truncate(0)
    buffered:truncate(N * SIZE)
  end
  buffered:truncate(0)
  if direct then direct_patterns(run, direct, refresh) end
  buffered:truncate(0)
  run("buffered write", "pwrite", buffered)
  fsync(results, ctx, buffered)
  run("buffered read, warm", "pread", buffered)
  buffered:drop_cache()
  run("buffered read, cold", "pread", buffered)
  return results, N, SIZE
end

-- A block device is only read.
function measure.device(ctx, buffered, direct)
  local results, run = runner(ctx)
  if aio.facts(buffered).size >= N * SIZE then
    if direct then run("direct read", "pread", direct) end
    run("buffered read", "pread", buffered)
  end
  return results, N, SIZE
end

return measure
