-- One direct write of a page, each call with what it returned; then the file is
-- read by other means, and has what was written.
--   usage: aiosh examples/write_direct.lua [directory]

local GREETING = "hello from an asynchronous write\n"
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-direct.tmp"
local f, why, errno = aio.open(path, "rdwr,creat,direct")
local plain = io.open(path, "rb")
os.remove(path)
if errno == aio.EINVAL then
  print("no direct I/O here: " .. why)
  os.exit(77, true)
end
assert(f, why)

local page = aio.limits().page_size
local buf = aio.buffer(page, page)
buf:set(0, GREETING)

local ctx = assert(aio.setup(1))
print("io_setup: " .. tostring(ctx))
local submitted = ctx:submit(aio.pwrite(f, buf, page, 0))
print("io_submit: " .. submitted)
local events = ctx:getevents(1, 1)
print("io_getevents: " .. #events)
print("res: " .. events[1].res)
local lost = ctx:destroy()
print("io_destroy: " .. lost)

assert(submitted == 1 and #events == 1 and lost == 0)
assert(events[1].res == page, "not written in full")
local back = plain:read("a")
assert(back == GREETING .. ("\0"):rep(page - #GREETING), "read back otherwise")
io.write("read back: ", GREETING)
