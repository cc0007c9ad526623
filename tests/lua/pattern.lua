-- fill, check, crc32c, hexdump.

local aio = require "aio"
local tap = require "aio.tap"

local SIZE = 50000 -- several chunks, and not a multiple of any

local function refuses(pattern, name, buf, method, ...)
  local args = table.pack(...)
  local call = "local b, a = ... return b:%s(table.unpack(a, 1, a.n))"
  tap.raises(pattern, name, assert(load(call:format(method))), buf, args)
end

do -- fill
  local buf = aio.buffer(SIZE)
  tap.is(buf:fill(255), buf, "fill returns the buffer")
  tap.is(buf:get(), ("\255"):rep(SIZE), "a byte")
  buf:fill("abc")
  tap.is(buf:get(), ("abc"):rep(SIZE):sub(1, SIZE), "a string")
  buf:fill("a\0", 1, 5)
  tap.is(buf:get(0, 8), "aa\0a\0aab", "a string from the range's start")
  buf:fill {seq = 250}
  tap.is(buf:get(0, 8), "\250\251\252\253\254\255\0\1", "seq")
  tap.is(buf:get(256 * 80, 2), "\250\251", "seq, far away")
  buf:fill {seq = -1}
  tap.is(buf:get(0, 2), "\255\0", "seq from -1")
  buf:fill {random = 1234567}
  tap.is(buf:unpack(0, "<i8"), 6457827717110365317, "random is splitmix64")
  tap.is(buf:unpack(8, "<i8"), 3203168211198807973, "and its second word")
  local noise = buf:get()
  tap.is(buf:fill(0):fill {random = 1234567}:get(), noise, "again the same")
  tap.ok(buf:fill {random = 1234568}:get() ~= noise, "another seed")
  tap.is(buf:fill("seq"):get(), aio.buffer(SIZE):fill {seq = 0}:get(),
    "\"seq\" is {seq=0}")
  tap.is(buf:fill("random"):get(), aio.buffer(SIZE):fill {random = 0}:get(),
    "\"random\" is {random=0}")
  buf:fill("seq\0")
  tap.is(buf:get(0, 5), "seq\0s", "only the very string")
  tap.is(buf:fill(1, SIZE), buf, "fill nothing at the end")
  tap.is(buf:fill {seq = 2.0}:get(0, 1), "\2", "a float start")
end

do -- fill changes its range only
  local buf = aio.buffer(SIZE):fill(9)
  buf:fill("random", 100, SIZE - 200)
  tap.is(buf:get(0, 100), ("\9"):rep(100), "nothing before")
  tap.is(buf:get(SIZE - 100), ("\9"):rep(100), "nothing behind")
end

do -- check
  local buf = aio.buffer(SIZE)
  for name, pattern in pairs {byte = 77, text = "hello ", seq = {seq = 3},
      random = {random = 42}} do
    buf:fill(pattern)
    tap.is(buf:check(pattern), true, name .. " is found again")
    buf:fill(pattern, 1001, 333)
    tap.is(buf:check(pattern, 1001, 333), true, name .. " in a range")
    tap.is(buf:check(pattern, 1001, 100), true, name .. " in its beginning")
  end
  local missed = 0
  buf:fill("random")
  for _, at in ipairs {0, 1, 16383, 16384, 32768, SIZE - 1} do
    local want = buf:get(at, 1):byte()
    local got = want ~ 0x80
    buf:set(at, string.char(got))
    local same, offset, expected, found = buf:check("random")
    if same or offset ~= at or expected ~= want or found ~= got then
      missed = missed + 1
    end
    buf:set(at, string.char(want))
  end
  tap.is(missed, 0, "a changed byte is found wherever it is")
  buf:set(10, "\0"):set(20, "\0")
  buf:fill(7)
  tap.is(select(2, buf:set(300, "x"):check(7, 100)), 300,
    "the offset counts from the buffer's start")
  tap.is(buf:check(7, 301), true, "outside of the range nothing matters")
  tap.is(buf:check(8, SIZE), true, "an empty range is equal")
end

do -- check against a buffer
  local a, b = aio.buffer(SIZE):fill("random"), aio.buffer(SIZE):fill("random")
  tap.is(a:check(b), true, "equal buffers")
  tap.is(a:check(a), true, "a buffer equals itself")
  b:set(40000, "\0\0")
  local same, offset, expected, got = a:check(b)
  tap.ok(not same and offset >= 40000 and expected == 0 and got ~= 0,
    "where they differ, and how")
  tap.is(a:check(b:slice(0, 100), 0, 100), true, "a slice of it")
  tap.is(a:check(b:slice(50, 100), 50, 100), true, "from its beginning")
  tap.is(a:check(b, SIZE - 1, 1), false, "not the same offset")
  refuses("#1 to 'check'.*99 bytes is shorter than the range %(100%)",
    "one that is too short", a, "check", b:slice(0, 99), 0, 100)
  b:close()
  refuses("buffer is closed", "a closed one", a, "check", b)
end

do -- what is no pattern
  local buf = aio.buffer(16)
  for _, method in ipairs {"fill", "check"} do
    refuses("#1 to '" .. method .. "'.*empty string", method .. " empty", buf,
      method, "")
    refuses("256 is not in 0..255", method .. " 256", buf, method, 256)
    refuses("-1 is not in", method .. " -1", buf, method, -1)
    refuses("no integer value", method .. " 1.5", buf, method, 1.5)
    refuses("pattern expected", method .. " nil", buf, method)
    refuses("pattern expected .*got boolean", method .. " true", buf, method,
      true)
    refuses("needs one of", method .. " {}", buf, method, {})
    refuses("needs one of", method .. " both", buf, method,
      {seq = 1, random = 1})
    refuses("unknown field 'sec'", method .. " {sec=1}", buf, method,
      {sec = 1})
    refuses("bad field 'seq'.*number expected, got string",
      method .. " a string as start", buf, method, {seq = "1"})
    refuses("bad field 'random'.*no integer", method .. " NaN", buf, method,
      {random = 0 / 0})
    refuses("#2 to '" .. method .. "' .offset 17", method .. " outside", buf,
      method, 0, 17)
    refuses("9 bytes at offset 8", method .. " too long", buf, method, 0, 8, 9)
  end
  tap.is(buf:check(0), true, "no refused fill changed anything")
end

do -- crc32c
  local buf = aio.buffer(SIZE)
  tap.is(buf:set(0, "123456789"):crc32c(0, 9), 0xe3069283, "check value")
  tap.is(buf:crc32c(0, 0), 0, "nothing")
  tap.is(buf:fill(0):crc32c(5, 32), 0x8a9136aa, "32 zeros")
  local whole = buf:fill("random"):crc32c()
  buf:set(49999, string.char(buf:get(49999):byte() ~ 1))
  tap.ok(buf:crc32c() ~= whole, "the last byte counts")
  refuses("outside", "crc32c outside", buf, "crc32c", SIZE + 1)
end

do -- hexdump
  local buf = aio.buffer(64)
  buf:set(0, "Hello, world!\n\0\127"):set(16, "\128\255")
  tap.is(buf:hexdump(0, 18), table.concat({
    "00000000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 21 0a 00 7f  "
      .. "|Hello, world!...|",
    "00000010  80 ff" .. (" "):rep(45) .. "|..|",
    "00000012"}, "\n"), "a full line and a part")
  local zeros = "  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  "
    .. "|................|\n"
  buf:fill(0)
  tap.is(buf:hexdump(), "00000000" .. zeros .. "*\n00000040",
    "repeated lines are collapsed")
  tap.is(buf:hexdump(1, 16), "00000001" .. zeros .. "00000011",
    "offsets are the buffer's")
  buf:set(63, "x")
  tap.is(buf:hexdump(), "00000000" .. zeros .. "*\n00000030"
    .. zeros:gsub("00  |", "78  |"):gsub("%.|", "x|") .. "00000040",
    "until they differ")
  tap.is(buf:hexdump(0, 0), "", "nothing")
  tap.is(select(2, aio.buffer(SIZE):fill("random"):hexdump():gsub("\n", "")),
    math.ceil(SIZE / 16), "a long one has all its lines")
  refuses("do not fit", "hexdump too long", buf, "hexdump", 0, 65)
end

tap.done()
