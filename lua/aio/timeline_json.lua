-- A timeline in the trace event format of Perfetto and chrome://tracing: each
-- request a slice on one of as many lanes as there were at once, the calls on
-- a lane of their own for each context, the depth as a counter.
local show = require "aio.show"

-- ---- JSON ----

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\" }

local function quote(s)
  return '"' .. s:gsub('[%c"\\\128-\255]', function(c)
    return escapes[c] or ("\\u%04x"):format(c:byte())
  end) .. '"'
end

local function encode(value)
  if type(value) == "string" then return quote(value) end
  if type(value) ~= "table" then
    return math.type(value) == "float" and ("%.3f"):format(value)
      or tostring(value)
  end
  local keys, parts = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do
    parts[i] = quote(key) .. ":" .. encode(value[key])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- ---- events ----

local PROCESS = 1
local REQUESTS = 1000 -- the first lane of a context's requests

local function us(ns)
  return ns / 1e3
end

-- The first lane of the context that is free at that time.
local function free_lane(lanes, ctx, from, to)
  lanes[ctx] = lanes[ctx] or {}
  local i = 1
  while lanes[ctx][i] and lanes[ctx][i] > from do i = i + 1 end
  lanes[ctx][i] = to
  return ctx * REQUESTS + i
end

local function slice(m, name, category, lane, from, to, args)
  return { ph = "X", name = name, cat = category, pid = PROCESS, tid = lane,
           ts = us(from - m.from), dur = us(to - from), args = args }
end

local function request_events(m, r, lane, put)
  local args = { id = r.id, context = r.ctx, fd = r.fd, nbytes = r.nbytes,
                 offset = r.offset, res = r.res, err = r.err, gap_ns = r.gap }
  local seen = r.seen or m.to
  put(slice(m, show.request(r), r.err and "failed" or tostring(r.op), lane,
            r.start, r.taken or m.to, args))
  put(slice(m, "io_submit", "phase", lane, r.start, r.at))
  put(slice(m, "in flight", "phase", lane, r.at, seen))
  if r.taken and r.taken > seen then
    put(slice(m, "not taken yet", "phase", lane, seen, r.taken))
  end
end

local names = { reap = "ring", collect = "io_destroy (collector)",
                listio = "lio_listio" }

local function call_event(m, e)
  local name = names[e.kind] or e.posix and show.posix_call(e.op)
    or "io_" .. e.kind
  return slice(m, name, "call", e.ctx * REQUESTS, e.at, e.at + e.ns,
               { n = e.n, res = e.res, err = e.err, done = e.done,
                 switches = e.switches })
end

local function lane_name(lane, name)
  return { ph = "M", name = "thread_name", pid = PROCESS, tid = lane,
           args = { name = name } }
end

local function whose(e)
  return e.posix and "POSIX AIO" or ("context %d"):format(e.ctx)
end

local function put_all(m, put)
  local lanes, named = {}, {}
  local function name_lane(lane, name)
    if not named[lane] then put(lane_name(lane, name)) end
    named[lane] = true
  end
  put { ph = "M", name = "process_name", pid = PROCESS, tid = 0,
        args = { name = "aiosh" } }
  for _, e in ipairs(m.calls) do
    name_lane(e.ctx * REQUESTS, whose(e) .. ": calls")
    put(call_event(m, e))
  end
  for _, r in ipairs(m.requests) do
    local lane = free_lane(lanes, r.ctx, r.start, r.taken or m.to)
    name_lane(lane, whose(r) .. ": requests")
    request_events(m, r, lane, put)
  end
  for _, step in ipairs(m.depth) do
    put { ph = "C", name = "in flight", pid = PROCESS, tid = 0,
          ts = us(step[1] - m.from), args = { requests = step[2] } }
  end
end

return function(m)
  local events = {}
  put_all(m, function(event) events[#events + 1] = encode(event) end)
  return ('{"displayTimeUnit":"ns","otherData":{"missed":"%d"},\n' ..
          '"traceEvents":[\n%s\n]}\n'):format(m.missed,
                                             table.concat(events, ",\n"))
end
