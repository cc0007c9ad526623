-- Prints the bytes of garbage that a request of the each loop makes, after
-- warm-up and with the collector stopped.
local loop = dofile((arg[0]:gsub("[^/]*$", "loop.lua")))
local ctx, list = loop.ctx, loop.requests()

local function round(n)
  local done = 0
  while done < n do
    ctx:submit(list)
    for cb in ctx:each(loop.depth) do
      cb:at(loop.offsets[done & 4095])
      done = done + 1
    end
  end
  return done
end

round(10000)
collectgarbage()
collectgarbage("stop")
local before = collectgarbage("count")
local done = round(loop.count)
print(("%.3f"):format((collectgarbage("count") - before) * 1024 / done))
