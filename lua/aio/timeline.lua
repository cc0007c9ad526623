-- aio.timeline: a picture of what was recorded, in the terminal, as SVG, or in
-- the trace format of Perfetto and chrome://tracing.
local aio = require "aio"
local color = require "aio.color"
local model = require "aio.timeline_model"

local ROWS = 64 -- requests that a picture shows at the most

local NOTHING = "nothing is recorded: aio.record() begins, " ..
  "aiosh --timeline does so from the start"

-- UTF-8 by the locale's variables, in their order; a dumb terminal has none.
local function has_unicode()
  if os.getenv "TERM" == "dumb" then return false end
  for _, name in ipairs { "LC_ALL", "LC_CTYPE", "LANG" } do
    local value = os.getenv(name)
    if value and value ~= "" then
      return value:lower():find "utf%-?8" ~= nil
    end
  end
  return false
end

local Page = {}
Page.__index = Page
Page.__name = "timeline"

--- page:text([width [, unicode]]) -> string
--
-- A timeline as text, without colours: by default as wide as the terminal, or
-- 80 columns, and in ASCII unless the locale is UTF-8.
-- Example: print(aio.timeline():text(160))
function Page:text(width, unicode)
  if width ~= nil and math.type(width) ~= "integer" then
    error(("bad argument #1 to 'text' (columns expected, got %s)"):format(
      type(width)), 2)
  end
  if #self.model.requests == 0 then return NOTHING end
  if unicode == nil then unicode = has_unicode() end
  return require "aio.timeline_text"(model.newest(self.model, ROWS), {
    width = width or aio.terminal() or 80, unicode = unicode,
    paint = self.paint,
  })
end

--- page:svg() -> string
--
-- A timeline as an SVG picture that stands alone.
function Page:svg()
  return require "aio.timeline_svg"(model.newest(self.model, 4 * ROWS))
end

--- page:json() -> string
--
-- A timeline, all of what was recorded, in the JSON trace event format.
function Page:json()
  return require "aio.timeline_json"(self.model)
end

-- For that file: its width, and colours where it has them.
function Page:terminal(file)
  local on = color.on(file)
  local painted = setmetatable({ paint = function(text, style)
    return color.paint(text, style, on)
  end }, { __index = self })
  return Page.text(painted, aio.terminal(file) or 80)
end

function Page:__tostring()
  return self:terminal(io.stdout)
end

-- What is written into a file of that name.
local function content(page, path)
  if path:find "%.svg$" then return page:svg() end
  if path:find "%.json$" then return page:json() end
  return page:text(160) .. "\n"
end

local function write(page, path)
  local file, message, errno = io.open(path, "w")
  if not file then return nil, message, errno end
  local done
  done, message, errno = file:write(content(page, path))
  if done then done, message, errno = file:close() else file:close() end
  if not done then return nil, path .. ": " .. message, errno end
  return page
end

--- aio.timeline([file [, record]]) -> page | nil, message, errno
--
-- A picture of what was recorded (see aio.record): each request a bar from its
-- io_submit until its completion was first seen, and until it was taken, with
-- the depth in flight above. Its tostring is for the terminal; page:text(),
-- page:svg() and page:json() give strings. With the name of a file it is
-- written: .svg a picture that stands alone, .json for Perfetto and
-- chrome://tracing, any other as text.
-- Example: aio.timeline("reads.svg")
-- See: aio.record
return function(file, record)
  if file ~= nil and type(file) ~= "string" then
    error(("bad argument #1 to 'timeline' (name of a file expected, got %s)")
      :format(type(file)), 2)
  end
  record = record or aio.recording()
  local entries, missed = {}, 0
  if record then entries, missed = record:entries() end
  local m = model.make(entries, missed, record and record.on and aio.now())
  m.precise = record and record.precise
  local page = setmetatable({ model = m, requests = m.requests,
                              deepest = m.deepest, missed = missed }, Page)
  if file then return write(page, file) end
  return page
end
