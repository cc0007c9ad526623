-- TAB: what is offered, where it goes, and that nothing runs.
local aio = require "aio"
local tap = require "aio.tap"
local complete = require "aio.complete"

-- What is completed are globals.
-- luacheck: globals ctx buf f r w evs parent child loop trap hidden deep

local dir = os.getenv("TMPDIR") or "/tmp"

-- "ctx:sub" -> "submit", start, append; the cursor is at the "@", or the end.
local function at(line, earlier)
  local point = (line:find("@", 1, true) or #line + 1) - 1
  local list, start, append =
    complete.candidates(line:gsub("@", ""), point, earlier)
  return table.concat(list, " "), start, append
end

local function offers(line, want, name)
  tap.is(at(line), want, name or line)
end

local function has(line, words, name)
  local got = " " .. at(line) .. " "
  local missing = {}
  for word in words:gmatch("%S+") do
    if not got:find(" " .. word .. " ", 1, true) then
      missing[#missing + 1] = word
    end
  end
  tap.is(table.concat(missing, " "), "", name or line)
end

local function lacks(line, word, name)
  tap.ok(not (" " .. at(line) .. " "):find(" " .. word .. " ", 1, true), name)
end

_G.aio = aio
ctx, buf = aio.setup(4), aio.buffer(512)
f = aio.open("/etc/passwd")
r, w = aio.pipe()
ctx:submit(aio.pread(f, buf))
evs = ctx:getevents(1)

-- ---- names and members ----

offers("ai", "aio")
offers("aio.set", "setup")
has("aio.", "setup open buffer pread poll waiter", "functions of aio")
lacks("aio.", "EAGAIN", "constants are not offered to a mere dot")
offers("aio.O_DIRE", "O_DIRECT O_DIRECTORY", "but to a capital")
offers("ctx:sub", "submit", "a method")
has("ctx.", "inflight ring submit", "fields and methods of an object")
lacks("ctx:", "inflight", "no fields after a colon")
offers("evs[1].cl", "clat", "a field of an event in a list")
has("evs[1].", "obj res lat err why revents", "also those worked out")
offers("string.fo", "format")
offers("io.stdout:setv", "setvbuf", "a method of an io file")
offers("print(ctx:sub", "submit", "inside a call")
offers("a..ai", "aio", "after a concatenation")
offers("x = 1.", "", "nothing after a number")
offers("nowhere.to.be", "", "nothing in what is not there")
offers("whil", "while", "a keyword")
offers("aio.setup(8):canc", "cancel", "a method of what a call returns")
offers("aio.buffer(512):slice(0, 8):get", "get", "through two calls")
offers("aio.open('x', 'rdwr'):drop", "drop_cache")
tap.is(at("f.", "local f = 1"), at("f."), "earlier lines do not disturb")
tap.is(at("of", "aio.pread{fd=f,"), "offset", "but belong to the chunk")

local _, start, append = at("print(aio.setu")
tap.is(start, 10, "a name is replaced from its beginning")
tap.is(append, "(", "and a function is called")
_, _, append = at("print(aio.setu@()")
tap.is(append, "", "unless that is there")
_, _, append = at("ctx.infl")
tap.is(append, "", "a field is not called")

parent = { inherited = function() end }
child = setmetatable({ own = 1 }, { __index = parent })
offers("child.", "inherited own", "through tables of __index")
offers("child:", "inherited", "functions only after a colon")
loop = {}
setmetatable(loop, { __index = loop })
offers("loop.", "", "a loop of __index ends")

-- ---- tables and strings of words ----

has("aio.pread{", "fd buf nbytes offset data rw_flags", "keys of a request")
lacks("aio.pread{", "opcode", "aio.pread has no opcode")
lacks("aio.pread{", "bufs", "nor a list of buffers")
has("aio.preadv{", "fd bufs offset", "aio.preadv has")
offers("aio.poll{", "fd events data reqprio eventfd callback", "a poll's keys")
has("aio.iocb{", "opcode flags reserved2", "aio.iocb has")
offers("aio.pread{fd=f, b", "buf", "keys after a comma")
lacks("aio.pread{fd=f, ", "fd", "a key is given once")
offers("aio.pread{fd=f, buf=bu", "buf", "values are names")
offers("iocb:pread{fd=f, off", "offset", "a name of the manual's")
offers("aio.buffer(4096, {", "align prot map offset")
offers("buf:fill{", "seq random")
_, _, append = at("aio.pread{nb")
tap.is(append, "=", "a key is followed by =")

offers('aio.open("x", "rdwr,dir', "direct directory")
offers('aio.open("x", "rdwr,creat,cr', "", "a flag is given once")
offers('aio.pread{rw_flags="now', "nowait")
offers('cb.rw_flags = "now', "nowait", "an assignment")
offers('aio.iocb{opcode="pr', "pread preadv")
offers('aio.buffer(1, {prot="', "none r rw")
offers('aio.poll(r, "i', "in")
offers("aio.poll(r, 'in,ou", "out", "the other quotes")
offers('w:add(ctx, "one', "oneshot", "w is no waiter: it is a pipe's end")
offers('aio.eventfd(0, "sem', "semaphore")
offers('aio.pipe"non', "nonblock", "a call without parentheses")
offers('f:fallocate(0, 1, "pun', "punch_hole")
offers('aio.signals("SIGUSR', "SIGUSR1 SIGUSR2")
offers('ctx:pgetevents(1, 1, 1, {"SIGUSR', "SIGUSR1 SIGUSR2")
offers('require "aio.ta', "aio.tap")
offers('help "ctx:subm', "ctx:submit")
offers('help "EAGA', "EAGAIN")
offers('help("in fl', "in flight", "topics have spaces")
_, start, append = at('aio.open("x", "rdwr,dire')
tap.is(start, 20, "a flag is replaced from the comma")
tap.is(append, "", "and others may follow")
_, _, append = at('require "aio.ta')
tap.is(append, '"', "a whole string is closed")

-- ---- files ----

local function touch(name)
  assert(io.open(dir .. "/" .. name, "w")):close()
end

touch("plain.txt")
touch("with space")
touch('quo"te')
touch(".hidden")
os.execute("mkdir " .. dir .. "/folder")

offers('aio.open("' .. dir .. '/pl', "plain.txt", "a file's name")
offers('io.open("' .. dir .. '/with', "with space", "spaces stand as they are")
offers('aio.open("' .. dir .. '/quo', 'quo\\"te', "quotes are escaped")
offers("aio.open('" .. dir .. "/quo", 'quo"te', "but not the others")
offers('aio.open("' .. dir .. '/fol', "folder/", "a directory")
lacks('aio.open("' .. dir .. '/', ".hidden", "hidden ones are not offered")
offers('aio.open("' .. dir .. '/.h', ".hidden", "unless asked for")
offers('aio.open("' .. dir .. '/nowhere/x', "", "no such directory")
offers('aio.pread{map="' .. dir .. '/pl', "plain.txt", "in any other string")
_, start, append = at('aio.open("' .. dir .. "/pl")
tap.is(start, #dir + 11, "the last part of the path is replaced")
tap.is(append, '"', "and the string closed")
_, _, append = at('aio.open("' .. dir .. "/fol")
tap.is(append, "", "but not after a directory")
local home = os.getenv "HOME"
if home and io.open(home .. "/.", "r") then
  local list = complete.candidates('aio.open("~/', 12)
  tap.ok(not list[1] or list[1]:sub(1, #home + 1) == home .. "/",
         "~ is written out, as open(2) wants it")
else
  tap.skip("no home directory", "~ is written out")
end

offers("-- ai", "", "nothing in a comment")
offers("x = [[ai", "", "nothing in a long string")
offers("--[[ comment ]] ai", "aio", "but after a comment")
offers("x = [[str]] ai", "aio", "and after a long string")

-- ---- nothing runs ----

local ran = {}
local function runs(event)
  return function()
    ran[#ran + 1] = event
    ctx:submit(aio.pread(f, buf))
  end
end

local events = {}
for _, event in ipairs { "index", "pairs", "len", "eq", "call", "name",
                         "tostring", "newindex", "concat", "lt", "le" } do
  events["__" .. event] = runs(event)
end
trap = setmetatable({ field = 1 }, events)
hidden = setmetatable({ field = 1 }, {
  __index = runs "index", __metatable = trap,
})
deep = setmetatable({}, { __index = trap })
for _, line in ipairs {
  "trap.", "trap:", "trap.x.y.", "trap.field.", "trap[1].", "trap().", "trap",
  "hidden.", "deep.", "deep:", "trap{", "trap '", 'trap("', "trap.x{",
  'trap.x = "', "trap + trap.", 'trap:method("', "ctx:submit(trap).",
  "aio.buffer(trap):", "for k in trap(", "deep.field.x",
} do
  complete.candidates(line, #line)
end
tap.is(table.concat(ran, " "), "", "no metamethod runs")
tap.is(ctx.inflight, 0, "nothing was submitted")
offers("hidden.", "field", "though __metatable hides it")
offers("deep.", "field", "and the fields are found")

local inherit = getmetatable(_G)
setmetatable(_G, { __index = runs "globals" })
offers("undefined.x", "", "a global that is not there")
tap.is(#ran, 0, "globals are looked up raw")
setmetatable(_G, inherit)

-- ---- whatever is typed ----

local function survives(line)
  for point = 0, #line do
    local ok, list, first = pcall(complete.candidates, line, point)
    if not ok or type(list) ~= "table" or first > point then
      return false, list
    end
  end
  return true
end

local broken = [==[)}]({[ aio.pread{ {{ = ,,"\" '\ ~= ..... --[=[ ]] x:y:z.
  "a
b" 0x1p4 \255\0 end end ((("]==]
tap.ok(survives(broken .. "\0\255" .. broken), "broken code, at every point")
tap.ok(survives('f"x"{}[1]:a"b".c[d]["e"]:g('), "chains of all kinds")
tap.ok(pcall(complete.candidates, ("a."):rep(5000), 10000), "a long chain")
tap.ok(pcall(complete.candidates, ("("):rep(5000), 5000), "many brackets")

ctx:destroy()
tap.done()
