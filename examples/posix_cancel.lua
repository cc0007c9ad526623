-- aio_cancel: what waits in the queue can be canceled, what a thread works on
-- can't. (Native AIO cancels polls, and nothing else.)
--   usage: aiosh examples/posix_cancel.lua

local posix = require "aio.posix"
local r, w = assert(aio.pipe())

-- Three reads of a pipe that is empty: the first keeps a thread of glibc, the
-- others wait for it, since they are on the same descriptor.
local reads = {}
for i = 1, 3 do
  reads[i] = posix.aiocb { fd = r, buf = aio.buffer(8) }
  assert(reads[i]:read())
end

local function show(what, answer)
  local errors = {}
  for i, cb in ipairs(reads) do
    errors[i] = select(2, cb:error()) or "done"
  end
  print(("%-22s%-14s%s"):format(what, answer, table.concat(errors, " ")))
  return answer
end

show("three reads", "-")
assert(show("cancel the first", reads[1]:cancel()) == "notcanceled")
assert(show("cancel the second", reads[2]:cancel()) == "canceled")
assert(show("cancel it again", reads[2]:cancel()) == "alldone")
-- One of them is being worked on; the others are canceled all the same.
assert(show("cancel all", posix.cancel(r)) == "notcanceled")
assert(reads[3]:error() == aio.ECANCELED and reads[3]:result() == -1)

-- The file can't be closed: glibc goes by its number, and what would get that
-- number next would be read instead.
local closed, why = r:close()
print(why)
assert(not closed)

w:write("at last")
assert(posix.suspend({ reads[1] }, 10))
assert(show("after a write", "-") and reads[1]:result() == 7)
assert(r:close())
