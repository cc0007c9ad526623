-- aiosh --timeline[=FILE]: records from the start, and draws at the end, on
-- the standard error or into the file.
local aio = require "aio"
local timeline = require "aio.timeline"

local function say(...)
  io.stdout:flush()
  io.stderr:write(...)
end

local function draw()
  local page = timeline()
  if #page.requests == 0 then
    say("timeline: no requests were made\n")
  else
    say(page:terminal(io.stderr), "\n")
  end
end

local function write(file)
  local page, message = timeline(file)
  if not page then say("aiosh: --timeline: ", message, "\n") end
end

-- Once, by os.exit or when the state is closed.
local function finisher(file)
  local finished = false
  return function()
    if finished then return end
    finished = true
    if file == "" then draw() else write(file) end
  end
end

-- So that it fails before anything is run, not at the end.
local function try(file)
  local probe, message = io.open(file, "w")
  if not probe then error("--timeline: " .. message, 0) end
  probe:close()
end

return function(file)
  if file ~= "" then try(file) end
  local finish = finisher(file)
  -- Finalizers run in the reverse order: the record, made later, ends first.
  local anchor = setmetatable({}, { __gc = finish })
  require "aio.leave".call(function() return finish(anchor) end)
  aio.record { precise = true, room = 1 << 16 }
end
