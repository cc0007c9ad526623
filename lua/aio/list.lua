-- Lists of requests in flight: what C does not know of them, requests over the
-- same bytes, and the text.
local show = require "aio.show"
local overlap = require "aio.overlap"

local list = {}

-- ---- completing the rows ----

local function path_of(iocb)
  local ok, path = pcall(function() return iocb.fd.path end)
  return ok and path or nil
end

-- The segments of a vector: {address, length} each, and their sum.
local function ranges_of(iocb)
  local ranges, sum = {}, 0
  pcall(function()
    for _, buf in ipairs(iocb.bufs) do
      ranges[#ranges + 1] = { buf.address, #buf }
      sum = sum + #buf
    end
  end)
  return ranges, sum
end

local vectored = { preadv = true, pwritev = true }

local function complete_row(r)
  r.path, r.range = r.path or path_of(r.obj), show.range(r)
  if vectored[r.op] then r.memory, r.bytes = ranges_of(r.obj) end
end

-- ---- overlaps ----

-- Calls each(a, b) for all pairs that meet, where spans(r) gives {from, to}.
local function sweep(rows, spans, each)
  local all, active = {}, {}
  for _, r in ipairs(rows) do
    for _, s in ipairs(spans(r)) do
      if s[2] > s[1] then all[#all + 1] = { s[1], s[2], r } end
    end
  end
  table.sort(all, function(a, b) return a[1] < b[1] end)
  for _, s in ipairs(all) do
    local still = {}
    for _, other in ipairs(active) do
      if other[2] > s[1] then
        each(other[3], s[3])
        still[#still + 1] = other
      end
    end
    still[#still + 1] = s
    active = still
  end
end

local function note(a, b, kind)
  if a == b then return end
  for _, pair in ipairs { { a, b }, { b, a } } do
    local r, id = pair[1], pair[2].id
    r.overlaps = r.overlaps or {}
    r.overlaps[id] = r.overlaps[id] and r.overlaps[id] ~= kind
      and "file and memory" or kind
  end
end

local function file_span(r)
  return { { r.offset, r.offset + (r.bytes or r.nbytes) } }
end

local function memory_spans(r)
  if type(r.memory) ~= "table" then
    return r.memory and { { r.memory, r.memory + r.nbytes } } or {}
  end
  local spans = {}
  for i, range in ipairs(r.memory) do
    spans[i] = { range[1], range[1] + range[2] }
  end
  return spans
end

local function by_file(rows)
  local files = {}
  for _, r in ipairs(rows) do
    if r.file then
      files[r.file] = files[r.file] or {}
      table.insert(files[r.file], r)
    end
  end
  return files
end

local function mark_overlaps(rows)
  for _, group in pairs(by_file(rows)) do
    sweep(group, file_span, function(a, b)
      if overlap.in_file(a, b) then note(a, b, "file") end
    end)
  end
  sweep(rows, memory_spans, function(a, b)
    if overlap.in_memory(a, b) then note(a, b, "memory") end
  end)
end

function list.complete(rows)
  for _, r in ipairs(rows) do complete_row(r) end
  table.sort(rows, function(a, b) return a.id < b.id end)
  mark_overlaps(rows)
end

-- ---- text ----

local function landing(r)
  if not r.memory then return nil end
  local reads = r.op == "pread" or r.op == "preadv"
  local first = r.memory
  if type(first) == "table" then first = first[1] and first[1][1] end
  return first and ("%s 0x%x"):format(reads and "into" or "from", first)
end

local function overlaps_text(r)
  if not r.overlaps then return nil end
  local ids = {}
  for id in pairs(r.overlaps) do ids[#ids + 1] = id end
  table.sort(ids)
  local parts = {}
  for i = 1, math.min(#ids, 3) do
    parts[i] = ("#%d (%s)"):format(ids[i], r.overlaps[ids[i]])
  end
  if #ids > 3 then parts[4] = ("and %d more"):format(#ids - 3) end
  return "! same bytes as " .. table.concat(parts, ", ")
end

local function row_text(r, several)
  local parts = { show.request(r) }
  local function add(text) if text then parts[#parts + 1] = text end end
  add(r.path)
  add(landing(r))
  add(r.eventfd and "eventfd " .. r.eventfd)
  add(r.done and "(done)")
  add(overlaps_text(r))
  return ("%4d  %s%-8s  %-4d  %s"):format(r.id,
    several and ("%-6s"):format(r.ctx or "") or "", show.duration(r.age), r.fd,
    table.concat(parts, "  "))
end

local function are_several(rows)
  for _, r in ipairs(rows) do
    if r.ctx ~= rows[1].ctx then return true end
  end
  return false
end

function list.text(rows)
  if #rows == 0 then return "nothing in flight" end
  local several = are_several(rows)
  local lines = { ("  id  %sage       fd    request"):format(
    several and "ctx   " or "") }
  for _, r in ipairs(rows) do lines[#lines + 1] = row_text(r, several) end
  return table.concat(lines, "\n")
end

return list
