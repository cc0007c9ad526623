-- One direct write of a page, in libaio's names, each call with what it
-- returned; then the file is read by other means.
--   usage: aiosh examples/libaio/write_direct.lua [directory]

local L = require "aio.libaio"
local GREETING = "hello from an asynchronous write\n"
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-direct.tmp"
local fd, why, errno = aio.open(path, "rdwr,creat,direct")
local plain = io.open(path, "rb")
os.remove(path)
if errno == aio.EINVAL then
  print("no direct I/O here: " .. why)
  os.exit(77, true)
end
assert(fd, why)

local page = aio.limits().page_size
local buf = aio.buffer(page, page)
buf:set(0, GREETING)

local function call(name, want, ...)
  local r = L[name](...)
  print(name .. ": " .. r)
  assert(r == want, aio.strerror(r))
end

local ctx = L.io_context_t()
local cb = L.iocb()
local events = {}
call("io_setup", 0, 1, ctx)
L.io_prep_pwrite(cb, fd, buf, page, 0)
call("io_submit", 1, ctx, 1, { cb })
call("io_getevents", 1, ctx, 1, 1, events, nil)
print("res: " .. events[1].res)
call("io_destroy", 0, ctx)

assert(events[1].obj == cb and events[1].res == page, "not written in full")
local back = plain:read("a")
assert(back == GREETING .. ("\0"):rep(page - #GREETING), "read back otherwise")
io.write("read back: ", GREETING)
