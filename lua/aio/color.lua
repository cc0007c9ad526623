-- Colours, and whether to use them: --color, NO_COLOR and TERM decide.
--   color.when(w)            "always", "never", or "auto": on a terminal
--   color.on([file])         are they used on this file (standard output)?
--   color.paint(text, style [, on])   "red", "bold", "dim", "green bold" ...
local aio = require "aio"

local getenv, stdout = os.getenv, io.stdout
local color = {}
local when = "auto"

local codes = {
  bold = 1, dim = 2, red = 31, green = 32, yellow = 33, blue = 34,
  magenta = 35, cyan = 36,
}

function color.when(w)
  if w ~= "always" and w ~= "never" and w ~= "auto" then
    error(("--color: '%s' is none of always, never, auto"):format(w), 0)
  end
  when = w
end

-- NO_COLOR (no-color.org): any value but the empty one means no.
local function unwanted()
  return (getenv "NO_COLOR" or "") ~= "" or getenv "TERM" == "dumb"
end

function color.on(file)
  if when ~= "auto" then return when == "always" end
  return not unwanted() and aio.terminal(file or stdout) ~= nil
end

-- on is what color.on answered, where many texts are painted; nil: ask.
function color.paint(text, style, on)
  if on == nil then on = color.on() end
  if not on then return text end
  local list = style:gsub("%a+", codes):gsub(" ", ";")
  return ("\27[%sm%s\27[0m"):format(list, text)
end

return color
