-- A timeline in the terminal: a row for each request, and above them how many
-- were in flight.
local show = require "aio.show"

local unicode = {
  submit = "▒", flight = "━", seen = "●", waiting = "╌", taken = "│",
  open = "▶", corner = "└", axis = "─", side = "│", cut = "…",
  levels = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" },
}
local ascii = {
  submit = ":", flight = "=", seen = "O", waiting = ".", taken = "|",
  open = ">", corner = "+", axis = "-", side = "|", cut = "~",
  levels = { ".", "o", "#" },
}

local HEIGHT = 3 -- rows of the depth's graph

local colors = {
  pread = "green", preadv = "green", pwrite = "yellow", pwritev = "yellow",
  fsync = "cyan", fdsync = "cyan", poll = "blue",
}

-- ---- columns ----

local function columns(text)
  return utf8.len(text) or #text
end

local function fit(text, width, g)
  local n = columns(text)
  if n <= width then return text .. (" "):rep(width - n) end
  return text:sub(1, utf8.offset(text, width) - 1) .. g.cut
end

local function label(r)
  return ("#%d %s"):format(r.id, show.request(r))
end

-- What came, unless it is what was asked for, and how long it took.
local function result(r)
  if not r.seen then return "in flight" end
  local text = r.revents or r.err and "-" .. r.err
    or r.res ~= (r.bytes or r.nbytes) and r.res ~= 0 and tostring(r.res)
  return (text and text .. " " or "") .. show.duration(r.seen - r.start)
end

-- The widest of what text makes of the requests, but at most that.
local function widest(m, text, most)
  local n = 0
  for _, r in ipairs(m.requests) do n = math.max(n, columns(text(r))) end
  return math.min(n, most)
end

local function layout(m, width)
  local l = { label = widest(m, label, width * 3 // 10),
              result = widest(m, result, width // 4) }
  l.bars = math.max(width - l.label - l.result - 4, 10)
  l.cell = function(at)
    local c = (at - m.from) * l.bars // (m.to - m.from)
    return math.max(0, math.min(l.bars - 1, c // 1))
  end
  return l
end

-- ---- a request ----

local function set(cells, from, to, glyph)
  for c = from, to do cells[c] = glyph end
end

local function bar(r, l, g)
  local cells = {}
  local last = r.seen and l.cell(r.taken) or l.bars - 1
  set(cells, l.cell(r.at), l.cell(r.seen or math.huge), g.flight)
  set(cells, l.cell(r.start), l.cell(r.at), g.submit)
  if r.seen then
    set(cells, l.cell(r.seen) + 1, last, g.waiting)
    cells[last] = g.taken
    cells[l.cell(r.seen)] = g.seen
  else
    cells[last] = g.open
  end
  return cells, l.cell(r.start), last
end

local function row(r, l, g, paint)
  local cells, first, last = bar(r, l, g)
  local style = r.err and "red" or colors[r.op] or "magenta"
  return ("%s  %s%s%s  %s"):format(
    fit(label(r), l.label, g), (" "):rep(first),
    paint(table.concat(cells, "", first, last), style),
    (" "):rep(l.bars - 1 - last), fit(result(r), l.result, g))
end

-- ---- depth ----

-- The greatest depth within each cell.
local function depth_cells(m, l)
  local cells, depth, i = {}, 0, 1
  while m.depth[i] and m.depth[i][1] < m.from do
    depth, i = m.depth[i][2], i + 1
  end
  for c = 0, l.bars - 1 do
    cells[c] = depth
    while m.depth[i] and l.cell(m.depth[i][1]) <= c do
      depth, i = m.depth[i][2], i + 1
      cells[c] = math.max(cells[c], depth)
    end
  end
  return cells
end

-- What a column of that depth shows in a row of the graph, from the top.
local function depth_glyph(depth, y, m, g)
  local steps = #g.levels
  local filled = math.ceil(depth * HEIGHT * steps / m.deepest)
  filled = filled - (HEIGHT - y) * steps
  return g.levels[math.min(filled, steps)] or " "
end

local function depth_rows(m, l, g, paint)
  local cells, rows = depth_cells(m, l), {}
  for y = 1, m.deepest > 0 and HEIGHT or 0 do
    local glyphs = {}
    for c = 0, l.bars - 1 do
      glyphs[c + 1] = depth_glyph(cells[c], y, m, g)
    end
    local left = y == 1 and ("depth %d"):format(m.deepest) or ""
    rows[y] = ("%s %s%s"):format((" "):rep(l.label - #left) .. left, g.side,
                                 paint(table.concat(glyphs), "dim"))
  end
  return rows
end

-- ---- the axis ----

-- A step of 1, 2 or 5 times a power of ten that makes at most n parts.
local function nice_step(span, n)
  local step = 10 ^ math.floor(math.log(span / n, 10))
  for _, factor in ipairs { 1, 2, 5, 10 } do
    if span / (step * factor) <= n then return step * factor end
  end
end

local function axis(m, l, g)
  local line, used = {}, 0
  local span = m.to - m.from
  local step = math.max(1, nice_step(span, math.max(1, l.bars // 12)))
  for at = 0, span, step do
    local c = l.cell(m.from + at)
    local mark = show.duration(at // 1 | 0)
    if c + columns(mark) < l.bars and c >= used then
      line[#line + 1] = g.axis:rep(c - used) .. mark
      used = c + columns(mark)
    end
  end
  line[#line + 1] = g.axis:rep(l.bars - used)
  return (" "):rep(l.label + 1) .. g.corner .. table.concat(line)
end

-- ---- the page ----

local function plural(n, word)
  return ("%d %s%s"):format(n, word, n == 1 and "" or "s")
end

local function heading(m)
  local text = ("%s in %s, %s"):format(plural(#m.requests, "request"),
    show.duration(m.to - m.from), plural(m.contexts, "context"))
  if m.overtaken > 0 then
    text = text .. ("; %d overtaken by later ones"):format(m.overtaken)
  end
  return text
end

local function hidden(m)
  if (m.hidden or 0) == 0 then return nil end
  return ("the newest; %s before them"):format(plural(m.hidden, "request"))
end

local function missed(m)
  if m.missed == 0 then return nil end
  return ("the oldest %s were overwritten: aio.record{room=} keeps more")
    :format(m.missed == 1 and "entry" or m.missed .. " entries")
end

-- Where the times of completions come from.
local function precision(m)
  if not m.precise then
    return "seen: when this program looked; aio.record{precise=true} watches"
  end
  local text = ("watched: %d of %s"):format(m.watched,
                                            plural(#m.requests, "request"))
  if m.watched == 0 then return text end
  return ("%s, seen to within %s (median), %s (worst)"):format(text,
    show.duration(m.gap_median), show.duration(m.gap_worst))
end

local function legend(g)
  return ("%s in io_submit  %s in flight  %s seen  %s not taken yet  %s taken")
    :format(g.submit, g.flight, g.seen, g.waiting, g.taken)
end

-- options: width, unicode, paint(text, style).
return function(m, options)
  local g = options.unicode and unicode or ascii
  local l = layout(m, options.width)
  local paint = options.paint or function(text) return text end
  local lines = {}
  local function add(line)
    if line then lines[#lines + 1] = line:gsub(" +$", "") end
  end
  add(fit(heading(m), options.width, g))
  add(hidden(m))
  add(missed(m))
  for _, line in ipairs(depth_rows(m, l, g, paint)) do add(line) end
  add(axis(m, l, g))
  for _, r in ipairs(m.requests) do add(row(r, l, g, paint)) end
  add(legend(g))
  add(fit(precision(m), options.width, g))
  return table.concat(lines, "\n")
end
