-- Entries of a record as text, in the manner of strace: calls with what they
-- were given decoded. #7 is a request's number.
local aio = require "aio"
local show = require "aio.show"

local LONGEST = 32 -- elements of a list, as with strace

-- ---- requests and events ----

local function descriptor(r)
  return r.path and ("%d<%s>"):format(r.fd, r.path) or tostring(r.fd)
end

local ranged = { pread = true, pwrite = true, preadv = true, pwritev = true }

local function request_text(r)
  local parts = { r.id and "#" .. r.id, r.op, descriptor(r) }
  if not r.id then parts = { parts[2], parts[3] } end
  if type(r.op) == "number" then parts[#parts - 1] = "opcode=" .. r.op end
  if r.op == "poll" then parts[#parts + 1] = r.events or "0" end
  if ranged[r.op] or r.nbytes ~= 0 or r.offset ~= 0 then
    parts[#parts + 1] = r.bytes and ("%d segments"):format(r.nbytes)
      or tostring(r.nbytes)
    parts[#parts + 1] = "@" .. r.offset
  end
  for _, key in ipairs { "rw_flags", "resfd", "flags", "reqprio" } do
    if r[key] then parts[#parts + 1] = key .. "=" .. r[key] end
  end
  return "{" .. table.concat(parts, " ") .. "}"
end

local function event_text(e)
  local result = e.revents or e.err and "-" .. e.err or tostring(e.res)
  if not e.id then return ("{foreign %s}"):format(result) end
  local after = e.submitted and
    " +" .. aio.duration(math.max(e.seen - e.submitted, 0)) or ""
  return ("{#%d %s%s}"):format(e.id, result, after)
end

local function list_text(list, text)
  local parts = {}
  for i = 1, math.min(#list, LONGEST) do parts[i] = text(list[i]) end
  if #list > LONGEST then parts[#parts + 1] = "..." end
  return "[" .. table.concat(parts, ", ") .. "]"
end

-- ---- calls ----

local function name(e)
  return "ctx" .. e.ctx
end

local function timeout_text(e)
  if not e.timeout then return "NULL" end
  return ("{%s s}"):format(("%.6f"):format(e.timeout / 1e9)
                           :gsub("0+$", ""):gsub("%.$", ""))
end

local function wait_text(e, taken)
  return ("%s, %d, %d, %s, %s"):format(name(e), e.min_nr, e.n,
    list_text(taken, event_text), timeout_text(e))
end

-- How each kind of call is written: its name and its arguments.
local calls = {}

function calls.setup(e) return "io_setup", ("%d"):format(e.n & 0xffffffff) end

function calls.submit(e, requests)
  return "io_submit", ("%s, %d, %s"):format(name(e), e.n,
                                            list_text(requests, request_text))
end

function calls.posix(e, requests)
  return show.posix_call(e.op), request_text(requests[1])
end

function calls.listio(e, requests)
  return "lio_listio", ("%s, %d"):format(list_text(requests, request_text), e.n)
end

function calls.getevents(e, taken)
  return "io_getevents", wait_text(e, taken)
end

function calls.pgetevents(e, taken)
  local mask = e.blocked and "[" .. e.blocked .. "]" or "NULL"
  return "io_pgetevents", wait_text(e, taken) .. ", " .. mask
end

-- No system call: what it takes is in memory that is shared with the kernel.
function calls.reap(e, taken)
  return "ring", ("%s, %d, %s"):format(name(e), e.n,
                                       list_text(taken, event_text))
end

function calls.cancel(e)
  return "io_cancel", ("%s, %s"):format(name(e), e.id and "#" .. e.id or "?")
end

function calls.destroy(e) return "io_destroy", name(e) end
calls.collect = calls.destroy

local function result_text(e)
  if not e.res then return "? (by the collector, in a thread)" end
  if e.res < 0 then
    return ("-1 %s (%s)"):format(e.err or -e.res, aio.strerror(-e.res))
  end
  if e.kind == "setup" then return name(e) end
  if e.posix then return e.res == e.n and "0" or "-1" end
  return tostring(e.res)
end

local function notes(e)
  if e.kind == "submit" and e.res > 0 then
    return (e.done and (" %d done"):format(e.done) or "")
      .. (e.switches and e.switches > 0
          and (", %d switches"):format(e.switches) or "")
  elseif e.kind == "destroy" and e.n > 0 then
    return (" %d events lost"):format(e.n)
  end
  return ""
end

-- That a request of POSIX AIO has ended is what aio_error says.
local function end_text(e)
  return ("aio_error(%s) = %d"):format(event_text(e), math.max(-e.res, 0))
end

-- A call; list has its requests, or the events that it took.
return function(e, list)
  if e.kind == "event" then return end_text(e) end
  local call, arguments = calls[e.kind](e, list)
  return ("%s(%s) = %s <%s>%s"):format(call, arguments, result_text(e),
                                       aio.duration(e.ns), notes(e))
end
