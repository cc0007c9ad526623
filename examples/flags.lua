-- rw_flags: NOWAIT reads of what is in the page cache and of what is not, an
-- append, a write that is on the device when it ends, and an unknown flag.
--   usage: aiosh examples/flags.lua [directory]

local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-flags.tmp"
local f = assert(aio.open(path, "rdwr,creat"))
os.remove(path)
assert(f:write(("x"):rep(65536)) and f:sync())
local ctx = assert(aio.setup(1))
local buf = aio.buffer(4096)

-- What io_submit or the event says: a name of an error, or res.
local function ask(question, iocb)
  local n, _, errno = ctx:submit(iocb)
  local ev = n and ctx:getevents()[1]
  local answer = ev and (ev.err or ev.res) or aio.errname(errno)
  print(("%-36s%-11s%s"):format(question, ev and "event" or "io_submit",
                                answer))
  return answer
end

local function one_of(answer, ...)
  for _, want in ipairs { ... } do
    if answer == want then return end
  end
  error("an answer that should not be: " .. answer)
end

local function read(rw_flags)
  return aio.pread { fd = f, buf = buf, rw_flags = rw_flags }
end

local function write(rw_flags)
  return aio.pwrite { fd = f, buf = buf, rw_flags = rw_flags }
end

assert(f:drop_cache())
local cold = ask("NOWAIT read, dropped from the cache", read("nowait"))
assert(ask("a read without flags", read()) == 4096)
local warm = ask("NOWAIT read, now in the cache", read("nowait"))
if warm == "EOPNOTSUPP" then
  print("  this file system (tmpfs) knows no NOWAIT")
  one_of(cold, "EOPNOTSUPP")
else
  one_of(cold, "EAGAIN", 4096) -- not all file systems let go of their cache
  one_of(warm, 4096)
end
one_of(ask("NOWAIT write, buffered", write("nowait")), 4096, "EOPNOTSUPP",
       "EAGAIN")

assert(ask("APPEND write at offset 0", write("append")) == 4096)
print("  the file had 65536 bytes, it has " .. f:size())
assert(f:size() == 65536 + 4096)
assert(ask("DSYNC write", write("dsync")) == 4096)
one_of(ask("an unknown flag, 0x40000000", write(0x40000000)), "EOPNOTSUPP",
       "EINVAL")
