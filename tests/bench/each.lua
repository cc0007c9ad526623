-- The benchmark's loop with ctx:each and iocb:at; methods are looked up once,
-- as in any Lua loop that has to be fast.
local loop = dofile((arg[0]:gsub("[^/]*$", "loop.lua")))
local ctx, depth, block, count, offsets =
  loop.ctx, loop.depth, loop.block, loop.count, loop.offsets
local list, ready, next_offset, done = loop.requests(), depth, depth, 0
local submit, each, at = ctx.submit, ctx.each, list[1].at

local begin = aio.now()
while done < count do
  if submit(ctx, list, ready) ~= ready then error "io_submit" end
  ready = 0
  for cb, res in each(ctx, 1, depth) do
    if res ~= block then error(res) end
    ready = ready + 1
    list[ready] = at(cb, offsets[next_offset & 4095])
    next_offset = next_offset + 1
  end
  done = done + ready
end
loop.print(begin, done)
