-- aio.doctor: what it finds, and that it changes nothing.
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local dir = kernel.dir .. "/doctor"
os.execute("mkdir -p '" .. dir .. "'")
local path = kernel.file("file", 10000, "x", dir)

-- name -> texts of a list of checks, joined.
local function texts(checks)
  local found = {}
  for _, c in ipairs(checks) do
    tap.like(c.status, "^[onwb][kotra]", "status: " .. c.status)
    found[c.name] = (found[c.name] and found[c.name] .. "\n" or "") .. c.text
  end
  return found
end

local function listing()
  return kernel.ask("ls -A '" .. dir .. "' | tr '\\n' ' '")
end

do -- the system
  local d = aio.doctor()
  tap.is(d.ok, true, "AIO works here")
  tap.is(d.works, true, "in general")
  tap.is(d.file, nil, "no file was asked for")
  local found = texts(d.system)
  for _, name in ipairs { "kernel", "io_setup", "ring", "round trip", "quota",
    "memlock", "fsize", "nofile", "io_uring", "io_cancel", "pgetevents" } do
    tap.ok(found[name] and #found[name] > 0, name .. ": "
      .. tostring(found[name]))
  end
  tap.like(tostring(d), "^The system\n.*\nAIO works here%.$", "the page")
  for line in tostring(d):gmatch("[^\n]+") do
    if #line > 80 then tap.ok(false, "a line is too long: " .. line) end
  end
end

do -- a file, of which nothing changes
  local before = kernel.ask("cksum '" .. path .. "'; stat -c '%y %z' '" .. path
    .. "'")
  local d = aio.doctor(path)
  tap.is(d.ok, true, "a file")
  local found = texts(d.file.checks)
  tap.like(found.file, "^file, 10000 bytes", "what it is")
  tap.like(found.access, "^readable", "access")
  tap.like(found.opcodes, "pread, pwrite, preadv, pwritev, fsync, fdsync, poll",
    "opcodes")
  tap.is(d.file.opcodes.noop, "EINVAL", "noop is none")
  tap.is(d.file.rw_flags["buffered write"].dsync, true, "flags")
  tap.is(#d.file.facts.path > 0, true, "facts")
  tap.is(kernel.ask("cksum '" .. path .. "'; stat -c '%y %z' '" .. path .. "'"),
    before, "no byte and no time stamp was changed")
  tap.is(listing(), "file ", "no scratch file is left")
  local names = {}
  for _, p in ipairs(d.file.patterns) do names[p.name] = p end
  local warm = names["buffered read, warm"]
  tap.ok(warm and not warm.failure, "patterns were measured")
  if warm and warm.done then
    tap.is(warm.verdict, "synchronous", "buffered reads")
    tap.is(warm.reason, "not O_DIRECT", "their reason")
  else
    tap.skip("no completion ring here", 2)
  end
  tap.is(tostring(aio.doctor(aio.open(path)).file.path), path, "a file object")
end

do -- for machines
  local text = aio.doctor(path):json()
  tap.like(text, '^{\n  "file": {', "json is an object")
  tap.like(text, '\n  "ok": true,\n', "with ok")
  tap.like(text, '"noop": "EINVAL"', "and what was refused")
  local json = require "aio.json"
  tap.is(json.encode { 'a"\n\1', true, 1.5, 1 / 0 },
    '[\n  "a\\"\\n\\u0001",\n  true,\n  1.5,\n  null\n]', "values")
  tap.is(json.encode {}, "[]", "an empty table")
end

do -- what is no file
  local found = texts(aio.doctor(dir).file.checks)
  tap.like(found.file, "^directory", "a directory")
  tap.is(listing(), "file ", "nothing is left in it")
  os.execute("mkfifo '" .. dir .. "/fifo'")
  found = texts(aio.doctor(dir .. "/fifo").file.checks)
  tap.like(found.access, "^not opened", "a FIFO is not opened")
  tap.like(found.opcodes, "^pread, preadv, poll; EINVAL: fsync", "opcodes")
  found = texts(aio.doctor("/dev/null").file.checks)
  tap.like(found.file, "^character device", "/dev/null")
  if aio.open("/dev/tty", "path") then
    found = texts(aio.doctor("/dev/tty").file.checks)
    tap.like(found.access, "^not opened", "other devices are not opened")
  else
    tap.skip("no /dev/tty here", 2)
  end
end

do -- what can't be looked at
  local d = aio.doctor(dir .. "/none")
  tap.is(d.ok, false, "a file that is not there")
  tap.is(d.works, true, "though AIO works")
  tap.like(tostring(d), "ENOENT.*but not on this file%.$", "the page")
  if kernel.root then
    tap.skip("root may read everything", 2)
  else
    os.execute("chmod 000 '" .. path .. "'")
    d = aio.doctor(path)
    tap.is(d.ok, false, "a file without permission")
    tap.like(tostring(d), "EACCES", "the page")
  end
  tap.raises("bad argument #1 to 'doctor'", "no path", aio.doctor, 42)
end

os.execute("rm -rf '" .. dir .. "'")
tap.done()
