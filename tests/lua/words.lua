-- aio.words: what completion and help may ask about types, flags and files.
local aio = require "aio"
local tap = require "aio.tap"
local words = require "aio.words"

local dir = os.getenv("TMPDIR") or "/tmp"

local function has(list, word, name)
  for _, w in ipairs(list) do
    if w == word then return tap.ok(true, name) end
  end
  tap.ok(false, name)
end

-- ---- types ----

local buf = aio.buffer(8)
tap.is(words.typeof(buf), "buffer", "one of ours")
tap.is(words.typeof(aio.null), "address", "another one")
tap.is(words.typeof(io.stdout), nil, "somebody else's")
tap.is(words.typeof({}), nil, "a table")
tap.raises("value expected", "nothing at all", words.typeof)
local metatable = debug.getmetatable(buf)
debug.setmetatable(buf, { __name = "context" })
tap.is(words.typeof(buf), "buffer", "known by its tag, not its metatable")
debug.setmetatable(buf, metatable)
buf:close()
tap.is(words.typeof(buf), "buffer", "also when it is closed")

tap.is(words.types.buffer.methods.fill, metatable.__index(buf, "fill"),
       "the methods are the type's own")
tap.ok(words.types.iocb.getters.nbytes, "and so are its fields")
tap.is(words.types.file.methods.path, nil, "a field is no method")

-- ---- words: each that is listed is taken ----

local function refused(list, try)
  local bad = {}
  for _, word in ipairs(list) do
    local ok, why = pcall(try, word)
    if not ok then bad[#bad + 1] = word .. ": " .. why end
  end
  return table.concat(bad, "\n")
end

tap.is(refused(words.poll, function(w) aio.poll(0, w) end), "",
       "events of a poll")
tap.is(refused(words.rw_flags, function(w) aio.pread { rw_flags = w } end), "",
       "flags of a request")
tap.is(refused(words.opcode, function(w) aio.iocb { opcode = w } end), "",
       "opcodes")
tap.is(refused(words.iocb_flags, function(w) aio.iocb { flags = w } end), "",
       "flags of an iocb")
tap.is(refused(words.pipe, function(w) aio.pipe(w) end), "", "flags of a pipe")
tap.is(refused(words.eventfd, function(w) aio.eventfd(0, w) end), "",
       "flags of an eventfd")
tap.is(refused(words.open, function(w) aio.open(dir .. "/none/x", w) end), "",
       "flags of open")
tap.is(refused(words.iocb, function(w)
  return assert(words.types.iocb.getters[w])
end), "", "keys of aio.iocb are fields")
tap.is(refused(words.buffer, function(w)
  local ok, why = pcall(aio.buffer, 8, { [w] = {} })
  assert(ok or not why:find("unknown field", 1, true), why)
end), "", "options of aio.buffer")
local waiter, r = aio.waiter(), aio.pipe()
tap.is(refused(words.waiter, function(w) waiter:add(r, w) end), "",
       "events of a waiter")
waiter:close()

-- ---- directories ----

assert(io.open(dir .. "/file", "w")):close()
os.execute(("mkdir '%s/sub'; ln -s sub '%s/link'"):format(dir, dir))
local names = words.directory(dir)
has(names, "file", "a file")
has(names, "sub/", "a directory")
has(names, "link/", "a link to one")
tap.ok(not table.concat(names, " "):find("%f[%S]%.%.?/%f[%s\0]"),
       "neither . nor ..")
tap.is(words.directory(dir .. "/none"), nil, "no such directory")
tap.is(words.directory(dir .. "/file"), nil, "no directory")
tap.raises("string expected", "no name", words.directory)

tap.done()
