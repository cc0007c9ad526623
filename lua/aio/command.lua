-- The command's long options: each is a function of its value ("" where there
-- was none) and of all options, called before any code of the user's. An error
-- ends aiosh; so does an answer, true or false: it is the exit status.
local aio = require "aio"

local command = {}

function command.color(when)
  require "aio.color".when(when)
end

function command.doctor(file, options)
  local doctor = aio.doctor(file ~= "" and file or nil)
  print(options.json and doctor:json() or doctor)
  return doctor.ok
end

function command.json(value, options)
  if value ~= "" then error("--json takes no value", 0) end
  if not options.doctor then error("--json: only with --doctor", 0) end
end

function command.trace(file)
  local ok, message = aio.trace(file == "" or file)
  if not ok then error("--trace: " .. message, 0) end
end

function command.timeline(file)
  require "aio.timeline_exit"(file)
end

-- In this order, which is not that of the command line.
local order = { "color", "json", "trace", "timeline", "doctor" }

return function(options)
  for _, name in ipairs(order) do
    if options[name] then
      local answer = command[name](options[name], options)
      if answer ~= nil then return answer end
    end
  end
end
