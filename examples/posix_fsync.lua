-- aio_fsync: flushes a file once the requests on it that came before are done.
-- That is an order which native AIO does not give: there the writes have to be
-- reaped first.
--   usage: aiosh examples/posix_fsync.lua [directory]

local posix = require "aio.posix"
local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-fsync.tmp"

local f = assert(aio.open(path, "rdwr,creat,trunc"))
os.remove(path)

local writes = {}
for i = 1, 16 do
  writes[i] = posix.aiocb { fd = f, buf = aio.buffer("64k"):fill(i),
                            offset = (i - 1) * 65536 }
  assert(writes[i]:write())
end
local sync = posix.aiocb { fd = f }
assert(sync:fsync("dsync"))

local began = aio.now()
assert(posix.suspend({ sync }, 60))
print("fdatasync: " .. aio.duration(aio.now() - began))
assert(sync:error() == 0 and sync:result() == 0)

-- Requests on one descriptor are carried out one after the other.
local ended = 0
for _, cb in ipairs(writes) do
  ended = ended + (cb:error() == 0 and cb:result() == 65536 and 1 or 0)
end
print(ended .. " of 16 writes had ended before")
assert(ended == 16)
