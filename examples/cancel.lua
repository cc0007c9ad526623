-- io_cancel: the kernel can cancel a poll, and its event still comes; it can't
-- cancel a read of a disk, nor what is finished.
--   usage: aiosh examples/cancel.lua [directory]

local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-cancel.tmp"
local f, why, errno = aio.open(path, "rdwr,creat,direct")
if errno == aio.EINVAL then f, why = aio.open(path, "rdwr,creat") end
assert(f, why)
os.remove(path)
assert(f:write(("x"):rep(65536)))

local ctx = assert(aio.setup(2))

-- true, or the name of the error.
local function cancel(what, iocb)
  local done, _, e = ctx:cancel(iocb)
  local answer = done or aio.errname(e)
  print(("%-36s%s"):format(what, answer == true and "accepted" or answer))
  return answer
end

local function take(want)
  local ev = assert(ctx:getevents(1, 1, 10)[1], "no event in 10 seconds")
  print("  its event: " .. tostring(ev))
  assert(ev.res == want)
end

local poll = aio.poll(aio.pipe(), "in")
assert(ctx:submit(poll))
local answer = cancel("a poll that waits", poll)
if answer == true then
  take(0)
else -- the event itself, as old kernels have it
  assert(answer.obj == poll and answer.res == 0)
end
assert(cancel("the same, now that it has ended", poll) == "EINVAL")

local read = aio.pread(f, aio.buffer("64k"))
assert(ctx:submit(read))
assert(cancel("a read of a disk", read) == "EINVAL")
take(65536)
assert(cancel("the read, finished", read) == "EINVAL")
assert(cancel("what was never submitted", read:copy()) == "EINVAL")
