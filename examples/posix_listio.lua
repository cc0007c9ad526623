-- lio_listio: eight writes in one call, waited for; then eight reads, which
-- tell together when all have ended; then a list in which one fails.
--   usage: aiosh examples/posix_listio.lua [directory]

local posix = require "aio.posix"
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-listio.tmp"

local f = assert(aio.open(path, "rdwr,creat,trunc"))
os.remove(path)

local list = {}
for i = 1, 8 do
  list[i] = posix.aiocb {
    fd = f, buf = aio.buffer(4096):fill(i), offset = (i - 1) * 4096,
    lio_opcode = "write",
  }
end
assert(posix.listio("wait", list))
print("written: " .. f:size())

for _, cb in ipairs(list) do
  cb.lio_opcode = "read"
  cb.buf:fill(0)
end
local done = aio.eventfd()
assert(posix.listio("nowait", list, done))
for efd in aio.waiter():add(done):wait(10) do
  print("groups that have ended: " .. efd:read())
end
for i, cb in ipairs(list) do
  assert(cb:error() == 0 and cb:result() == 4096 and cb.buf:check(i))
end

-- EIO says that some have failed, and each of them why.
list[3].offset = -1
local ok, message, errno, errors = posix.listio("wait", list)
print(message)
print("errors: " .. table.concat(errors, " "))
assert(not ok and errno == aio.EIO and errors[3] == aio.EINVAL)
assert(list[4]:result() == 4096)
