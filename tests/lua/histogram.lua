-- aio.histogram: counts, percentiles, and the drawing.
local aio = require "aio"
local tap = require "aio.tap"

do -- empty
  local h = aio.histogram()
  tap.is(h.count, 0, "count")
  tap.is(h.min, 0, "min")
  tap.is(h.max, 0, "max")
  tap.is(h:mean(), 0.0, "mean")
  tap.is(h:stdev(), 0.0, "stdev")
  tap.is(h:percentile(99), 0, "percentile")
  tap.is(#h:buckets(), 0, "buckets")
  tap.is(tostring(h), "histogram (empty)", "tostring")
end

do -- counted
  local h = aio.histogram()
  for i = 1, 1000 do h:add(i * 1000) end
  tap.is(h.count, 1000, "count")
  tap.is(h.min, 1000, "min")
  tap.is(h.max, 1000000, "max")
  tap.is(h:mean(), 500500.0, "mean")
  tap.ok(math.abs(h:stdev() - 288674.99) < 1, "stdev")
  tap.is(math.type(h:percentile(50)), "integer", "an integer")
  for _, p in ipairs { 1, 50, 90, 99, 99.9 } do
    local want = p * 10000
    local got = h:percentile(p)
    tap.ok(got >= want and got <= want * 33 / 32, ("p%g: %d"):format(p, got))
  end
  tap.is(h:percentile(0), 1000, "0: the least")
  tap.is(h:percentile(100), 1000000, "100: the greatest")
  tap.is(h:add(5), h, "add returns it")
  tap.is(h.count, 1001, "one more")
  tap.is(h:add(-7).min, 0, "below 0 counts as 0")
  tap.is(aio.histogram{ 1, 2, 3 }.count, 3, "from a list")
end

do -- merge
  local a, b = aio.histogram{ 10, 20 }, aio.histogram{ 5, 3000 }
  tap.is(a:merge(b), a, "merge returns it")
  tap.is(a.count, 4, "all")
  tap.is(a.min, 5, "min")
  tap.is(a.max, 3000, "max")
  tap.is(b.count, 2, "the other one stays as it was")
  tap.is(a:merge(a).count, 8, "with itself")
end

do -- buckets
  local list = aio.histogram{ 0, 1, 2, 1023, 1024, 4096 }:buckets()
  local parts = {}
  for i, b in ipairs(list) do
    parts[i] = ("%d-%d:%d"):format(b.from, b.to, b.count)
  end
  tap.is(table.concat(parts, " "), "0-2:2 2-4:1 4-8:0 8-16:0 16-32:0 " ..
    "32-64:0 64-128:0 128-256:0 256-512:0 512-1024:1 1024-2048:1 " ..
    "2048-4096:0 4096-8192:1", "powers of two, without those outside")
  local last = aio.histogram{ math.maxinteger }:buckets()[1]
  tap.is(last.from, 1 << 62, "the last one's first value")
  tap.is(last.to, math.maxinteger, "and its end")
end

do -- the drawing
  local h = aio.histogram()
  for i = 1, 100 do
    h:add(i <= 40 and 70000 or i <= 80 and 100000 or 150000)
  end
  h:add(600000)
  tap.is(tostring(h), [[
   66 us .. 131 us          80 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
  131 us .. 262 us          20 |@@@@@@@@@@                              |
  262 us .. 524 us           0 |                                        |
  524 us .. 1.0 ms           1 |@                                       |
101 counted: min 70 us, mean 103 us, max 600 us, stdev 58 us
p50 100 us  p90 152 us  p99 152 us  p99.9 600 us]], "a picture")
end

do -- misuse
  local h = aio.histogram()
  tap.raises("in 0..100", "a percentile above 100", h.percentile, h, 101)
  tap.raises("in 0..100", "NaN", h.percentile, h, 0/0)
  tap.raises("number expected", "no number", h.add, h, "x")
  tap.raises("no integer value", "half a ns", h.add, h, 1.5)
  tap.raises("histogram expected", "no histogram", h.merge, h, {})
  tap.raises("no field 'mode'", "no field", function() return h.mode end)
end

tap.done()
