-- Buffers by prot and over files, also when the file is cut under them; and
-- what the collector does to buffers.

local aio = require "aio"
local tap = require "aio.tap"

local path = (os.getenv("TMPDIR") or "build/tmp") .. "/mapped.dat"

local function refuses(pattern, name, buf, method, ...)
  local args = table.pack(...)
  local call = "local b, a = ... return b:%s(table.unpack(a, 1, a.n))"
  tap.raises(pattern, name, assert(load(call:format(method))), buf, args)
end

-- Every method that reads, and every one that changes, with arguments.
local reads = {get = {}, peek = {}, check = {0}, crc32c = {}, hexdump = {},
  unpack = {0, "B"}}
local changes = {set = {0, "x"}, poke = {0, "x"}, fill = {0},
  pack = {0, "B", 1}}

local function all_refuse(buf, methods, pattern)
  for method, args in pairs(methods) do
    refuses(pattern, method .. " against prot", buf, method,
      table.unpack(args))
  end
end

do -- prot
  local none = assert(aio.buffer(4096, {prot = "none"}))
  all_refuse(none, reads, "buffer is not readable %(prot=none%)")
  all_refuse(none, changes, "buffer is not writable %(prot=none%)")
  refuses("not readable", "slices too", none:slice(0, 10), "get")
  local r = assert(aio.buffer(4096, {prot = "r"}))
  tap.is(r:get(), ("\0"):rep(4096), "prot=r can be read")
  all_refuse(r, changes, "buffer is not writable %(prot=r%)")
  refuses("not readable", "as the other side of check", aio.buffer(8),
    "check", none, 0, 8)
  local rw = assert(aio.buffer(4096, {prot = "rw"}))
  tap.is(rw:set(0, "x"):get(0, 1), "x", "prot=rw is a plain buffer")
  local big = assert(aio.buffer(100, {prot = "r", align = 1 << 20}))
  tap.is(big.address % (1 << 20), 0, "alignment of mapped memory")
  tap.is(none:close(), true, "close of mapped memory")
end

local function new_file(size)
  local f = assert(aio.open(path, "rdwr,creat,trunc"))
  assert(f:truncate(size))
  return f
end

do -- map
  local f = new_file("64k")
  f:write("0123456789", 4096)
  local buf = assert(aio.buffer("64k", {map = f}))
  tap.is(buf:get(4096, 10), "0123456789", "the file's bytes")
  buf:set(5000, "hello")
  tap.is(f:read(5, 5000), "hello", "changes go to the file")
  f:write("HELLO", 5000)
  tap.is(buf:get(5000, 5), "HELLO", "and come from it")
  local part = assert(aio.buffer(100, {map = f, offset = "4k"}))
  tap.is(part:get(0, 10), "0123456789", "from an offset")
  tap.errno("EINVAL", "an offset that is not a page's", aio.buffer(100,
    {map = f, offset = 100}))
  tap.errno("EINVAL", "an empty mapping", aio.buffer(0, {map = f}))
  buf:fill {random = 5}
  tap.is(buf:check {random = 5}, true, "fill and check")
  local copy = aio.buffer("64k"):set(0, f:read("64k"))
  tap.is(copy:crc32c(), buf:crc32c(), "crc32c")
  tap.is(copy:check(buf), true, "check against a mapping")
  tap.is(copy:hexdump(0, 256), buf:hexdump(0, 256), "hexdump")
  tap.is(buf:pack(65532, "<I4", 7), 65536, "pack")
  tap.is(buf:unpack(65532, "<I4"), 7, "unpack")
  f:close()
  tap.is(buf:check {random = 5}, false, "it outlives the file object")
  buf:close()
end

do -- a file that can't be written
  local f = new_file(4096)
  f:write("abc")
  f:close()
  f = assert(aio.open(path))
  local buf = assert(aio.buffer(4096, {map = f}))
  tap.is(buf:get(0, 3), "abc", "a read-only file is mapped read-only")
  all_refuse(buf, changes, "not writable %(prot=r%)")
  tap.errno("EACCES", "more than the file allows", aio.buffer(4096,
    {map = f, prot = "rw"}))
end

do -- truncated under the buffer
  local f = new_file("64k")
  local buf = assert(aio.buffer("64k", {map = f}))
  local slice = buf:slice(8192, 4096)
  buf:fill {seq = 1}
  f:truncate(4096)
  local tail = {get = {4096}, peek = {0}, check = {{seq = 1}}, crc32c = {},
    hexdump = {}, unpack = {4096, "i8"}, set = {4096, "x"},
    poke = {65535, "x"}, fill = {0}, pack = {8192, "B", 1}}
  for method, args in pairs(tail) do
    tap.errno("EFAULT", method .. " of what is cut off",
      buf[method](buf, table.unpack(args)))
  end
  local _, message = buf:get()
  tap.is(message,
    "read: Bad address (EFAULT): the mapped file was truncated",
    "the message tells why")
  tap.like(select(2, buf:set(9000, "x")), "^write: Bad address", "a change")
  tap.errno("EFAULT", "in a slice", slice:get())
  tap.errno("EFAULT", "as the other side of check",
    aio.buffer(4096):check(slice))
  tap.is(#buf:get(0, 4096), 4096, "what is left can be read")
  f:truncate("64k")
  tap.is(buf:get(4096, 2), "\0\0", "a file that grows again is there again")
  f:unlink()
end

-- The process' memory in MiB, where /proc tells.
local function resident()
  local f = io.open("/proc/self/statm")
  if f then
    local _, pages = f:read("n", "n")
    f:close()
    return pages * aio.limits().page_size >> 20
  end
end

-- ASan's quarantine alone keeps 256 MiB.
do -- garbage does not pile up
  for _, mode in ipairs {"incremental", "generational"} do
    collectgarbage(mode)
    collectgarbage()
    local before = resident()
    for _ = 1, 1000 do
      aio.buffer("1m"):fill(1)
    end
    local name = mode .. ": 1000 MiB of garbage"
    if before then
      tap.ok(resident() - before < 500, name .. " left "
        .. resident() - before)
    else
      tap.skip("no /proc/self/statm", name)
    end
  end
  collectgarbage("incremental")
end

-- Slices and buffers that die in any order, read by finalizers.
local function churn()
  local seen = 0
  for i = 1, 300 do
    local buf = aio.buffer(64 + i)
    local slice = buf:slice(i % 64, i % 7)
    setmetatable({}, {__gc = function()
      pcall(slice.get, slice)
      if i % 3 == 0 then
        buf:close()
      end
      seen = seen + 1
    end})
  end
  collectgarbage()
  collectgarbage()
  return seen
end

do -- collector stress
  tap.is(churn(), 300, "finalizers may use what dies with them")
  collectgarbage("generational")
  tap.is(churn(), 300, "generational")
  collectgarbage("incremental")
  local pause = collectgarbage("setpause", 0)
  tap.is(churn(), 300, "pause 0")
  collectgarbage("setpause", pause)
end

do -- a finalizer that closes the buffer while a method allocates
  collectgarbage("setpause", 0)
  local raised = 0
  for _ = 1, 50 do
    local buf = aio.buffer("256k")
    setmetatable({}, {__gc = function()
      buf:close()
    end})
    for _ = 1, 100 do
      local fine, message = pcall(buf.get, buf)
      if not fine then
        raised = raised + (message:find("closed", 1, true) and 1 or 1000)
        break
      end
    end
  end
  collectgarbage("setpause", 200)
  tap.is(raised, 50, "closed in the middle: an error, nothing worse")
end

tap.done()
