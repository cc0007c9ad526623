-- `make bench`: time per request in Lua over C, as one table of ratios. Every
-- round runs all programs of a row one after the other, so that a machine
-- whose speed drifts slows all of them; a ratio is the median of the rounds'
-- ratios. Many short rounds bear a noisy machine better than a few long ones.
-- Usage: aiosh run.lua DIRECTORY-OF-THE-C-PROGRAMS [rounds]
local built, rounds = arg[1], tonumber(arg[2]) or 15
local here = arg[0]:gsub("[^/]*$", "")
local span = 64 << 20

local function shell(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read("a")
end

-- What a program prints: ns per request, or bytes.
local function measure(command)
  local out = shell(command)
  return tonumber(out) or error(("%s: %s"):format(command, out), 0)
end

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  return sorted[(#sorted + 1) // 2], sorted[1], sorted[#sorted]
end

-- ---- the programs of a row ----

local function lua(name)
  return ("./aiosh %s%s.lua"):format(here, name)
end

local programs = {
  { name = "C libaio", command = built .. "/libaio" },
  { name = "C ring", command = built .. "/ring" },
  { name = "each", command = lua "each" },
  { name = "events", command = lua "events" },
}

-- As the others do: whatever has finished is submitted again in one call.
-- fio's own choice, one request a call, takes three times as long.
local function fio_ns(row)
  local out = shell(("fio --name=x --ioengine=libaio --rw=randread --bs=%d " ..
    "--iodepth=%d --iodepth_batch=%d --iodepth_batch_complete_min=1 " ..
    "--iodepth_batch_complete_max=%d --filename=%s --size=%d --direct=%d " ..
    "--time_based --runtime=1 --allow_file_create=0 " ..
    "--output-format=terse 2>/dev/null"):format(row.block, row.depth,
      row.depth, row.depth, row.file, span, row.direct and 1 or 0))
  local fields = {}
  for field in out:gmatch("[^;]*") do fields[#fields + 1] = field end
  return 1e9 / (tonumber(fields[8]) or error("fio: " .. out, 0))
end

local function run_round(row, times)
  for i, p in ipairs(programs) do
    times[i][#times[i] + 1] = p.measure and p.measure(row) or
      measure(("%s %s %d %d %d %d"):format(p.command, row.file, row.block,
                                           row.depth, row.count, span))
  end
end

local function times_of(row)
  local times = {}
  for i = 1, #programs do times[i] = {} end
  for _ = 1, rounds do run_round(row, times) end
  return times
end

-- ---- the table ----

local function ratios(times, i)
  local list = {}
  for r = 1, rounds do list[r] = times[i][r] / times[1][r] end
  return median(list)
end

local function print_row(row, times)
  local base, least, most = median(times[1])
  local ns = ("%.0f (%.0f-%.0f)"):format(base, least, most)
  local cells = { ("%-20s %-21s"):format(row.name, ns) }
  for i = 2, #programs do
    cells[#cells + 1] = ("%5.2f (%.2f-%.2f)"):format(ratios(times, i))
  end
  print(table.concat(cells, "  "))
end

local function print_head()
  local cells = { ("%-20s %-21s"):format("random reads", "C libaio, ns") }
  for i = 2, #programs do
    cells[#cells + 1] = ("%-17s"):format(programs[i].name)
  end
  print(table.concat(cells, "  "))
end

-- ---- the real file ----

local function make_file()
  local path = (os.getenv("TMPDIR") or ".") .. "/aiosh-bench.data"
  local f <close> = assert(aio.open(path, "rdwr,creat,trunc"))
  local chunk = string.rep("\165", 1 << 20)
  for at = 0, span - 1, 1 << 20 do assert(f:write(chunk, at)) end
  f:sync()
  f:drop_cache()
  return path
end

local function direct_works(path)
  local f <close> = aio.open(path, "rdonly,direct")
  return f ~= nil
end

local function rows_of(path)
  local rows = {}
  for i, depth in ipairs { 1, 32, 1024 } do
    rows[i] = { name = "/dev/zero 512, " .. depth, file = "/dev/zero",
                block = 512, depth = depth, count = 200000 }
  end
  if not direct_works(path) then return rows end
  for _, depth in ipairs { 1, 32 } do
    rows[#rows + 1] = { name = "direct 4096, " .. depth, file = path,
                        block = 4096, depth = depth, direct = true,
                        count = depth == 1 and 2000 or 10000 }
  end
  return rows
end

-- ---- start-up and garbage ----

local function start_up()
  local function many(command)
    local begin = aio.now()
    shell(("i=0; while [ $i -lt 50 ]; do %s -e ''; i=$((i+1)); done")
          :format(command))
    return (aio.now() - begin) / 50
  end
  local list, base = {}, {}
  for r = 1, rounds do
    base[r] = many("lua5.4")
    list[r] = many("./aiosh") / base[r]
  end
  print(("start-up of aiosh over lua5.4's %.1f ms: %.2f (%.2f-%.2f)"):format(
    median(base) / 1e6, median(list)))
end

local function garbage()
  local bytes = measure(lua "garbage" .. " /dev/zero 512 32 200000 " .. span)
  print(("garbage per request of each: %g bytes"):format(bytes))
end

-- What a record costs that somebody may look at.
local function recording()
  local loop = ("%seach.lua /dev/zero 512 32 200000 %d"):format(here, span)
  local list = {}
  for r = 1, rounds do
    local off = measure("./aiosh " .. loop)
    list[r] = measure("./aiosh -e 'aio.record()' " .. loop) / off
  end
  print(("each with a record over without, depth 32: %.2f (%.2f-%.2f)"):format(
    median(list)))
end

if shell("command -v fio") ~= "" then
  programs[#programs + 1] = { name = "fio", measure = fio_ns }
end
local path = make_file()
print(("Time per request over C with libaio (left, ns), medians of %d rounds" ..
       " (least-most).\n"):format(rounds))
print_head()
for _, row in ipairs(rows_of(path)) do print_row(row, times_of(row)) end
print()
garbage()
recording()
start_up()
os.remove(path)
