-- Files: opening, reading and writing at once, size, extents, alignment.

local aio = require "aio"
local tap = require "aio.tap"

local dir = os.getenv("TMPDIR") or "build/tmp"
local path = dir .. "/file.dat"

local function new_file(flags)
  return assert(aio.open(path, flags or "rdwr,creat,trunc"))
end

do -- open
  local f = new_file()
  tap.is(f.path, path, "path")
  tap.is(f.flags, "rdwr", "flags")
  tap.is(f.direct, false, "not direct")
  tap.is(tostring(f), "file '" .. path .. "' (rdwr)", "tostring")
  tap.is(math.type(f:fileno()), "integer", "fileno")
  tap.is(f:pollfd(), f:fileno(), "pollfd")
  tap.is(f:events(), "rw", "events")
  tap.is(f:timeout(), nil, "timeout")
  tap.is(aio.open(path).flags, "rdonly", "rdonly is the default")
  tap.is(aio.open(path, "").flags, "rdonly", "also of no flags at all")
  tap.is(aio.open(path, "wronly,append").flags, "wronly,append", "two flags")
  tap.is(aio.open(path, "append").flags, "rdonly,append", "no access mode")
  tap.is(aio.open(path, "sync,nonblock").flags, "rdonly,sync,nonblock",
    "sync is shown without the dsync in it")
  tap.is(aio.open(path, "dsync").flags, "rdonly,dsync", "dsync")
  tap.is(aio.open(path, "path").flags, "rdonly,path", "path")
  tap.is(aio.open(dir, "directory").flags, "rdonly,directory", "directory")
  tap.is(aio.open(path, aio.O_WRONLY | aio.O_APPEND).flags, "wronly,append",
    "a number")
  tap.is(aio.open(path, "wronly"):events(), "w", "events of wronly")
  tap.is(aio.open(path):events(), "r", "events of rdonly")
end

do -- open refused
  tap.errno("ENOENT", "no such file", aio.open(dir .. "/none"))
  local _, message = aio.open(dir .. "/none")
  tap.is(message, "open: No such file or directory (ENOENT): " .. dir
    .. "/none", "the message names it")
  tap.errno("EEXIST", "excl", aio.open(path, "rdwr,creat,excl"))
  tap.errno("ENOTDIR", "directory", aio.open(path, "directory"))
  tap.errno("EISDIR", "writing a directory", aio.open(dir, "rdwr"))
  tap.errno("ENOENT", "an empty path", aio.open(""))
  tap.raises("unknown flag 'r' .did you mean 'rdonly'", "r", aio.open, path,
    "r")
  tap.raises("#2 to 'aio.open' .*'rdwrr'", "rdwrr", aio.open, path, "rdwrr")
  tap.raises("only one of rdonly, wronly and rdwr", "two access modes",
    aio.open, path, "rdonly,rdwr")
  tap.raises("zero byte", "a zero in the path", aio.open, "a\0b")
  tap.raises("string expected, got no value", "no path", aio.open)
  tap.raises("string or number expected", "flags", aio.open, path, {})
end

local function mode_of(mode)
  os.remove(path)
  local f = assert(aio.open(path, "rdwr,creat", mode))
  f:close()
  local p = io.popen("stat -c %a '" .. path .. "'")
  local text = p:read("l")
  p:close()
  return text
end

do -- modes
  tap.is(mode_of(), "644", "the default mode")
  tap.is(mode_of("600"), "600", "octal in a string")
  tap.is(mode_of("0640"), "640", "with a leading zero")
  tap.is(mode_of(384), "600", "a number")
  for _, mode in ipairs {0, 420, 438, 384, 511, 493, 256, 448, 416, 436,
      0x1ff, 420.0} do
    tap.ok(aio.open(path, 0, mode), ("number %d is octal %o"):format(mode,
      mode // 1 | 0))
  end
  for _, mode in ipairs {644, 755, 600, 666, 777, 700, 640, 1777, 400, 444,
      500, 4755, 664, 755.0} do
    tap.raises("octal typed in decimal? write \"" .. (mode // 1 | 0) .. "\"",
      "number " .. mode, aio.open, path, 0, mode)
  end
  tap.raises("not in 0..7777", "number -1", aio.open, path, 0, -1)
  tap.raises("over octal 7777", "number 4096", aio.open, path, 0, 4098)
  tap.raises("no integer value", "number 420.5", aio.open, path, 0, 420.5)
  for _, mode in ipairs {"", "8", "rw", "-644", "64 4", "0x1ff", "77777"} do
    tap.raises("is not octal like \"644\"", "string '" .. mode .. "'",
      aio.open, path, 0, mode)
  end
end

do -- read and write
  local f = new_file()
  tap.is(f:write("hello"), 5, "write")
  tap.is(f:read(100), "hello", "read stops at the end")
  tap.is(f:write("world", 10), 5, "write at an offset")
  tap.is(f:read(10, 5), "\0\0\0\0\0world", "read at an offset")
  tap.is(f:read(3), "hel", "always at 0 without one")
  tap.is(f:read(10, 1000), "", "behind the end")
  tap.is(f:read(0), "", "nothing")
  tap.is(f:write(""), 0, "write nothing")
  tap.is(f:write("x", "4k"), 1, "offset 4k")
  tap.is(f:size(), 4097, "size")
  tap.errno("EINVAL", "a negative offset", f:read(1, -1))
  tap.like(select(2, f:read(1, -1)), "^pread: Invalid argument",
    "the call is named")
  tap.errno("EBADF", "reading what is write-only",
    aio.open(path, "wronly"):read(1))
  tap.errno("EBADF", "writing what is read-only", aio.open(path):write("x"))
  tap.errno("EISDIR", "reading a directory", aio.open(dir):read(1))
  tap.raises("#2 to 'read' ('x' is not a size", "a string as offset", function()
    f:read(1, "x")
  end)
  local a = new_file("wronly,append")
  tap.is(a:write("!", 0), 1, "append")
  tap.is(f:read(1, 4097), "!", "whatever the offset")
  local zero = aio.open("/dev/zero")
  tap.is(zero:read(3), "\0\0\0", "a device")
  tap.errno("ENOSPC", "a full one", aio.open("/dev/full", "wronly"):write("x"))
end

do -- direct
  local f, message = aio.open(path, "rdwr,creat,trunc,direct")
  if f then
    local text = ("0123456789abcdef"):rep(256)
    tap.is(f.direct, true, "direct")
    tap.is(f.flags, "rdwr,direct", "direct in flags")
    tap.is(f:write(text), 4096, "a direct write of a string")
    tap.is(f:read(4096), text, "a direct read")
    tap.is(f:read("8k"), text, "across the end")
    f:close()
  else
    tap.skip(message, 5)
  end
end

do -- size
  local f = new_file()
  tap.is(f:truncate("1m"), true, "truncate")
  tap.is(f:size(), 1 << 20, "makes it longer")
  f:truncate(100)
  tap.is(f:size(), 100, "or shorter")
  tap.errno("EINVAL", "truncate to -1", f:truncate(-1))
  tap.errno("EINVAL", "truncate read-only", aio.open(path):truncate(1))
  tap.is(f:sync(), true, "sync")
  tap.is(f:drop_cache(), true, "drop_cache")
  tap.errno("EINVAL", "fallocate nothing", f:fallocate(0, 0))
  tap.errno("EINVAL", "fallocate at -1", f:fallocate(-1, 10))
  tap.errno("EINVAL", "fallocate -1 bytes", f:fallocate(0, -1))
  local ok, message, errno = f:fallocate(4096, "64k")
  if errno == aio.EOPNOTSUPP then
    tap.skip(message, 3)
  else
    tap.is(ok, true, "fallocate")
    tap.is(f:size(), 4096 + 65536, "extends the file")
    f:fallocate(0, "1m", "keep_size")
    tap.is(f:size(), 4096 + 65536, "not with keep_size")
  end
  tap.raises("number expected", "truncate without a size", function()
    f:truncate()
  end)
end

local function all_extents(f)
  local sum = 0
  for _, e in ipairs(assert(f:extents())) do
    assert(e.flags == "" or type(e.flags) == "string")
    assert(math.type(e.physical) == "integer")
    sum = sum + e.length
  end
  return sum
end

do -- extents
  local f = new_file()
  local list, message = f:extents()
  if list then
    tap.is(#list, 0, "no extents in an empty file")
    for i = 0, 99 do
      f:write("x", i * 65536)
    end
    list = f:extents()
    tap.is(#list, 100, "as many as there are, over several calls")
    tap.is(list[100].offset, 99 * 65536, "in order")
    tap.like(list[100].flags, "last", "the last one says so")
    tap.ok(not list[99].flags:find("last"), "the others don't")
    tap.ok(all_extents(f) >= 100 * 512, "lengths")
  else
    tap.errno("EOPNOTSUPP", "extents: " .. message, f:extents())
  end
  tap.errno("EOPNOTSUPP", "extents of a pipe", aio.pipe():extents())
end

do -- dioalign
  local f = new_file()
  local mem, offset, how = f:dioalign()
  if mem then
    tap.ok(mem >= 1 and offset >= 512 and offset & offset - 1 == 0,
      ("dioalign: %d %d by %s"):format(mem, offset, how))
    tap.is(type(how), "string", "where it was learnt")
    local d = aio.open(path, "rdwr,direct")
    if d then
      tap.is(d:write(("x"):rep(offset)), offset, "direct writes take it")
    else
      tap.skip("no direct I/O here", 1)
    end
  else
    tap.errno("EOPNOTSUPP", "no direct I/O here", f:dioalign())
  end
  tap.errno("EOPNOTSUPP", "dioalign of a pipe", aio.pipe():dioalign())
  tap.errno("EOPNOTSUPP", "dioalign of a directory", aio.open(dir):dioalign())
end

do -- close, unlink
  local f = new_file()
  local number = f:fileno()
  tap.is(f:close(), true, "close")
  tap.is(f:close(), true, "close twice")
  tap.is(tostring(f), "file (closed)", "tostring tells")
  tap.is(aio.open("/dev/null"):fileno(), number, "the number is free")
  for method, args in pairs {read = {1}, write = {"x"}, size = {},
      truncate = {0}, fallocate = {0, 1}, sync = {}, drop_cache = {},
      extents = {}, dioalign = {}, fileno = {}, pollfd = {}, events = {},
      timeout = {}} do
    tap.raises("file is closed", method .. " of a closed file", function()
      f[method](f, table.unpack(args))
    end)
  end
  for _, field in ipairs {"direct", "flags"} do
    tap.raises("file is closed", field .. " of a closed file", function()
      return f[field]
    end)
  end
  tap.is(f.path, path, "its path is still known")
  tap.is(f:unlink(), true, "unlink of a closed file")
  tap.errno("ENOENT", "unlink twice", f:unlink())
  local g = assert(aio.open(path, "rdwr,creat"))
  g:unlink()
  tap.is(g:write("x"), 1, "an unlinked file still works")
  tap.is(io.open(path), nil, "its name is gone")
  local stolen = g:fileno()
  tap.is(aio.open("/proc/self/fd/" .. stolen).flags, "rdonly", "by its number")
  local kept
  do
    local scoped <close> = assert(aio.open("/dev/null"))
    kept = scoped
  end
  tap.is(tostring(kept), "file (closed)", "<close> closes")
  tap.raises("file has no field 'sise'", "an unknown field", function()
    return kept.sise
  end)
end

do -- descriptors do not leak
  collectgarbage()
  collectgarbage()
  local first = assert(aio.open("/dev/null")):fileno()
  for _, mode in ipairs {"incremental", "generational"} do
    collectgarbage(mode)
    for i = 1, 100 do
      assert(aio.open("/dev/null"))
      aio.open(dir .. "/none")
      if i % 10 == 0 then
        collectgarbage()
      end
    end
  end
  collectgarbage("incremental")
  collectgarbage()
  collectgarbage()
  tap.is(aio.open("/dev/null"):fileno(), first, "collected files are closed")
end

do -- close-on-exec
  local f = new_file()
  local p = io.popen("test -e /proc/self/fd/" .. f:fileno()
    .. " && readlink /proc/self/fd/" .. f:fileno() .. " || echo closed")
  tap.ok(not p:read("a"):find("file.dat", 1, true), "children don't get it")
  p:close()
  f:unlink()
end

tap.done()
