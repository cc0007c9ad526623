-- The benchmark's loop with tables of events from ctx:getevents; methods are
-- looked up once.
local loop = dofile((arg[0]:gsub("[^/]*$", "loop.lua")))
local ctx, depth, block, count, offsets =
  loop.ctx, loop.depth, loop.block, loop.count, loop.offsets
local list, ready, next_offset, done = loop.requests(), depth, depth, 0
local submit, getevents, at = ctx.submit, ctx.getevents, list[1].at

local begin = aio.now()
while done < count do
  if submit(ctx, list, ready) ~= ready then error "io_submit" end
  local events = getevents(ctx, 1, depth)
  ready = #events
  for i = 1, ready do
    local ev = events[i]
    if ev.res ~= block then error(ev.res) end
    list[i] = at(ev.obj, offsets[next_offset & 4095])
    next_offset = next_offset + 1
  end
  done = done + ready
end
loop.print(begin, done)
