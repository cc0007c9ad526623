-- What is to be done when the program is left by os.exit without closing the
-- state: then no finalizer runs.
local leave = {}
local steps = {}

-- Calls step before os.exit, in the order of asking.
function leave.call(step)
  steps[#steps + 1] = step
  if #steps > 1 then return end
  local exit = os.exit
  function os.exit(...) -- luacheck: ignore 122
    for _, each in ipairs(steps) do pcall(each) end
    return exit(...)
  end
end

return leave
