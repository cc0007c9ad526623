-- Lists of events as a table with aligned columns.
local words = require "aio.words"
local show = require "aio.show"
local color = require "aio.color"
local strings = require "aio.pretty_string"

local metatable_of = debug.getmetatable

local events = {}

local ROWS = 20

function events.is_event(v)
  return rawequal(metatable_of(v), words.metatables.event)
end

-- Whether it is a list of two events or more, and of nothing else.
function events.is_list(t)
  local n = rawlen(t)
  if n < 2 then return false end
  for i = 1, n do
    if not events.is_event(rawget(t, i)) then return false end
  end
  for _ in next, t do n = n - 1 end
  return n == 0
end

local function result(ev)
  if ev.err then return "-" .. ev.err end
  return ev.op == "poll" and ev.revents ~= "" and ev.revents
    or tostring(ev.res)
end

local function data_text(data)
  local kind = type(data)
  if kind == "string" then
    return strings.quote(data, 16)
  end
  return (kind == "number" or kind == "boolean") and tostring(data) or kind
end

local function row(i, ev)
  if ev.foreign then
    return { i, "foreign", "", "", tostring(ev.res), "", "" }
  end
  local ranged = show.request(ev):find("@", 1, true)
  local data = rawget(ev, "data")
  return { i, ev.op, ranged and ev.nbytes or "", ranged and ev.offset or "",
           result(ev), show.duration(ev.lat),
           data ~= nil and data_text(data) or "", failed = ev.err ~= nil }
end

local header = { "#", "op", "nbytes", "offset", "res", "latency", "data" }
local left = { [2] = true, [7] = true }

local function widths(rows)
  local width = {}
  for _, cells in ipairs(rows) do
    for i, cell in ipairs(cells) do
      width[i] = math.max(width[i] or 0, utf8.len(tostring(cell)) or #cell)
    end
  end
  return width
end

local function line(cells, width)
  local parts = {}
  for i, cell in ipairs(cells) do
    local pad = (" "):rep(width[i] - (utf8.len(tostring(cell)) or #cell))
    parts[i] = left[i] and cell .. pad or pad .. cell
  end
  return (table.concat(parts, "  "):gsub("%s+$", ""))
end

-- Without data the last column is left out.
local function rows_of(list, shown)
  local rows, has_data = { header }, false
  for i = 1, shown do
    rows[i + 1] = row(i, list[i])
    has_data = has_data or rows[i + 1][7] ~= ""
  end
  if not has_data then
    for i, cells in ipairs(rows) do
      rows[i] = table.move(cells, 1, 6, 1, { failed = cells.failed })
    end
  end
  return rows
end

-- "1020 more: 1016 ok, 4 EIO"
local function summary(list, from)
  local n, ok, failures, order = #list - from + 1, 0, {}, {}
  for i = from, #list do
    local err = list[i].err
    if not err then ok = ok + 1
    elseif not failures[err] then order[#order + 1] = err end
    if err then failures[err] = (failures[err] or 0) + 1 end
  end
  table.sort(order)
  local parts = { ok > 0 and ("%d ok"):format(ok) or nil }
  for _, err in ipairs(order) do
    parts[#parts + 1] = ("%d %s"):format(failures[err], err)
  end
  return ("... %d more: %s"):format(n, table.concat(parts, ", "))
end

-- The table; on: with colours.
function events.list(list, on)
  local shown = #list <= ROWS + 2 and #list or ROWS
  local rows = rows_of(list, shown)
  local width, lines = widths(rows), {}
  for i, cells in ipairs(rows) do
    local style = i == 1 and "bold" or cells.failed and "red" or ""
    local text = line(cells, width)
    lines[i] = style == "" and text or color.paint(text, style, on)
  end
  if shown < #list then lines[#lines + 1] = summary(list, shown + 1) end
  return table.concat(lines, "\n")
end

-- One event, a line.
function events.one(ev, on)
  local text = tostring(ev)
  return ev.err and color.paint(text, "red", on) or text
end

return events
