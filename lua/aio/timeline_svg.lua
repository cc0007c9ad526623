-- A timeline as an SVG picture that stands alone.
local show = require "aio.show"

local WIDTH, LEFT, RIGHT = 1000, 190, 130
local TOP, DEPTH, ROW = 48, 70, 13

local colors = {
  pread = "#2f8f4e", preadv = "#2f8f4e", pwrite = "#c98a00",
  pwritev = "#c98a00", fsync = "#1a8f9c", fdsync = "#1a8f9c",
  poll = "#3b6fc4",
}

local function escape(text)
  return (tostring(text):gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;",
                                           [">"] = "&gt;", ['"'] = "&quot;" }))
end

local function color_of(r)
  return r.err and "#c0392b" or colors[r.op] or "#8e44ad"
end

-- An x for a time.
local function scale(m)
  return function(at)
    return LEFT + (at - m.from) / (m.to - m.from) * (WIDTH - LEFT - RIGHT)
  end
end

local function rect(x, y, to, height, style)
  return ('<rect x="%.2f" y="%.1f" width="%.2f" height="%.1f" %s/>'):format(
    x, y, math.max(to - x, 0.4), height, style)
end

local function text(x, y, anchor, content, class)
  return ('<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>'):format(
    x, y, anchor, class and (' class="%s"'):format(class) or "",
    escape(content))
end

-- ---- parts ----

local function depth_area(m, x)
  if m.deepest == 0 then return "" end
  local base = TOP + DEPTH
  local function y(depth) return base - depth / m.deepest * (DEPTH - 14) end
  local points, last = { ("%.2f,%.1f"):format(x(m.from), base) }, 0
  local function add(at, depth)
    points[#points + 1] = ("%.2f,%.1f"):format(x(at), y(depth))
  end
  for _, step in ipairs(m.depth) do
    if step[1] >= m.from then
      add(step[1], last)
      add(step[1], step[2])
    end
    last = step[2]
  end
  add(m.to, last)
  points[#points + 1] = ("%.2f,%.1f"):format(x(m.to), base)
  return ('<polygon points="%s" fill="#9db7d9"/>'):format(
      table.concat(points, " "))
    .. text(LEFT - 8, y(m.deepest) + 4, "end", m.deepest .. " in flight")
    .. text(LEFT - 8, base, "end", "0")
end

local function nice_step(span, n)
  local step = 10 ^ math.floor(math.log(span / n, 10))
  for _, factor in ipairs { 1, 2, 5, 10 } do
    if span / (step * factor) <= n then return math.max(1, step * factor) end
  end
end

local function axis(m, x, bottom)
  local parts, span = {}, m.to - m.from
  for at = 0, span, nice_step(span, 8) do
    local left = x(m.from + at)
    parts[#parts + 1] = ('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" ' ..
      'class="grid"/>'):format(left, TOP, left, bottom)
    parts[#parts + 1] = text(left, TOP - 4, "middle",
                             show.duration(at // 1 | 0))
  end
  return table.concat(parts, "\n")
end

local function tip(r)
  local parts = { ("#%d %s, fd %d"):format(r.id, show.request(r), r.fd),
                  "io_submit: " .. show.duration(r.at - r.start) }
  if r.seen then
    parts[3] = "in flight: " .. show.duration(r.seen - r.at)
    parts[4] = "until taken: " .. show.duration(r.taken - r.seen)
    parts[5] = ("res %d"):format(r.res) .. (r.err and " " .. r.err or "")
  end
  return escape(table.concat(parts, "\n"))
end

local function result(r)
  if not r.seen then return "in flight" end
  local outcome = r.revents or r.err and "-" .. r.err
    or r.res ~= (r.bytes or r.nbytes) and r.res ~= 0 and tostring(r.res)
  return (outcome and outcome .. "  " or "")
    .. show.duration(r.seen - r.start)
end

local function row(m, r, x, y)
  local color = color_of(r)
  local seen, taken = r.seen or m.to, r.taken or m.to
  return table.concat({
    "<g><title>" .. tip(r) .. "</title>",
    text(LEFT - 8, y + 9, "end", ("#%d %s"):format(r.id, show.request(r))),
    rect(x(r.start), y + 4, x(r.at), 5, 'fill="#777"'),
    rect(x(r.at), y + 2, x(seen), 9, ('fill="%s"'):format(color)),
    rect(x(seen), y + 5.5, x(taken), 2,
         ('fill="%s" opacity="0.45"'):format(color)),
    r.seen and rect(x(seen), y + 0.5, x(seen) + 1.4, 12, 'fill="#000"') or "",
    text(WIDTH - RIGHT + 8, y + 9, "start", result(r), r.err and "err"),
    "</g>",
  }, "\n")
end

local function legend(m, y)
  local parts, left = {}, LEFT
  local present = {}
  for _, r in ipairs(m.requests) do present[r.op] = color_of(r) end
  local entries = { { "in io_submit", "#777" } }
  for op, color in pairs(present) do entries[#entries + 1] = { op, color } end
  table.sort(entries, function(a, b) return tostring(a[1]) < tostring(b[1]) end)
  entries[#entries + 1] = { "seen", "#000" }
  entries[#entries + 1] = { "thin: not taken yet", "#aaa" }
  for _, e in ipairs(entries) do
    parts[#parts + 1] = rect(left, y, left + 9, 9,
                             ('fill="%s"'):format(e[2]))
    parts[#parts + 1] = text(left + 13, y + 8, "start", e[1])
    left = left + 26 + 7 * #tostring(e[1])
  end
  return table.concat(parts, "\n")
end

local STYLE = [[<style>
text { font: 11px ui-monospace, Menlo, Consolas, monospace; fill: #222 }
.title { font-size: 13px; font-weight: bold }
.err { fill: #c0392b }
.grid { stroke: #ddd }
</style>]]

local function title(m)
  local parts = { ("%d requests in %s"):format(#m.requests,
                                               show.duration(m.to - m.from)) }
  if m.overtaken > 0 then
    parts[2] = ("%d overtaken by later ones"):format(m.overtaken)
  end
  if m.precise and m.watched > 0 then
    parts[#parts + 1] = ("%d watched, seen to within %s (median)"):format(
      m.watched, show.duration(m.gap_median))
  end
  return table.concat(parts, "; ")
end

return function(m)
  local rows = #m.requests
  local height = TOP + DEPTH + 10 + rows * ROW + 34
  local parts = {
    ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" ' ..
     'viewBox="0 0 %d %d">'):format(WIDTH, height, WIDTH, height),
    STYLE, '<rect width="100%" height="100%" fill="#fff"/>',
  }
  if rows == 0 then
    parts[#parts + 1] = text(20, 20, "start", "nothing is recorded", "title")
  else
    local x, top = scale(m), TOP + DEPTH + 10
    parts[#parts + 1] = text(10, 20, "start", title(m), "title")
    parts[#parts + 1] = axis(m, x, top + rows * ROW)
    parts[#parts + 1] = depth_area(m, x)
    for i, r in ipairs(m.requests) do
      parts[#parts + 1] = row(m, r, x, top + (i - 1) * ROW)
    end
    parts[#parts + 1] = legend(m, top + rows * ROW + 12)
  end
  parts[#parts + 1] = "</svg>\n"
  return table.concat(parts, "\n")
end
