-- One pwritev of ten segments of different sizes, one preadv of ten others:
-- the bytes are the same, in order.
--   usage: aiosh examples/vectors.lua [directory]

local SEGMENTS = 10
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-vectors.tmp"
local f = assert(aio.open(path, "rdwr,creat"))
os.remove(path)

-- Slices of buf, one after the other, of these sizes.
local function cut(buf, size_of)
  local list, at = {}, 0
  for i = 1, SEGMENTS do
    local size = i < SEGMENTS and size_of(i) or #buf - at
    list[i] = buf:slice(at, size)
    at = at + size
  end
  return list
end

local function sizes(list)
  local text = {}
  for i, part in ipairs(list) do text[i] = #part end
  return table.concat(text, " ")
end

local out, back = aio.buffer("8k"):fill { random = 1 }, aio.buffer("8k")
local from = cut(out, function(i) return 100 * i end)
local to = cut(back, function(i) return 1000 - 100 * i + 1 end)

local ctx = assert(aio.setup(1))
assert(ctx:submit(aio.pwritev(f, from)))
local written = ctx:getevents()[1]
print("segments: " .. sizes(from))
print("pwritev: " .. written.res)
assert(ctx:submit(aio.preadv(f, to)))
local read = ctx:getevents()[1]
print("segments: " .. sizes(to))
print("preadv: " .. read.res)

assert(written.res == #out and read.res == #back, "not in full")
assert(back:check(out), "read other than written")
print("compared: the same bytes")
