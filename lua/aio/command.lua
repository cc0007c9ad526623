-- The command's long options: each is a function of its value ("" where there
-- was none), called before any code of the user's runs. An error ends aiosh.
local command = {}

function command.color(when)
  require "aio.color".when(when)
end

-- In this order, which is not that of the command line.
local order = { "color" }

return function(options)
  for _, name in ipairs(order) do
    if options[name] then command[name](options[name]) end
  end
end
