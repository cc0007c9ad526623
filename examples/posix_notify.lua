-- How requests of POSIX AIO tell that they have ended: by a signal with a
-- value, by a thread that writes an eventfd, by a function; all of them waited
-- for with one epoll.
--   usage: aiosh examples/posix_notify.lua

local posix = require "aio.posix"
local zero = assert(aio.open("/dev/zero"))

local function request(sigevent)
  local cb = posix.aiocb { fd = zero, buf = aio.buffer(512) }
  cb.sigevent = sigevent
  assert(cb:read())
  return cb
end

local waiter = aio.waiter()
local told = { signal = 0, thread = 0, ["function"] = 0 }

-- A real-time signal queues: ten requests are ten signals. (SIGUSR1 would come
-- once where several are pending.)
local signals = assert(aio.signals("SIGRTMIN+1"))
waiter:add(signals, "in", function()
  local name, _, _, value = signals:read()
  if name then
    print(name .. " from request " .. value)
    told.signal = told.signal + 1
  end
end)

-- glibc starts a thread for each notification; that adds 1 to the eventfd.
local efd = aio.eventfd()
waiter:add(efd, "in", function()
  local n = efd:read()
  print("thread: " .. n .. " more")
  told.thread = told.thread + n
end)

-- A function runs here, in posix.run: Lua code runs on one thread only.
waiter:add(posix.eventfd(), "in", function()
  told["function"] = told["function"] + posix.run()
end)

local all = {}
for i = 1, 3 do
  all[#all + 1] = request { signo = "SIGRTMIN+1", value = i }
  all[#all + 1] = request(efd)
  all[#all + 1] = request {
    value = i,
    notify_function = function(n) print("function of request " .. n) end,
  }
end

while told.signal + told.thread + told["function"] < 9 do
  local woken = false
  for _, _, handle in waiter:wait(10) do
    woken = true
    handle()
  end
  assert(woken, "no notification in 10 seconds")
end
for _, cb in ipairs(all) do
  assert(cb:error() == 0 and cb:result() == 512)
end
