-- tostring of what the user made: __tostring may fail, yield, loop or answer
-- nonsense, and the prompt goes on.
--   call_tostring(v) -> text, true | note, false
local set_hook = debug.sethook
local create, resume = coroutine.create, coroutine.resume

local PATIENCE = 10000000 -- instructions

-- Raised again at each instruction: no pcall of the user's outlives it.
local function stop(thread)
  local function too_long()
    set_hook(thread, too_long, "", 1)
    error("it takes too long", 0)
  end
  set_hook(thread, too_long, "", PATIENCE)
end

local function first_line(why)
  why = type(why) == "string" and why or "error object"
  return (why:match("^[^\n]*"))
end

return function(v)
  local thread = create(tostring)
  stop(thread)
  local ok, text = resume(thread, v)
  if not ok then
    return ("<__tostring fails: %s>"):format(first_line(text)), false
  end
  return text, true
end
