-- Ctrl-C at the prompt: it clears the line, ends a wait, interrupts Lua, and
-- never ends the shell.
local tap = require "aio.tap"
local terminal = require "terminal"

local t = terminal.start()

-- Presses it while the line stands.
local function cleared(name)
  local before = select(2, t.screen:text():gsub("%^C", ""))
  t:keys "\3"
  t:take(function()
    return select(2, t.screen:text():gsub("%^C", "")) > before
  end, name)
  t:ready()
  t:gives("1 + 1", "2", name)
end

t:type("half a line")
cleared("in a half-typed line")
t:run("x = {")
t:type("1,")
cleared("in a chunk of several lines")
t:keys "\18x ="
t:shows("i%-search%)`x ='")
cleared("in a search")
t:keys "\18"
t:shows("i%-search%)`'")
cleared("in a search that has not begun")

-- Runs code that prints `ready` (and what follows) and would not end.
local function interrupted(code, want, name)
  t:type(code)
  local seen = #t.screen:text()
  t:keys "\r"
  t:take(function()
    return t.screen:text():find("\nready", seen, true)
  end, name)
  t:keys "\3"
  t:ready()
  local text = t.screen:text():sub(seen + 1):match "ready%s*%^C\n(.*)\n"
  tap.like(text or t.screen:text():sub(seen + 1), want, name)
  t:gives("1 + 1", "2", name .. ": the next statement works")
end

-- It may come before print has returned, and then has a traceback.
local message = "^[^\n]*interrupted!"
t:run("function ready() print 'ready' end")
interrupted("ready() while true do end", message, "a loop")
interrupted("ready() coroutine.wrap(function() while true do end end)()",
  "interrupted!", "a loop in coroutine.wrap")
interrupted("ready() print(coroutine.resume(coroutine.create(function() " ..
  "while true do end end)))", "^[^\n]*interrupted!", "in coroutine.resume")
interrupted("ready() while true do pcall(function() while true do end end) end",
  "interrupted!", "in pcall, again and again")
interrupted("ready() while true do xpcall(error, type) end", "interrupted!",
  "in xpcall")
interrupted("ready() while true do " ..
  "coroutine.resume(coroutine.create(error)) end", "interrupted!",
  "in coroutine.resume, again and again")
interrupted("ready() while true do pcall(coroutine.wrap(function() " ..
  "while true do pcall(error) end end)) end", "interrupted!", "in all of them")
interrupted("ready() return setmetatable({}, {__tostring = function() " ..
  "while true do end end})", "interrupted!", "in a __tostring of the result")

-- What unwinding closes is closed, by C and by Lua, and not interrupted.
t:run("closed = 0 function close() " ..
  "for i = 1, 1000 do closed = closed + 1 end end")
interrupted("do local a <close> = setmetatable({}, {__close = close}); " ..
  "pcall(function() local f <close> = aio.pipe(); file = f; ready() " ..
  "while true do end end) end", "interrupted!", "with things to close")
t:gives("print(closed, file)", "1000    pipe (closed)", "which were closed")

-- waits
t:run("ctx = aio.setup(8) r, w = aio.pipe() p = aio.poll(r, 'in')")
t:run("aio.prompt = 'aio> '")
t:run("ctx:submit(p);")
interrupted("ready() ctx:getevents(1)",
  "interrupted!.*\n%(1 request stays in flight%)",
  "ctx:getevents with a poll in flight")
t:gives("ctx.inflight", "1", "which is in flight still")
interrupted("ready() pcall(ctx.getevents, ctx, 1) print 'not reached'",
  "^[^\n]*interrupted!.*\n%(1 request stays in flight%)", "in pcall")
interrupted("ready() for _ in ctx:each(1) do end", "interrupted!", "ctx:each")
t:run("waiter = aio.waiter() waiter:add(r, 'in')")
interrupted("ready() waiter:wait()", "interrupted!", "w:wait")
t:run("s = aio.signals('SIGUSR1') waiter:add(s, 'in')")
interrupted("ready() for o in waiter:wait() do end", "interrupted!",
  "a wait for aio.signals")
interrupted("ready() coroutine.yield(r)", "interrupted!",
  "a chunk that is suspended")
t:gives("w:write('x') return #ctx:getevents(1)", "1",
  "the poll completes after all that")

-- A chunk that yields what can be waited for goes on when it is ready.
t:gives("coroutine.yield(r) return 3", "3", "a chunk goes on")
t:gives("coroutine.yield(aio.timer(0.01)) return 4", "4", "after a timer")

-- SIGINT that the user took is the user's.
t:run("i = aio.signals('SIGINT')")
t:keys "\3"
t:gives("5 + 5", "10", "a SIGINT that is taken leaves the line alone")
t:gives("(i:read()) == 'SIGINT' and 1", "1", "and can be read")
t:run("i:close()")
interrupted("ready() while true do end", message, "then it interrupts again")

t:run("ctx:destroy();")
tap.is(t:leave(), "exit 0", "Ctrl-D ends it")
tap.done()
