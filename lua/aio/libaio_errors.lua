-- How misuse reads through libaio's names: the error names the function that
-- was called, and the line that called it.

local errors = {}

-- Without the position in here, and without the name of the function of ours
-- that raised it: "bad argument #1 to 'submit' (TEXT)" becomes TEXT.
local function cause(message)
  local text = message:gsub("^[^:]*libaio[_%a]*%.lua:%d+: ", "")
  local field, why = text:match("^bad field '([^']+)'[^(]* %((.*)%)$")
  if field then return field .. ": " .. why end
  return text:match("^bad argument #%-?%d+ to '[^']*' %((.*)%)$") or text
end

local function finish(name, level, ok, ...)
  if ok then return ... end
  local message = ...
  if type(message) ~= "string" or message == "not enough memory" then
    error(message, 0)
  end
  local text = cause(message)
  error(text == "interrupted!" and text or name .. ": " .. text, level)
end

-- f, whose errors begin with name and point to its caller, or with level 3 to
-- the caller's caller.
function errors.guard(name, f, level)
  return function(...)
    return finish(name, level or 2, pcall(f, ...))
  end
end

return errors
