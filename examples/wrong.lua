-- Wrong questions, where the kernel's answer comes (from io_submit, or in the
-- event), and what is wrong. Another kernel or file system may answer
-- otherwise.
--   usage: aiosh examples/wrong.lua [directory]

local path = (arg[1] or os.getenv("TMPDIR") or ".") .. "/aiosh-wrong.tmp"
local f = assert(aio.open(path, "rdwr,creat"))
assert(f:unlink())
f:truncate("64k")
local ctx = assert(aio.setup(8))
local buf = aio.buffer("4k")
local r = aio.pipe("nonblock")
local mute = aio.buffer("4k", {prot = "none"})

local function ask(question, iocb)
  local n, _, errno = ctx:submit(iocb)
  local ev = n and ctx:getevents()[1]
  local answer = ev and (ev.err or ev.res) or aio.errname(errno)
  print(("%-36s%-11s%s"):format(question, ev and "event" or "io_submit",
                                answer))
  local why = (ev or ctx.last_submit).why
  if why then print("    " .. why) end
end

ask("a read past the end", aio.pread(f, buf, 4096, "1m"))
ask("a negative offset", aio.pread(f, buf, 4096, -1))
ask("no such descriptor", aio.pread(-1, buf))
ask("no such operation", aio.iocb{opcode = 99, fd = f})
ask("the no-op of the kernel's header", aio.iocb{opcode = "noop", fd = f})
ask("a read of an empty pipe (nonblock)", aio.pread(r, buf))
ask("fsync of a pipe", aio.fsync(r))
ask("memory without access", aio.pread(f, mute))
ask("no memory", aio.pread(f, aio.null, 4096))
ask("the kernel's memory", aio.pread(f, aio.wild, 4096))
ask("contradicting flags", aio.pread{fd = f, buf = buf,
                                    rw_flags = "append,noappend"})
ctx:close()
