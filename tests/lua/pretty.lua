-- What the prompt shows of results, and that the user's code cannot stop it.
local aio = require "aio"
local tap = require "aio.tap"
local pretty = require "aio.pretty"
local color = require "aio.color"

color.when "never"

local select = select -- it is needed without globals
local function text(...) return pretty.text(select("#", ...), ...) end

local function value(v, options)
  options = options or {}
  options.width = options.width or 80
  return pretty.value(v, options)
end

local function shows(v, want, name, options)
  tap.is(value(v, options), want, name)
end

-- ---- results ----

tap.is(text(), "", "no results show nothing")
tap.is(text(nil), "nil", "nil is a result")
tap.is(text(1, 2.0, "a", true, nil), '1, 2.0, "a", true, nil', "several")
tap.is(text(nil, "open: No such file (ENOENT)", 2),
       "nil  open: No such file (ENOENT)  2", "a failure is one line")
tap.is(text(nil, "two\nlines\27[31m"), "nil  two\\nlines\\x1b[31m",
       "whatever its message has")
tap.is(text(nil, "a \"name\""), 'nil  a "name"', "quotes in it stay")
tap.is(text(nil, 5), "nil, 5", "nil and a number are no failure")
tap.like(text(table.unpack({}, 1, 200)), "nil\n%.%.%. 100 more$",
         "two hundred results")

-- ---- plain values ----

shows(3, "3", "an integer")
shows(3.0, "3.0", "a float")
shows(2^63, "9.2233720368548e+18", "a large one")
shows("a\0\27\"\\\n", '"a\\x00\\x1b\\"\\\\\\n"', "a string is quoted")
shows("gr\u{fc}n \u{20ac}", '"gr\u{fc}n \u{20ac}"', "UTF-8 stays")
shows("\xff\u{fc}", '"\\xff\\xc3\\xbc"', "other bytes are escaped")
shows("\u{9b}2J\u{202e}", '"\\u{9b}2J\\u{202e}"', "so is what is invisible")
shows(("x"):rep(5000), '"' .. ("x"):rep(1000) .. '"... (5000 bytes)',
      "a long string is cut, and its length told")
shows({ ("\u{20ac}"):rep(30) }, '{"' .. ("\u{20ac}"):rep(20)
      .. '"... (90 bytes)}', "between characters")
shows("one\ntwo\n", "[[\none\ntwo\n]]", "text of several lines stays text")
shows("a]]\nb", "[=[\na]]\nb]=]", "in brackets of its own")
shows("one\n\27[2J", '"one\\n\\x1b[2J"', "unless there is more in it")
tap.like(value(("line\n"):rep(100)), "^%[%[\n.*line%]%]%.%.%. %(500 bytes%)$",
         "and cut after some lines")
shows("ab\0\0" .. ("\0"):rep(8), '"ab" .. ("\\0"):rep(10)', "zeros are counted")
shows("a\nb\n" .. ("\0"):rep(500), '[[\na\nb\n]] .. ("\\0"):rep(500)',
      "also behind lines, as a buffer has them")
shows(("\0"):rep(4096), '"" .. ("\\0"):rep(4096)', "and when there is no more")
shows(print, "function (in C)", "a function in C")
tap.like(value(text), "^function %(.*pretty%.lua:10%)$", "one in Lua")
shows(aio.errname, "function aio.errname(e) -> string | nil", "one of ours")
shows(coroutine.create(print), "thread (suspended)", "a thread")

-- ---- tables ----

shows({}, "{}", "an empty table")
shows({ 1, 2, x = "y" }, '{1, 2, x = "y"}', "a small one, on a line")
shows({ [1.5] = 1, ["a b"] = 2, [true] = 3, ["end"] = 4 },
      '{[1.5] = 1, ["a b"] = 2, end = 4, [true] = 3}', "keys of all kinds")
shows({ first = ("x"):rep(30), second = 1 },
      '{\n  first = "' .. ("x"):rep(30) .. '",\n  second = 1\n}',
      "one that is too wide, by lines", { width = 40 })
shows({ { { { { 1 } } } } }, "{{{{{...}}}}}", "depth is capped", { depth = 4 })
local cycle = { 1 }
cycle.self = cycle
shows(cycle, "{1, self = <cycle>}", "a cycle is marked")
local twice = {}
shows({ { twice }, { twice } }, "{{{}}, {{}}}", "twice is no cycle")
local list = {}
for i = 1, 1000 do list[i] = i end
local shown = value(list)
tap.like(shown, "100, %.%.%. 900 more\n}$", "a long list is cut")
tap.ok(select(2, shown:gsub("\n", "")) < 12, "and fills its lines")
local mesh = {}
for _ = 1, 50 do mesh = { mesh, mesh, mesh, mesh } end
tap.ok(#value(mesh, { depth = 1000 }) < 100000, "total size is capped")
local sparse = {}
for i = 1, 100000 do sparse["k" .. i] = i end
tap.like(value(sparse), "%.%.%. 99900 more\n}$", "many keys")
shows(setmetatable({ x = 1 }, { __name = "Point" }), "Point {x = 1}",
      "__name is shown")
tap.like(value(aio), "^aio: buffer, .* and %d+ constants", "the library itself")

-- ---- the user's metamethods ----

local function object(mt) return setmetatable({ 1 }, mt) end

local ran = {}
local function runs(event)
  return function() ran[#ran + 1] = event end
end
local trap = object {
  __index = runs "index", __pairs = runs "pairs", __len = runs "len",
  __eq = runs "eq", __lt = runs "lt", __call = runs "call", __metatable = 5,
  __concat = runs "concat", __gc = nil, __newindex = runs "newindex",
}
shows({ trap, trap, [trap] = trap }, "{{1}, {1}, [table] = {1}}",
      "a table with metamethods")
tap.is(table.concat(ran, " "), "", "none of them runs")

shows(object { __tostring = function() return "mine" end }, "mine",
      "but __tostring does")
shows({ object { __tostring = function() return "one\ntwo" end } },
      "{one ...}", "a line of it inside a table")
shows(object { __tostring = function() error("oops", 0) end },
      "<__tostring fails: oops>", "it may fail")
shows(object { __tostring = function() error({}) end },
      "<__tostring fails: error object>", "with anything")
shows(object { __tostring = function() return {} end },
      "<__tostring fails: '__tostring' must return a string>",
      "or answer nonsense")
tap.like(value(object { __tostring = function() coroutine.yield() end }),
         "^<__tostring fails: attempt to yield", "or yield")
tap.like(value(object { __tostring = tostring }),
         "^<__tostring fails: .*stack overflow", "or recurse")
shows(object { __tostring = function()
  while true do pcall(function() while true do end end) end
end }, "<__tostring fails: it takes too long>", "or never end")
shows(object { __name = {}, __tostring = false },
      "<__tostring fails: attempt to call a boolean value>", "or be none")

-- ---- our objects ----

local dir = os.getenv("TMPDIR") or "/tmp"
local path = dir .. "/pretty.dat"
local ctx = aio.setup(64)
local f = assert(aio.open(path, "rdwr,creat"))
f:write(("data"):rep(1024))
local buf = aio.buffer(4096)

shows(ctx, "context (64 events, 0 in flight)", "an idle context")
shows(aio.buffer(5):fill "hello",
      "buffer (5 bytes, align 4096)\n00000000  68 65 6c 6c 6f"
      .. (" "):rep(36) .. "|hello|\n00000005", "a buffer and its bytes")
tap.like(value(buf), "^buffer %(4096.*\n%*\n00000040$", "a longer one, cut")
shows({ buf }, "{buffer (4096 bytes, align 4096)}", "a line in a table")
tap.like(value(aio.buffer(4096, { prot = "none" })), "^buffer .*\n.*prot",
         "one that can't be read says so")
local closed = aio.buffer(8)
closed:close()
shows(closed, "buffer (closed)", "a closed one")

local cb = aio.pread { fd = f, buf = buf, nbytes = 100, offset = 8,
                       rw_flags = "nowait", data = { "x" }, reqprio = 3 }
shows(cb, ([[
iocb (pread 100 @8)
  opcode    0 (IOCB_CMD_PREAD)
  fd        file '%s' (rdwr)
  buf       buffer (4096 bytes, align 4096)
  nbytes    100
  offset    8
  data      {"x"}
  rw_flags  "nowait"
  reqprio   3
  flags     "ioprio"]]):format(path), "an iocb, every field that is set")
tap.like(value(aio.iocb { opcode = 99, flags = 12 }),
         'opcode    99 %(no such operation%)\n.*flags     "0xc"',
         "a wrong one")
tap.like(value(aio.poll(f, "in,hup")), 'events    "in,hup"', "a poll")

local r, w = aio.pipe()
ctx:submit(aio.poll(r, "in"))
tap.like(value(ctx), "^context %(64 events, 1 in flight%)\n.*poll",
         "a context with what is in flight")
local flight = aio.buffer(4096)
local polls = {}
for i = 1, 30 do polls[i] = aio.poll(r, "in") end
ctx:submit(polls)
tap.like(value(ctx), "\n%.%.%. 11 more$", "a long list is cut")
w:write("x")
local events = ctx:getevents(31)
tap.like(text(events),
         "^ #  op    nbytes  offset  res  latency\n 1  poll",
         "a list of events is a table")
tap.like(text(events), "\n%.%.%. 11 more: 11 ok$", "with a summary of the rest")
flight:close()

for i = 1, 15 do
  ctx:submit(aio.pread { fd = f, buf = buf, offset = i, data = i },
             aio.pread { fd = f, buf = aio.null, nbytes = 8, data = "d" })
end
events = ctx:getevents(30)
shown = text(events)
tap.like(shown, "pread%s+8%s+0%s+%-EFAULT%s+%d.-%s+\"d\"", "errors by name")
tap.like(shown, "\n%.%.%. 10 more: 5 ok, 5 EFAULT$", "counted by name")
tap.is(text(events[1]), tostring(events[1]), "one event is its tostring")
tap.is(value({ events[1] }), "{" .. tostring(events[1]) .. "}",
       "also in a table")
local mixed = table.move(events, 1, 2, 1, { note = "x" })
tap.like(text(mixed), '^{\n  pread.*note = "x"', "a list with more in it")
events[1].res = "broken"
tap.ok(text(events) ~= "", "events that somebody changed")
events[2].op, events[2].slat = {}, {}
tap.ok(text(events) ~= "" and text(events[2]) ~= "", "beyond recognition")
tap.like(text(ctx.last_submit), "^submitted 2, ", "a submission")
tap.like(text(require "aio.help" "sizes"), "^sizes\n", "a page of help")

local metatable = debug.getmetatable(cb)
debug.setmetatable(cb, { __tostring = function() error("mine", 0) end,
                         __index = error })
tap.like(value(cb), "^<__tostring fails: mine>\n  opcode    0",
         "an object whose metatable somebody changed")
debug.setmetatable(cb, metatable) -- for its finalizer

-- ---- without globals ----

local G, globals, fn = _G, {}, print
for key, v in pairs(G) do globals[key] = v end
for key in next, globals do G[key] = nil end
local bare = { text(1, "a", { x = true }, fn), text(nil, "no", 2),
               text(events), text(ctx) }
for key, v in globals.next, globals do G[key] = v end
tap.is(bare[1], '1, "a", {x = true}, function (in C)', "values")
tap.is(bare[2], "nil  no  2", "failures")
tap.ok(#bare[3] > 0 and #bare[4] > 0, "and objects, whatever they lost")

-- ---- colours ----

color.when "always"
tap.is(text(nil, "failed", 5), "\27[31mnil  failed  5\27[0m", "errors are red")
tap.is(value("s"), "\27[32m\"s\"\27[0m", "strings green")
tap.is(value({ 1, 2 }, { width = 12 }), "{\27[36m1\27[0m, \27[36m2\27[0m}",
       "colours take no width")
tap.is(value("s", { color = false }), '"s"', "unless told otherwise")

ctx:destroy()
tap.done()
