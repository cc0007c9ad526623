-- Examples that can be pasted: those in the manual use names that stand for
-- objects (ctx, f, buf); what makes these is put before them.
local words = require "aio.words"

local SUBMIT = "ctx:submit(aio.pread(f, buf))"

-- {name, type, how it is made, and what that takes}
local f = { "f", "file", 'f = aio.open("/tmp/example.dat", "rdwr,creat")' }
local buf = { "buf", "buffer", "buf = aio.buffer(4096)" }
local other = { "other", "buffer", "other = aio.buffer(512)" }
local w = { "w", "waiter", "w = aio.waiter()" }
local efd = { "efd", "eventfd", "efd = aio.eventfd()" }

-- In the order of making.
local standing = {
  { "ctx", "context", "ctx = aio.setup(8)" },
  f, buf, other,
  { "r", "file", "r, w = aio.pipe()" },
  w, efd,
  { "t", "timer", "t = aio.timer(1)" },
  { "s", "signals", 's = aio.signals("SIGUSR1")' },
  { "cb", "iocb", "cb = aio.pread(f, buf)", { "f", "buf" } },
  { "ev", "table", "ctx:submit(aio.pread(f, buf)); ev = ctx:getevents(1)[1]",
    { "ctx", "f", "buf" } },
  { "h", "histogram", "h = aio.histogram()" },
  { "all", "histogram", "all = aio.histogram()" },
  { "reads", "histogram", "reads = aio.histogram()" },
  { "writes", "histogram", "writes = aio.histogram()" },
  { "tap", "table", 'tap = require "aio.tap"' },
}

-- In some sections the same names are other objects.
local sections = {}

sections.libaio = {
  { "libaio", "table", 'libaio = require "aio.libaio"' },
  f, buf,
  { "ctx", "table", "ctx = libaio.io_context_t(); libaio.io_setup(8, ctx)" },
  { "cb", "table", "cb = libaio.iocb(); libaio.io_prep_pread(cb, f, buf, 4096, "
    .. "0)", { "f", "buf" } },
  { "ev", "table", "ev = {}" },
  efd,
}

sections.posix = {
  { "posix", "table", 'posix = require "aio.posix"' },
  f, buf, other, w,
  { "cb", "aiocb", "cb = posix.aiocb{fd=f, buf=buf}",
    { "posix", "f", "buf" } },
  { "first", "aiocb", "first = posix.aiocb{fd=f, buf=buf}",
    { "posix", "f", "buf" } },
  { "second", "aiocb", "second = posix.aiocb{fd=f, buf=other}",
    { "posix", "f", "other" } },
}

local function without_strings(code)
  return (code:gsub("%-%-[^\n]*", ""):gsub('"[^"\n]*"', '""'))
end

local function add_all(set, list)
  for name in list:gmatch("[%a_][%w_]*") do
    set[name] = true
  end
end

-- What the code gives values to by itself: assignments at the start of a
-- statement, loops.
local function assigned(code)
  local set = {}
  for list in ("\n" .. code):gmatch("[\n;]%s*([%w_, ]-)%s*=[^=]") do
    add_all(set, list:gsub("^local ", ""))
  end
  for list in code:gmatch("for ([%w_, ]-) in ") do
    add_all(set, list)
  end
  for list in code:gmatch("local ([%w_, ]+)") do
    add_all(set, list)
  end
  return set
end

local function used(code)
  local set = {}
  for before, name in code:gmatch("([^%w_]?)%f[%w_]([%a_][%w_]*)") do
    if before ~= "." and before ~= ":" then
      set[name] = true
    end
  end
  return set
end

-- Events are taken, of requests that the code does not submit.
local function takes_events(code)
  if code:find("submit", 1, true) then return false end
  for _, method in ipairs { "getevents", "each", "run" } do
    if code:find("ctx:" .. method .. "(", 1, true) then return true end
  end
  return false
end

-- A global of that name that will do.
local function is_there(name, kind)
  local value = rawget(_G, name)
  return type(value) == kind or value ~= nil and words.typeof(value) == kind
end

local function needed(code, list)
  local need, made = used(code), assigned(code)
  for i = #list, 1, -1 do
    local name, kind, _, takes = table.unpack(list[i])
    need[name] = need[name] and not made[name] and not is_there(name, kind)
    for _, dependency in ipairs(need[name] and takes or {}) do
      need[dependency] = true
    end
  end
  if need.r then
    need.w = nil -- the other end of that pipe
  end
  return need
end

-- The example of an entry, with what it needs.
return function(entry)
  local list = sections[entry.section] or standing
  local code = without_strings(entry.Example)
  local taking = list == standing and takes_events(code)
  local need = needed(taking and code .. "\n" .. SUBMIT or code, list)
  local lines = {}
  for _, item in ipairs(list) do
    if need[item[1]] then
      lines[#lines + 1] = item[3]
    end
  end
  if taking then lines[#lines + 1] = SUBMIT end
  lines[#lines + 1] = entry.Example
  return table.concat(lines, "\n")
end
