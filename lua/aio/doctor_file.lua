-- The doctor's checks of a file: what it is, what direct I/O on it wants, and
-- what a scratch file beside it accepts and does asynchronously. The file
-- itself is opened for reading at the most, and nothing is read of it but,
-- where it is a block device, to see how that is done.
local aio = require "aio"
local filesystem = require "aio.filesystem"
local try = require "aio.doctor_try"

local has_scratch = { file = true, directory = true }
local ROOM = 8 << 20

-- ---- what it is ----

local function describe(f)
  local parts = { f.kind }
  if f.type == "file" or f.type == "block device" then
    parts[#parts + 1] = f.size .. " bytes"
  end
  if f.fs then
    local device = filesystem.device(f.dev)
    parts[#parts + 1] = "on " .. f.fs
      .. (device and " (" .. device .. ")" or "")
  elseif f.type == "block device" then
    parts[#parts + 1] = filesystem.device(f.rdev)
  end
  return table.concat(parts, ", ")
end

-- Facts without opening it: a name is enough for O_PATH, and needs no right
-- to read.
local function look(path)
  local name, message, errno = aio.open(path, "path")
  if not name then return nil, message, errno end
  local f = filesystem.facts(name, name)
  name:close()
  return f
end

local function check_access(add, f, opened, message)
  if not opened then
    add("bad", "access", message)
    return
  end
  local text = f.writable and "readable and writable"
    or "readable, not writable"
  add("ok", "access", f.type ~= "directory" and text or text
    .. "; AIO can only fsync and poll it, the rest is about files in it")
end

local function check_direct(add, f, direct, message)
  if not direct then
    add("warn", "O_DIRECT", "refused (%s)%s", message,
      message:find "EINVAL" and ": reads and writes are done inside io_submit"
      or "")
    return
  end
  local mem, offset, how = direct:dioalign()
  add("ok", "O_DIRECT", "accepted")
  if how == "fs block size" then
    add("note", "alignment", "no rule is told%s; %d for all is always enough",
      f.fs and " for " .. f.fs or "", offset)
  elseif mem then
    add("ok", "alignment", "memory %d, offset and length %d (%s)", mem, offset,
      how)
  else
    add("note", "alignment", "no rule is known%s", f.fs and " for " .. f.fs
      or "")
  end
end

-- ---- what it accepts ----

-- "pread, pwrite; EINVAL: noop"
local function list_of(names, results)
  local by_answer, order = {}, { true }
  for _, name in ipairs(names) do
    local answer = results[name]
    if answer and not by_answer[answer] then
      by_answer[answer] = {}
      if answer ~= true then order[#order + 1] = answer end
    end
    if answer then table.insert(by_answer[answer], name) end
  end
  for i, answer in ipairs(order) do
    local list = table.concat(by_answer[answer] or { "none" }, ", ")
    order[i] = answer == true and list or ("%s: %s"):format(answer, list)
  end
  return table.concat(order, "; ")
end

local function note_opcodes(add, report, ctx, f, names, scratch)
  report.opcodes = try.all_opcodes(ctx, f, names, scratch)
  add("ok", "opcodes", list_of(names, report.opcodes))
end

local function note_flags(add, report, ctx, f, op, scratch)
  if not f then return end
  local way = (f.direct and "direct " or "buffered ")
    .. (op == "pread" and "read" or "write")
  local flags = try.all_flags(ctx, f, op, scratch)
  report.rw_flags[way] = flags
  add("ok", "rw_flags", "%s: %s", way, list_of(try.flags, flags))
end

-- ---- the two ways to try ----

local function dirname(path, f)
  if f.type == "directory" then return path end
  return path:match("^(.*)/[^/]*$") or "."
end

local function measure(add, report, ctx, buffered, direct)
  local limit = aio.limits().fsize
  if aio.facts(buffered).free < ROOM or limit < ROOM then
    add("note", "patterns", "not measured: less than %d MiB of room",
      ROOM >> 20)
    return
  end
  report.patterns, report.requests, report.bytes =
    require "aio.doctor_measure".scratch(ctx, buffered, direct)
end

-- Where no scratch file can be made: what can be asked of the file itself.
local function ask_itself(add, report, ctx, path, f, opened)
  if f.type ~= "file" then return end
  local direct, message = aio.open(path, "rdonly,direct")
  check_direct(add, f, direct, message)
  note_opcodes(add, report, ctx, opened, try.harmless)
  note_flags(add, report, ctx, opened, "pread", false)
  note_flags(add, report, ctx, direct, "pread", false)
  if direct then direct:close() end
end

local function try_beside(add, report, ctx, path, f, opened)
  local buffered, direct, message = require "aio.doctor_scratch"(
    dirname(path, f))
  if not buffered then
    add("warn", "scratch file", "none can be made beside it (%s): writing and "
      .. "patterns were not tried", direct)
    ask_itself(add, report, ctx, path, f, opened)
    return
  end
  check_direct(add, filesystem.facts(buffered:fileno()), direct, message)
  buffered:write(("\0"):rep(8192), 0)
  note_opcodes(add, report, ctx, buffered, try.opcodes, true)
  for _, way in ipairs { buffered, direct } do
    note_flags(add, report, ctx, way, "pread", true)
    note_flags(add, report, ctx, way, "pwrite", true)
  end
  measure(add, report, ctx, buffered, direct)
  buffered:close()
  if direct then direct:close() end
end

-- A device: no bytes are moved, but a block device is read.
local function try_device(add, report, ctx, path, f, opened)
  note_opcodes(add, report, ctx, opened, try.reading)
  note_flags(add, report, ctx, opened, "pread", false)
  if f.type ~= "block device" then return end
  local direct, message = aio.open(path, "rdonly,direct")
  check_direct(add, f, direct, message)
  note_flags(add, report, ctx, direct, "pread", false)
  report.patterns, report.requests, report.bytes =
    require "aio.doctor_measure".device(ctx, opened, direct)
end

-- What is said of a FIFO is tried on a pipe of our own.
local function try_pipe(add, report, ctx)
  local r, w = aio.pipe()
  note_opcodes(add, report, ctx, r, try.reading)
  note_flags(add, report, ctx, r, "pread", false)
  add("note", "patterns", "reads and writes are done, and wait, inside "
    .. "io_submit; polls are asynchronous")
  r:close()
  w:close()
end

local function examine(add, report, ctx, path, f, opened)
  if f.type == "pipe" then
    try_pipe(add, report, ctx)
  elseif opened and has_scratch[f.type] then
    try_beside(add, report, ctx, path, f, opened)
  elseif opened then
    try_device(add, report, ctx, path, f, opened)
  end
end

-- Why a file is not even opened: opening itself does something.
local function untouched(f)
  if f.type == "pipe" then
    return "not opened, which would wake its other end: this is about a pipe "
      .. "of our own"
  elseif f.type == "socket" then
    return "a socket has to be connected, not opened"
  elseif f.type == "character device" and not f.rdev:find("^1:") then
    return "not opened: a device may act on that"
  end
end

local function open(add, path, f)
  local why = untouched(f)
  if why then
    add("note", "access", why)
    return nil
  end
  local opened, message = aio.open(path, "rdonly,nonblock")
  check_access(add, f, opened, message)
  return opened
end

-- list: rows as in lua/aio/doctor_system.lua; report: for machines.
return function(path, works)
  local list, report = {}, { path = path, rw_flags = {}, patterns = {} }
  local function add(status, name, format, ...)
    list[#list + 1] = { status = status, name = name,
      text = select("#", ...) > 0 and format:format(...) or format }
  end
  report.checks = list
  local f, message = look(path)
  if not f then
    add("bad", "file", message)
    return report
  end
  local opened = open(add, path, f)
  if opened then f.size = aio.facts(opened).size end
  table.insert(list, 1, { status = "ok", name = "file", text = describe(f) })
  report.facts = f
  local ctx = works and aio.setup(64)
  if ctx then
    examine(add, report, ctx, path, f, opened)
    ctx:destroy()
  end
  if opened then opened:close() end
  return report
end
