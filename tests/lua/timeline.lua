-- aio.timeline: text of an exact width, SVG that is well-formed, and JSON that
-- follows the trace event format.
local aio = require "aio"
local tap = require "aio.tap"
local make = require "aio.timeline_model".make
local text = require "aio.timeline_text"

local dir = os.getenv("TMPDIR") or "build/tmp"
local support = arg[0]:gsub("[^/]*$", "support/")
local parse = dofile(support .. "parse.lua")
local entries = dofile(support .. "entries.lua")
local model = make(entries, 0, 2000000)

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

local function lines_of(s)
  local list = {}
  for line in (s .. "\n"):gmatch "(.-)\n" do list[#list + 1] = line end
  return list
end

do -- without a record
  local page = aio.timeline()
  tap.like(tostring(page), "aio.record%(%) begins", "says how to begin")
  tap.is(#page.requests, 0, "no requests")
  parse.xml(page:svg())
  parse.json(page:json())
end

do -- the model
  tap.is(#model.requests, 5, "five requests")
  local first = model.requests[1]
  tap.is(first.start, 1000000, "from the beginning of its io_submit")
  tap.is(first.at, 1100000, "to its return")
  tap.is(first.seen, 1500000, "seen")
  tap.is(first.taken, 1700000, "taken")
  tap.is(model.requests[4].seen, nil, "a poll in flight")
  tap.is(model.deepest, 4, "4 in flight")
  tap.is(model.overtaken, 3, "3 overtaken")
  tap.is(model.gap_worst, 50000, "the worst gap")
  tap.is(model.watched, 3, "3 watched")
  tap.is(#model.calls, 3, "3 calls")
  local depth = {}
  for i, step in ipairs(model.depth) do depth[i] = step[2] end
  tap.is(table.concat(depth, " "), "4 3 2 2 1", "depth by time")
end

do -- exact pictures
  for _, width in ipairs { 80, 160 } do
    for _, kind in ipairs { "ascii", "unicode" } do
      local got = text(model, { width = width, unicode = kind == "unicode" })
      local want = read(("%stimeline_%d_%s.txt"):format(support, width, kind))
      tap.is(got .. "\n", want, ("%d columns, %s"):format(width, kind))
    end
  end
end

do -- no line is wider than the terminal, whatever its width
  local ok = true
  for width = 20, 200 do
    for i, line in ipairs(lines_of(text(model, { width = math.max(width, 40),
                                                 unicode = true }))) do
      local legend = line:find "in io_submit"
      if not legend and utf8.len(line) > math.max(width, 40) then
        tap.note(("%d: line %d: %s"):format(width, i, line))
        ok = false
      end
    end
  end
  tap.ok(ok, "every width")
end

do -- colours by operation, red for errors
  local painted = {}
  text(model, { width = 80, unicode = true, paint = function(s, style)
    painted[#painted + 1] = style
    return s
  end })
  tap.is(table.concat(painted, " "), "dim dim dim green red cyan blue green",
         "colours")
end

do -- SVG
  local svg = require "aio.timeline_svg"(model)
  local count = parse.xml(svg)
  tap.is(count.svg, 1, "a picture")
  tap.is(count.g, 5, "a group for each request")
  tap.is(count.title, 5, "with a tip")
  tap.is(count.polygon, 1, "and the depth")
  tap.like(svg, '^<svg xmlns="http://www.w3.org/2000/svg" width="1000"',
           "stands alone")
  tap.ok(not svg:find "nan" and not svg:find "inf", "all numbers")
  local rect = '<rect x="([%d.-]+)" y="[%d.]+" width="([%d.]+)"'
  for x, width in svg:gmatch(rect) do
    if tonumber(x) < 0 or tonumber(x) + tonumber(width) > 1000 then
      tap.ok(false, "outside of the picture: " .. x)
    end
  end
end

-- The trace event format: what each kind of event must have.
local required = {
  X = { ts = "number", dur = "number", cat = "string" },
  M = { args = "table" },
  C = { ts = "number", args = "table" },
}

local function check_event(e)
  local rules = assert(required[e.ph], "an unknown phase " .. tostring(e.ph))
  assert(type(e.name) == "string", "no name")
  assert(math.type(e.pid) == "integer" and math.type(e.tid) == "integer",
         "no pid, no tid")
  for key, kind in pairs(rules) do
    assert(type(e[key]) == kind, e.ph .. " without " .. key)
  end
  assert(not e.ts or e.ts >= 0, "before the beginning")
  assert(not e.dur or e.dur >= 0, "a negative duration")
  if e.ph == "M" then
    assert(type(e.args.name) == "string", "a name without a name")
  elseif e.ph == "C" then
    for _, v in pairs(e.args) do assert(type(v) == "number") end
  end
end

-- Slices of one lane have to nest: each ends before the next begins, or is
-- inside of it.
local function check_nesting(events)
  local lanes = {}
  for _, e in ipairs(events) do
    if e.ph == "X" then
      lanes[e.tid] = lanes[e.tid] or {}
      table.insert(lanes[e.tid], e)
    end
  end
  for tid, list in pairs(lanes) do
    table.sort(list, function(a, b)
      return a.ts < b.ts or a.ts == b.ts and a.dur > b.dur
    end)
    local open = {}
    for _, e in ipairs(list) do
      while #open > 0 and open[#open] <= e.ts + 0.0005 do
        table.remove(open)
      end
      assert(#open == 0 or e.ts + e.dur <= open[#open] + 0.0011,
             ("%s does not nest on lane %d"):format(e.name, tid))
      open[#open + 1] = e.ts + e.dur
    end
  end
end

local function check_trace(s, requests)
  local ok, message = pcall(function()
    local trace = parse.json(s)
    assert(trace.displayTimeUnit == "ns", "displayTimeUnit")
    local n = 0
    for _, e in ipairs(trace.traceEvents) do
      check_event(e)
      if e.ph == "X" and e.args and e.args.id then n = n + 1 end
    end
    check_nesting(trace.traceEvents)
    assert(n == requests, n .. " requests")
  end)
  return ok or message
end

do -- JSON
  local json = require "aio.timeline_json"(model)
  tap.is(check_trace(json, 5), true, "follows the trace event format")
  tap.like(json, '"err":"EIO"', "the error's name")
  tap.is(check_trace((json:gsub('"ph":"X"', '"ph":"Y"', 1)), 5) == true, false,
         "the check can fail")
end

do -- a real one
  local path = dir .. "/timeline.dat"
  local f = assert(aio.open(path, "rdwr,creat"))
  f:truncate("1m")
  local ctx = assert(aio.setup(100))
  local record = aio.record()
  local list = {}
  for i = 1, 100 do
    list[i] = aio.pread(f, aio.buffer(512 << i % 8), nil, 512 * i)
  end
  ctx:submit(list)
  ctx:getevents(100)
  ctx:submit(aio.pread(f, aio.buffer(512)))
  aio.record(false)
  local page = aio.timeline()
  tap.is(#page.requests, 101, "all requests")
  tap.is(#aio.timeline(nil, record).requests, 101, "of a given record")
  local shown = lines_of(page:text(100, false))
  tap.like(shown[1], "^64 requests in .*, 1 context", "64 are drawn")
  tap.like(shown[2], "^the newest; 37 requests before them$", "the newest")
  tap.like(page:text(100, false), "#101 pread 512 @0 .*>  in flight\n",
           "up to the last one")
  tap.is(check_trace(page:json(), 101), true, "JSON has all")
  tap.is(parse.xml(page:svg()).g, 101, "SVG has many")
  for _, name in ipairs { "t.svg", "t.json", "t.txt" } do
    local file = dir .. "/" .. name
    tap.ok(aio.timeline(file), name)
    local s = read(file)
    tap.ok(name ~= "t.svg" or parse.xml(s).svg == 1, "is what it should be")
    tap.ok(name ~= "t.json" or check_trace(s, 101) == true, "as well")
    tap.ok(name ~= "t.txt" or s:find "^64 requests", "and this")
    os.remove(file)
  end
  tap.errno("ENOENT", "no such directory", aio.timeline(dir .. "/no/t.svg"))
  tap.raises("bad argument #1 to 'timeline'", "no name", aio.timeline, 5)
  ctx:getevents()
  os.remove(path)
end

tap.done()
