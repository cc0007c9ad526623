-- The text of a histogram: a bar for each power of two, as bpftrace draws
-- them, and percentiles under it.
local aio = require "aio"

local BAR = 40 -- columns of the longest bar

local percentiles = { 50, 90, 99, 99.9 }

local function bucket_line(b, most)
  local n = b.count * BAR // most
  if b.count > 0 and n == 0 then n = 1 end
  return ("%8s .. %-8s %9d |%s|"):format(aio.duration(b.from),
    aio.duration(b.to), b.count, ("@"):rep(n) .. (" "):rep(BAR - n))
end

local function percentile_line(h)
  local parts = {}
  for i, p in ipairs(percentiles) do
    parts[i] = ("p%g %s"):format(p, aio.duration(h:percentile(p)))
  end
  return table.concat(parts, "  ")
end

local function summary_line(h)
  return ("%d counted: min %s, mean %s, max %s, stdev %s"):format(h.count,
    aio.duration(h.min), aio.duration(h:mean()), aio.duration(h.max),
    aio.duration(h:stdev()))
end

return function(h)
  if h.count == 0 then return "histogram (empty)" end
  local lines, most = {}, 0
  local buckets = h:buckets()
  for _, b in ipairs(buckets) do most = math.max(most, b.count) end
  for i, b in ipairs(buckets) do lines[i] = bucket_line(b, most) end
  lines[#lines + 1] = summary_line(h)
  lines[#lines + 1] = percentile_line(h)
  return table.concat(lines, "\n")
end
