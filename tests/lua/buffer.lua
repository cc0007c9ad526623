-- Buffers: making, bytes in and out, slices, closing.

local aio = require "aio"
local tap = require "aio.tap"

-- buf:name(...) raises; as a method call, so that errors count arguments as
-- the user does.
local function refuses(pattern, name, buf, method, ...)
  local args = table.pack(...)
  local call = "local b, a = ... return b:%s(table.unpack(a, 1, a.n))"
  tap.raises(pattern, name, assert(load(call:format(method))), buf, args)
end

do -- making
  local buf = aio.buffer(4096)
  tap.is(#buf, 4096, "a buffer has its size")
  tap.is(buf.align, 4096, "the default alignment")
  tap.is(buf.address % 4096, 0, "which the address has")
  tap.is(buf:get(), ("\0"):rep(4096), "it starts as zeros")
  tap.is(buf.inflight, 0, "nothing is in flight")
  tap.is(tostring(buf), "buffer (4096 bytes, align 4096)", "tostring")
  tap.is(#aio.buffer("4k"), 4096, "4k")
  tap.is(#aio.buffer("1m"), 1 << 20, "1m")
  tap.is(#aio.buffer(512.0), 512, "a float with an integer value")
  tap.is(#aio.buffer(0), 0, "an empty buffer")
  for shift = 3, 16 do
    local b = aio.buffer(10, 1 << shift)
    if b.address % (1 << shift) ~= 0 or b.align ~= 1 << shift then
      tap.ok(false, "alignment " .. (1 << shift))
    end
  end
  tap.is(aio.buffer(10, {align = 64}).align, 64, "align as an option")
end

do -- refusals
  local call = "^posix_memalign: "
  for _, align in ipairs {0, 1, 3, 4, 100, 4095} do
    tap.errno("EINVAL", "align " .. align, aio.buffer(10, align))
  end
  local _, message = aio.buffer(10, 3)
  tap.like(message, call .. "Invalid argument %(EINVAL%): align 3",
    "the message names the cause")
  tap.errno("ENOMEM", "more than there is", aio.buffer(1 << 46))
  tap.errno("ENOMEM", "the largest integer", aio.buffer(math.maxinteger))
  tap.errno("EINVAL", "the largest alignment", aio.buffer(10, math.maxinteger))
  tap.errno("EINVAL", "mapped: alignment", aio.buffer(10,
    {prot = "r", align = 3}))
  tap.errno("ENOMEM", "mapped: more than there is", aio.buffer(
    math.maxinteger, {prot = "none"}))
  tap.raises("#1 to 'aio.buffer' (-1 is negative)", "size -1", aio.buffer, -1)
  tap.raises("no integer value", "size 1.5", aio.buffer, 1.5)
  tap.raises("no integer value", "size NaN", aio.buffer, 0 / 0)
  tap.raises("no integer value", "size 2^63", aio.buffer, 2 ^ 63)
  tap.raises("too large", "size that overflows", aio.buffer, "9999999999g")
  tap.raises("is not a size", "size x", aio.buffer, "x")
  tap.raises("number expected, got no value", "no size", aio.buffer)
  tap.raises("#2 .*is negative", "align -8", aio.buffer, 10, -8)
  tap.raises("unknown field 'aline'", "an unknown option", aio.buffer, 10,
    {aline = 8})
  tap.raises("bad field 'prot'", "an unknown prot", aio.buffer, 10,
    {prot = "w"})
  tap.raises("bad field 'offset'", "offset of no file", aio.buffer, 10,
    {offset = 0})
  tap.raises("bad field 'align'", "align of a file", aio.buffer, 10,
    {align = 8, map = 0})
  tap.raises("bad field 'map' .*%(something with a descriptor",
    "map of what has no descriptor", aio.buffer, 10, {map = {}})
  tap.errno("EBADF", "map of no descriptor", aio.buffer(10, {map = -1}))
end

do -- get and set
  local buf = aio.buffer(16)
  tap.is(buf:set(2, "abc"), buf, "set returns the buffer")
  tap.is(buf:get(0, 6), "\0\0abc\0", "get reads what set wrote")
  tap.is(buf:get(13), "\0\0\0", "get to the end")
  tap.is(buf:get(16), "", "get at the end")
  tap.is(buf:get(3, 0), "", "get nothing")
  buf:set(16, "")
  buf:set(0, "a\0b")
  tap.is(buf:get(0, 3), "a\0b", "embedded zeros")
  tap.is(buf:poke(0, "xyz"), buf, "poke returns the buffer")
  tap.is(buf:peek(0, 3), "xyz", "peek reads what poke wrote")
  refuses("#1 to 'get' %(offset 17 is outside of the buffer %(16 bytes%)",
    "get behind the end", buf, "get", 17)
  refuses("17 bytes at offset 0 do not fit", "get too much", buf, "get", 0, 17)
  refuses("do not fit", "no overflow", buf, "get", 1, math.maxinteger)
  refuses("#2 to 'get' .-1 is negative", "length -1", buf, "get", 0, -1)
  refuses("#1 to 'get' .-1 is negative", "offset -1", buf, "get", -1)
  refuses("no integer value", "offset NaN", buf, "get", 0 / 0)
  refuses("no integer value", "offset 0.5", buf, "get", 0.5)
  refuses("#1 to 'set'.*3 bytes at offset 14", "set past the end", buf, "set",
    14, "abc")
  refuses("number expected", "set without an offset", buf, "set", nil, "abc")
  refuses("string expected", "set without a string", buf, "set", 0)
  refuses("do not fit", "poke past the end", buf, "poke", 14, "abc")
  refuses("outside", "peek past the end", buf, "peek", 17)
end

do -- pack and unpack
  local buf = aio.buffer(64)
  tap.is(buf:pack(4, "<I4I8", 1, 2), 16, "pack returns the offset behind")
  tap.is(buf:get(4, 12), ("<I4I8"):pack(1, 2), "what string.pack says")
  local a, b, after = buf:unpack(4, "<I4I8")
  tap.ok(a == 1 and b == 2 and after == 16, "unpack reads it back")
  tap.is(buf:pack(16, "z", "hello"), 22, "pack a string")
  local s, next = buf:unpack(16, "z")
  tap.ok(s == "hello" and next == 22, "unpack a string")
  tap.is(select("#", buf:unpack(0, "")), 1, "unpack nothing")
  tap.is((buf:unpack(64, "")), 64, "at the end")
  refuses("8 bytes at offset 60", "pack past the end", buf, "pack", 60, "i8",
    0)
  refuses("4 bytes at offset 62", "unpack past the end", buf, "unpack", 62,
    "i4")
  refuses("invalid format option", "pack: a bad format", buf, "pack", 0, "?",
    0)
  refuses("invalid format option", "unpack: a bad format", buf, "unpack", 0,
    "?")
  refuses("number expected", "pack: a missing value", buf, "pack", 0, "i4")
  refuses("string expected", "unpack without a format", buf, "unpack", 0)
  refuses("data string too short", "a string that ends late", buf, "unpack",
    0, "c3s1i8i8i8i8i8i8i8i8i8")
  local pack = string.pack
  string.pack = error -- luacheck: ignore
  tap.is(buf:pack(0, "B", 1), 1, "string.pack can't be taken away")
  string.pack = pack -- luacheck: ignore
end

do -- slices
  local buf = aio.buffer(4096):fill("seq")
  local slice = buf:slice(1, 511)
  tap.is(#slice, 511, "a slice has its size")
  tap.is(slice.align, 1, "misaligned on purpose")
  tap.is(buf:slice(512, 512).align, 512, "an aligned slice")
  tap.is(buf:slice(0, 4).align, 4096, "no more than its parent")
  tap.is(slice.address, buf.address + 1, "a view, not a copy")
  tap.is(slice:get(0, 3), "\1\2\3", "of the same bytes")
  tap.is(tostring(slice), "buffer (511 bytes at 1 of 4096, align 1)",
    "tostring of a slice")
  slice:set(0, "x")
  tap.is(buf:get(1, 1), "x", "both ways")
  local inner = slice:slice(10, 5)
  tap.is(inner.address, buf.address + 11, "a slice of a slice")
  tap.is(#buf:slice(4096, 0), 0, "an empty slice at the end")
  refuses("#1 to 'slice'.*2 bytes at offset 4095", "past the end", buf,
    "slice", 4095, 2)
  refuses("do not fit", "no overflow", slice, "slice", 1, math.maxinteger)
  refuses("do not fit", "not past its own end", slice, "slice", 0, 512)
  tap.is(slice:close(), true, "close of a slice")
  tap.is(tostring(slice), "buffer (closed)", "it is closed")
  tap.is(inner:get(0, 1), "\11", "its slice is not")
  tap.is(buf:get(0, 1), "\0", "its parent is not")
  buf:close()
  tap.is(tostring(inner), "buffer (closed)", "closing the buffer closes all")
end

do -- a slice keeps its parent
  local slice = aio.buffer(4096):fill(7):slice(100, 1)
  for _ = 1, 10 do
    collectgarbage()
  end
  tap.is(slice:get(), "\7", "the parent of a slice is not collected")
end

do -- closing
  local buf = aio.buffer(512)
  tap.is(buf:close(), true, "close")
  tap.is(buf:close(), true, "close twice")
  tap.is(tostring(buf), "buffer (closed)", "tostring tells")
  for method, args in pairs {get = {}, set = {0, ""}, peek = {}, fill = {0},
      poke = {0, ""}, check = {0}, slice = {0, 0}, crc32c = {}, hexdump = {},
      pack = {0, "B", 1}, unpack = {0, "B"}} do
    refuses("buffer is closed", method .. " of a closed buffer", buf, method,
      table.unpack(args))
  end
  tap.raises("closed", "length of a closed buffer", function()
    return #buf
  end)
  for _, field in ipairs {"align", "address", "inflight"} do
    tap.raises("closed", field .. " of a closed buffer", function()
      return buf[field]
    end)
  end
  local kept
  do
    local scoped <close> = aio.buffer(8)
    kept = scoped
  end
  tap.is(tostring(kept), "buffer (closed)", "<close> closes")
end

do -- what it is
  local buf = aio.buffer(8)
  tap.raises("buffer has no field 'size'", "an unknown field", function()
    return buf.size
  end)
  tap.raises("no field 'align'", "fields can't be set", function()
    buf.align = 1
  end)
  tap.raises("buffer expected, got", "a method of another object", buf.get,
    io.stdout)
  tap.raises("buffer expected, got", "a method of no object", buf.get)
end

tap.done()
