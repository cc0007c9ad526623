-- help and TAB know POSIX AIO, also where it is loaded after them: at the
-- prompt it always is.
local tap = require "aio.tap"
local help = require "aio.help"
local complete = require "aio.complete"
local words = require "aio.words"

-- What is completed are globals.
-- luacheck: globals posix cb

tap.is(words.types.aiocb, nil, "no aiocb before aio.posix is loaded")
posix = require "aio.posix"
cb = posix.aiocb { nbytes = 1 }

local function title(what)
  return tostring(help(what)):match("[^\n]*")
end

tap.is(title(cb.read), "cb:read() -> true | nil, message, errno", "a method")
tap.like(title(posix.aiocb), "^posix%.aiocb", "the constructor")
for name, value in pairs(posix) do
  if type(value) == "function" then
    tap.like(title(value), "^posix%." .. name .. "[({]", "posix." .. name)
  end
end
tap.like(tostring(help(cb)), "cb:fsync%(operation%)", "an object's methods")
tap.like(tostring(help "aiocb"), "What it can do:.*cb:cancel%(", "the type")

local function offers(line, want)
  tap.is(table.concat(complete.candidates(line, #line), " "), want, line)
end

offers("cb:", "cancel close error fsync read result write")
offers("cb.sub", "submissions")
offers("posix.aiocb{nb", "nbytes")
offers("posix.aiocb{lio_opcode='", "nop read write")
offers("cb.sigevent = {notify='", "none signal thread")
offers("cb.sigevent = {signo='SIGUSR", "SIGUSR1 SIGUSR2")
offers("posix.listio('", "nowait wait")
offers("cb:fsync('", "dsync sync")
offers("posix.AIO_A", "AIO_ALLDONE")

tap.done()
