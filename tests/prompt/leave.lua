-- The ends of a session: Ctrl-D, os.exit, signals, a terminal that goes away.
local aio = require "aio"
local tap = require "aio.tap"
local terminal = require "terminal"

local t = terminal.start()
tap.is(t:leave(), "exit 0", "Ctrl-D")
tap.like(t.screen:text(), "\naio> \n\n%[exit 0%]", "leaves a fresh line")

t = terminal.start()
t:type("x")
t:keys "\4"
t:run(" = 3")
t:gives("x", "3", "Ctrl-D behind text does not leave")
t:type("x = {")
t:keys "\r"
t:shows("\n%.%.> $")
t:keys "\4"
t:shows("stdin:1: unexpected symbol near <eof>\naio> $",
  "Ctrl-D inside a chunk says what is missing")
t:gives("x", "3", "and the prompt goes on")
t:keys "os.exit(7)\r"
tap.is(t:ends(), "exit 7", "os.exit(7)")
t:close()

t = terminal.start()
t:keys "os.exit(3, true)\r"
tap.is(t:ends(), "exit 3", "os.exit(3, true)")
t:close()

t = terminal.start { command = "./aiosh -i -e 'x = 5'" }
t:gives("x", "5", "-i after -e")
t:run("error('last')")
tap.is(t:leave(), "exit 0", "an error at the prompt is no failure")

-- The terminal is as it was: not raw.
t = terminal.start { command = "sh -c './aiosh; stty -a'" }
t:keys "os.exit()\r"
t:shows("[^-]icanon.* echo ", "the terminal is given back")
t:close()
t = terminal.start { command = "sh -c './aiosh; stty -a'" }
t:run("aio.prompt = function() if stop then os.exit(2) end end")
t:keys "stop = true\r"
t:shows("[^-]icanon.* echo ", "also by os.exit in a function for the prompt")
t:close()
t = terminal.start { command = "sh -c './aiosh; stty -a'" }
local pid = t:run("io.open('/proc/self/stat'):read('n') // 1 | 0")
t:type("half a line")
os.execute("kill " .. pid)
t:shows("[^-]icanon.* echo ", "also by SIGTERM")
t:close()

for name, number in pairs { TERM = 15, HUP = 1, QUIT = 3 } do
  t = terminal.start { command = "sh -c 'ulimit -c 0; exec ./aiosh'" }
  t:type("half a line")
  t:signal(name)
  tap.is(t:ends(), "signal " .. number, "SIG" .. name)
  t:close()
end

t = terminal.start()
t:type("half a line")
t.input:close()
tap.like(t:ends(), "^%l+ %d+$", "a terminal that goes away ends it")

-- Requests in flight.
if aio.setup(1) then
  for _, way in ipairs { "\4", "os.exit()\r", "os.exit(0, true)\r" } do
    t = terminal.start()
    t:run("ctx = aio.setup(4) r, w = aio.pipe()")
    t:run("ctx:submit(aio.poll(r, 'in'), aio.poll(r, 'in'));")
    t:keys(way)
    tap.is(t:ends(), "exit 0", ("%q with polls in flight"):format(way))
    tap.like(t.screen:text(),
      "aiosh: in flight: 2 poll\naiosh: polls are cancelled\n",
      "says what is pending")
    t:close()
  end
  t = terminal.start()
  t:run("ctx = aio.setup(4) r, w = aio.pipe() f = aio.open '/dev/zero'")
  t:run("ctx:submit(aio.pread(f, aio.buffer(8)), aio.poll(r, 'in'));")
  t:keys "\4"
  t:ends()
  tap.like(t.screen:text(), "\naiosh: in flight: 1 poll\n",
    "what has finished is not pending")
  t:close()
  t = terminal.start()
  t:run("ctx = aio.setup(4) f = aio.open '/dev/zero'")
  t:run("ctx:submit(aio.pread(f, aio.buffer(8)));")
  tap.is(t:leave(), "exit 0", "finished, and not taken")
  tap.ok(not t.screen:text():find "in flight:", "nothing to say then")
else
  tap.skip("io_setup is refused here", 9)
end
tap.done()
