-- Checks of what is an integer in C.

local integer = {}

function integer.check(n, name)
  local int = math.type(n) and math.tointeger(n)
  if not int then error(name .. ": integer expected", 0) end
  return int
end

-- A C int, or the unsigned that the kernel takes it for.
function integer.unsigned(n, name)
  local int = integer.check(n, name)
  if int < -0x80000000 or int > 0xffffffff then
    error(name .. ": does not fit an int", 0)
  end
  return int & 0xffffffff
end

return integer
