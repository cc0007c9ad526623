-- O_DIRECT: alignment, ends of files, holes; where a file system has no rules
-- (tmpfs), that as well (kernel.md, sections 4 and 13.1).
local aio = require "aio"
local tap = require "aio.tap"
local kernel = dofile("tests/lua/support/kernel.lua")

local ctx = assert(aio.setup(64))

-- The rows for a file of 12288 bytes on ext4, xfs or tmpfs.
local function rows(d, wo, odd, ruled)
  local buf = assert(aio.buffer(16384))
  local page = buf:slice(0, 4096)
  local bad = ruled and "res -EINVAL" or nil
  local function pread(b, nbytes, offset)
    return function() return aio.pread(d, b, nbytes, offset) end
  end
  return {
    { "aligned 4 KiB", "res 4096", pread(page) },
    { "aligned 4 KiB written", "res 4096",
      function() return aio.pwrite(d, page) end },
    { "buffer + 1", bad or "res 4096", pread(buf:slice(1, 4096)) },
    { "buffer + 4", bad or "res 4096", pread(buf:slice(4, 4096)) },
    { "buffer + 512, 512 bytes at 512", "res 512",
      pread(buf:slice(512, 512), 512, 512) },
    { "offset 1", bad or "res 4096", pread(page, 4096, 1) },
    { "offset 100", bad or "res 4096", pread(page, 4096, 100) },
    { "length 100", bad or "res 100", pread(page, 100) },
    { "length 1000", bad or "res 1000", pread(page, 1000) },
    { "length 100 written", bad or "res 100",
      function() return aio.pwrite(d, page, 100, 0) end },
    { "offset 100 written", bad or "res 4096",
      function() return aio.pwrite(d, page, 4096, 100) end },
    { "buffer + 1 written", bad or "res 4096",
      function() return aio.pwrite(d, buf:slice(1, 4096)) end },
    { "preadv, second segment + 4", bad or "res 8192", function()
      return aio.preadv(d, { page, buf:slice(4100, 4096) })
    end },
    { "preadv, segments of 512", "res 1024", function()
      return aio.preadv(d, { buf:slice(0, 512), buf:slice(1024, 512) })
    end },
    { "length 0", "res 0", pread(page, 0) },
    { "at EOF", "res 0", pread(page, 4096, 12288) },
    { "beyond EOF", "res 0", pread(page, 4096, 1 << 20) },
    { "across EOF", "res 4096", pread(buf, 8192, 8192) },
    { "across an odd EOF: 8192 asked", "res 3996",
      function() return aio.pread(odd, buf, 8192, 8192) end },
    { "PREAD on O_WRONLY", "submit EBADF",
      function() return aio.pread(wo, page) end },
    { "offset -1", "submit EINVAL", pread(page, 4096, -1) },
    { "buffer NULL", "res -EFAULT", pread(aio.null, 4096) },
    { "buffer PROT_NONE", "res -EFAULT",
      pread(aio.buffer(4096, { prot = "none" }), 4096) },
    { "fsync", "res 0", function() return aio.fsync(d) end },
    { "fdsync", "res 0", function() return aio.fdsync(d) end },
    { "poll in", "res " .. (aio.POLLIN | aio.POLLRDNORM),
      function() return aio.poll(d, aio.POLLIN | aio.POLLRDNORM) end },
    { "poll of in alone", "res 1", function() return aio.poll(d, "in") end },
    { "poll of pri alone", "submit EINVAL",
      function() return aio.poll(d, "pri") end },
    { "poll of nothing", "submit EINVAL",
      function() return aio.poll(d, 0) end },
  }
end

-- /dev/shm is everybody's: nobody else has a file of this name.
local function open(dir, name, n)
  local path = kernel.file(name .. "." .. aio.now(), n, "y", dir)
  local f, why = kernel.direct(path)
  return f, why, path
end

local function run(dir, fs)
  local d, why, path = open(dir, "direct.dat", 12288)
  if not d then
    return tap.skip("no O_DIRECT on " .. fs .. " (" .. why .. ")", fs)
  end
  local odd = open(dir, "odd.dat", 12188)
  tap.note(dir .. ": " .. fs)
  kernel.rows(ctx, rows(d, assert(kernel.direct(path, "wronly")), odd,
    fs ~= "tmpfs"))
end

-- A write that makes the file longer, and what is read from holes.
local function shapes()
  local d, why = open(kernel.dir, "shape.dat", 4096)
  if not d then return tap.skip("no O_DIRECT: " .. why, "shapes") end
  local buf = aio.buffer(4096):fill("seq")
  kernel.rows(ctx, {
    { "a write that extends the file", "res 4096",
      function() return aio.pwrite(d, buf, 4096, 4096) end },
    { "a write that leaves a hole", "res 4096",
      function() return aio.pwrite(d, buf, 4096, 65536) end },
    { "a write into the hole", "res 4096",
      function() return aio.pwrite(d, buf, 4096, 32768) end },
    { "a read of the hole", "res 4096",
      function() return aio.pread(d, buf, 4096, 16384) end },
  })
  tap.ok(buf:check(0), "which is zeros")
  tap.is(d:size(), 69632, "the file's size")
end

local function known(fs)
  return fs == "ext4" or fs == "xfs" or fs == "tmpfs"
end

if known(kernel.here) then
  run(kernel.dir, kernel.here)
else
  tap.skip(kernel.only("ext4", "xfs", "tmpfs"), "alignment")
end
shapes()
if kernel.here ~= "tmpfs" then
  if aio.open("/dev/shm", "tmpfile,rdwr")
      and kernel.fs("/dev/shm") == "tmpfs" then
    run("/dev/shm", "tmpfs")
  else
    tap.skip("no writable tmpfs in /dev/shm", "tmpfs")
  end
end
kernel.remove()
tap.done()
