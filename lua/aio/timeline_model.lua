-- What a timeline shows, worked out from the entries of a record:
--   {requests = list by id of {id, ctx, op, fd, nbytes, offset, start (of its
--    io_submit), at (its return), seen, taken, gap, res, err, revents},
--    calls, contexts, from, to, depth = list of {at, depth}, deepest,
--    overtaken, watched, gap_median, gap_worst, missed}
-- Times are aio.now()'s. A request that was not seen has neither seen nor
-- taken.
local model = {}

local function copy(into, from, keys)
  for key in keys:gmatch "%a+" do into[key] = from[key] end
  return into
end

local is_call = {
  setup = true, destroy = true, collect = true, submit = true,
  getevents = true, pgetevents = true, reap = true, cancel = true,
  posix = true, listio = true,
}

local submits = { submit = true, posix = true, listio = true }

local function add_request(m, e, submit)
  local r = copy({}, e, "id ctx op fd nbytes bytes offset at posix")
  r.start = submit and submit.ctx == e.ctx and submit.at or e.at
  m.requests[#m.requests + 1] = r
  m.by_id[e.id] = r
end

local function add_event(m, e)
  local r = m.by_id[e.id]
  if not r then return end
  copy(r, e, "seen gap res err revents")
  r.seen, r.taken = math.max(r.seen, r.at), e.at
end

local function read_entries(m, entries)
  local submit
  for _, e in ipairs(entries) do
    if submits[e.kind] then submit = e end
    if e.kind == "request" then
      add_request(m, e, submit)
    elseif e.kind == "event" then
      add_event(m, e)
    elseif is_call[e.kind] then
      m.calls[#m.calls + 1] = e
    end
  end
end

-- ---- figures ----

local function set_span(m, last)
  m.from, m.to = math.huge, -math.huge
  for _, r in ipairs(m.requests) do
    m.from = math.min(m.from, r.start)
    m.to = math.max(m.to, r.taken or last)
  end
  m.to = math.max(m.to, m.from + 1)
end

-- When the last of the entries was over.
local function last_moment(entries)
  local last = 0
  for _, e in ipairs(entries) do last = math.max(last, e.at + (e.ns or 0)) end
  return last
end

-- Accepted and not yet seen, as steps.
local function set_depth(m)
  local changes = {}
  for _, r in ipairs(m.requests) do
    changes[#changes + 1] = { r.at, 1 }
    if r.seen then changes[#changes + 1] = { r.seen, -1 } end
  end
  table.sort(changes, function(a, b) return a[1] < b[1] end)
  m.depth, m.deepest = {}, 0
  local depth, i = 0, 1
  while i <= #changes do
    local at = changes[i][1]
    while i <= #changes and changes[i][1] == at do
      depth, i = depth + changes[i][2], i + 1
    end
    m.depth[#m.depth + 1] = { at, depth }
    m.deepest = math.max(m.deepest, depth)
  end
end

-- How many were seen before one that its context was given earlier.
local function count_overtaken(m)
  local least, n = {}, 0 -- by context: when the last of the later ones came
  for i = #m.requests, 1, -1 do
    local r = m.requests[i]
    r.overtaken = least[r.ctx] ~= nil and (r.seen or math.huge) > least[r.ctx]
    n = n + (r.overtaken and 1 or 0)
    least[r.ctx] = math.min(least[r.ctx] or math.huge, r.seen or math.huge)
  end
  m.overtaken = n
end

local function set_gaps(m)
  local gaps = {}
  for _, r in ipairs(m.requests) do gaps[#gaps + 1] = r.gap end
  table.sort(gaps)
  m.watched = #gaps
  m.gap_median, m.gap_worst = gaps[(#gaps + 1) // 2], gaps[#gaps]
end

local function count_contexts(m)
  local seen = {}
  m.contexts = 0
  for _, r in ipairs(m.requests) do
    if not r.posix and not seen[r.ctx] then
      seen[r.ctx] = true
      m.contexts = m.contexts + 1
    end
  end
end

-- The newest n requests only, and what they span.
function model.newest(m, n)
  if #m.requests <= n then return m end
  local part = setmetatable({}, { __index = m })
  part.requests = table.move(m.requests, #m.requests - n + 1, #m.requests, 1,
                             {})
  part.hidden = #m.requests - n
  part.from, part.overtaken = math.huge, 0
  for _, r in ipairs(part.requests) do
    part.from = math.min(part.from, r.start)
    part.overtaken = part.overtaken + (r.overtaken and 1 or 0)
  end
  set_gaps(part)
  count_contexts(part)
  return part
end

-- now: while it is still being recorded.
function model.make(entries, missed, now)
  local m = { requests = {}, by_id = {}, calls = {}, missed = missed or 0 }
  read_entries(m, entries)
  table.sort(m.requests, function(a, b) return a.id < b.id end)
  if #m.requests > 0 then set_span(m, now or last_moment(entries)) end
  set_depth(m)
  count_overtaken(m)
  set_gaps(m)
  count_contexts(m)
  m.by_id = nil
  return m
end

return model
