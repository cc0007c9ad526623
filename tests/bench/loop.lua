-- What the Lua programs of the benchmark share, as loop.h does for C. Usage:
-- aiosh PROGRAM FILE BLOCK DEPTH COUNT SPAN
local loop = { block = tonumber(arg[2]), depth = tonumber(arg[3]),
               count = tonumber(arg[4]), offsets = {} }

local path, span = arg[1], tonumber(arg[5])
local file = assert(aio.open(path, path:find("^/dev/") and "rdonly"
                                   or "rdonly,direct"))
local memory = assert(aio.buffer(loop.block * loop.depth))
loop.ctx = assert(aio.setup(loop.depth))

local x = 1
for i = 0, 4095 do
  x = (x * 1664525 + 1013904223) & 0xffffffff
  loop.offsets[i] = (x >> 8) % (span // loop.block) * loop.block
end

-- The requests, each over its own block of one buffer.
function loop.requests()
  local list = {}
  for i = 1, loop.depth do
    local slice = memory:slice((i - 1) * loop.block, loop.block)
    list[i] = aio.pread(file, slice, loop.block, loop.offsets[i - 1])
  end
  return list
end

function loop.print(begin, done)
  print(("%.1f"):format((aio.now() - begin) / done))
end

return loop
