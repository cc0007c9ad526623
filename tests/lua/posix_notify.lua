-- How requests tell that they have ended: by nothing, a signal, a thread; each
-- waited for with epoll.
local aio = require "aio"
local tap = require "aio.tap"
local posix = require "aio.posix"

local zero = assert(aio.open("/dev/zero"))

local function request(sigevent, file)
  return posix.aiocb { fd = file or zero, buf = aio.buffer(512),
                       sigevent = sigevent }
end

local function all_ended(list)
  for _, cb in ipairs(list) do
    while cb.inflight do posix.suspend({ cb }, 20) end
    if cb:error() ~= 0 then return false end
  end
  return true
end

-- Whether something is ready; another host than aiosh answers EINTR where
-- another thread took the signal.
local function ready(w)
  local count = 0
  local good, err = pcall(function()
    for _ in w:wait(20) do count = count + 1 end
  end)
  assert(good or err:find("EINTR"), err)
  return count > 0
end

-- Calls f each time that obj is ready, until it returns true.
local function until_true(obj, f)
  local w <close> = assert(aio.waiter())
  assert(w:add(obj))
  local deadline = aio.now() + 20 * 10 ^ 9
  while aio.now() < deadline do
    if ready(w) and f() then return true end
  end
  return false
end

local function none()
  local efd = aio.eventfd()
  local cb = request(nil)
  cb:read()
  all_ended { cb }
  cb.sigevent = "none"
  cb:read()
  all_ended { cb }
  tap.errno("EAGAIN", "none: nobody tells", efd:read())
end

-- ---- signals ----

local function signals()
  local s <close> = assert(aio.signals("SIGRTMIN+1"))
  local list, seen, count = {}, {}, 0
  for i = 1, 10 do
    list[i] = request { signo = "SIGRTMIN+1", value = i * 1000 - 5000 }
    list[i]:read()
  end
  local pid = io.open("/proc/self/stat"):read("n")
  local senders = 0
  local good = until_true(s, function()
    local name, from, n, value = s:read()
    if not name then return false end
    seen[value], count = true, count + n
    senders = senders + (name == "SIGRTMIN+1" and from == pid and 1 or 0)
    return count == 10
  end)
  tap.ok(good, "ten requests, ten real-time signals")
  tap.is(senders, 10, "from this process")
  local found = 0
  for i = 1, 10 do found = found + (seen[i * 1000 - 5000] and 1 or 0) end
  tap.is(found, 10, "each with its value")
  tap.ok(all_ended(list), "all have ended")
  tap.errno("EAGAIN", "and no signal more", s:read())
end

-- A signal that nobody takes would kill the process.
local function nobody_takes_it()
  local cb = request { signo = "SIGRTMIN+4" }
  for _ = 1, 10 do
    cb:read()
    all_ended { cb }
  end
  tap.ok(true, "a signal that nobody takes does nothing")
  local s = assert(aio.signals("SIGRTMIN+5"))
  cb.sigevent = "SIGRTMIN+5"
  cb:read()
  s:close()
  all_ended { cb }
  cb:read()
  all_ended { cb }
  tap.ok(true, "nor one that is taken no more")
  cb.sigevent = "SIGRTMIN+4"
  s = assert(aio.signals("SIGRTMIN+4"))
  cb:read()
  tap.ok(until_true(s, function() return s:read() == "SIGRTMIN+4" end),
    "and it can be taken later")
  s:close()
end

-- What is no signal makes the request fail although it was carried out.
local function no_signal()
  local cb = request { signo = 99 }
  cb.buf:fill("x")
  cb:read()
  posix.suspend({ cb }, 20)
  local errno, name, cause = cb:error()
  tap.is(errno, aio.EINVAL, "signal 99: EINVAL")
  tap.is(name .. ": " .. cause, "EINVAL: the notification has no such signal",
    "the cause")
  tap.ok(cb.buf:check(0), "but the bytes were read")
  cb.sigevent = { notify = "signal" }
  cb:read()
  tap.ok(all_ended { cb }, "signal 0 is none")
end

-- ---- threads ----

local function eventfds()
  local efd, list, count = aio.eventfd(), {}, 0
  for i = 1, 10 do
    list[i] = request(i % 2 == 0 and efd or { notify = "thread",
                                              eventfd = efd })
    list[i]:read()
  end
  tap.ok(until_true(efd, function()
    count = count + efd:read()
    return count == 10
  end), "ten requests add 10 to an eventfd")
  tap.ok(all_ended(list), "all have ended")
end

-- What failed and what was canceled tells as well, what was refused does not.
local function not_only_good_ones()
  local efd = aio.eventfd()
  local r, w = assert(aio.pipe())
  local bad, first, second = request(efd, -1), request(nil, r), request(efd, r)
  bad:read()
  tap.ok(until_true(efd, function() return efd:read() == 1 end), "a failure")
  first:read()
  second:read()
  posix.cancel(r, second)
  tap.ok(until_true(efd, function() return efd:read() == 1 end), "a canceled")
  bad.reqprio = 21
  tap.errno("EINVAL", "one that is refused", bad:read())
  w:write("x")
  all_ended { first }
  tap.errno("EAGAIN", "tells nobody", efd:read())
end

local function functions()
  local plain = request("thread")
  plain:read()
  tap.ok(until_true(posix.eventfd(), function()
    return posix.eventfd():read() == 1
  end), "by thread, without an eventfd of its own: posix.eventfd()")
  local log = {}
  local function note(value) log[#log + 1] = value end
  local cb = request { notify_function = note, value = "first" }
  local main = coroutine.running()
  cb:read()
  local ran = 0
  tap.ok(until_true(posix.eventfd(), function()
    ran = ran + posix.run()
    return ran == 1
  end), "posix.run calls one function")
  tap.is(log[1], "first", "with its value")
  tap.is(posix.run(), 0, "once")
  cb.sigevent = { notify_function = function(value)
    tap.is(coroutine.running(), main, "on the main thread")
    log[#log + 1] = value:error()
    if #log < 5 then value:read() end -- from within
  end, value = cb }
  cb:read()
  tap.ok(until_true(posix.eventfd(), function()
    posix.run()
    return #log == 5
  end), "which may submit again")
  tap.is(log[5], 0, "and find the request ended")
end

-- An error in one function loses no other.
local function errors()
  local called = 0
  local list = {}
  for i = 1, 3 do
    list[i] = request(function()
      called = called + 1
      if i == 1 then error("from the first", 0) end
    end)
    list[i]:read()
  end
  all_ended(list)
  tap.ok(until_true(posix.eventfd(), function()
    return not pcall(posix.run)
  end), "an error comes out of posix.run")
  tap.ok(until_true(posix.eventfd(), function()
    posix.run()
    return called == 3
  end), "and the others are called by the next, which the eventfd tells")
  local refused = request(function() called = called + 1 end)
  refused.reqprio = 21
  refused:read()
  posix.run()
  posix.run()
  tap.is(called, 3, "that of a refused request is not called")
end

-- ---- groups ----

local function groups()
  local efd, own = aio.eventfd(), aio.eventfd()
  local r, w = assert(aio.pipe())
  local list = { request(own), request(own), request(own, r) }
  tap.is(posix.listio("nowait", list, efd), true, "a group")
  tap.ok(all_ended { list[1], list[2] }, "two of three have ended")
  tap.errno("EAGAIN", "the group tells nothing yet", efd:read())
  w:write("x")
  tap.ok(until_true(efd, function() return efd:read() == 1 end),
    "it does when all have")
  local count = 0
  tap.ok(until_true(own, function()
    count = count + own:read()
    return count == 3
  end), "each for itself as well")
  local s <close> = assert(aio.signals("SIGRTMIN+2"))
  posix.listio("nowait", { list[1], list[2] },
    { signo = "SIGRTMIN+2", value = -7 })
  tap.ok(until_true(s, function()
    return select(4, s:read()) == -7
  end), "a group by signal, with its value")
  all_ended(list)
  local told
  posix.listio("nowait", { list[1], false, list[2] },
    { notify_function = function(v) told = v end, value = "group" })
  tap.ok(until_true(posix.eventfd(), function()
    posix.run()
    return told == "group"
  end), "and by function")
  all_ended(list)
  tap.is(posix.listio("nowait", {}, efd), true, "a group of none")
  tap.ok(until_true(efd, function() return efd:read() == 1 end), "tells")
  posix.listio("wait", { list[1] }, efd)
  tap.errno("EAGAIN", "one that is waited for does not", efd:read())
end

-- ---- closing ----

local function closed()
  local efd = aio.eventfd()
  local list = {}
  for i = 1, 20 do
    list[i] = request(efd)
    list[i]:read()
  end
  efd:close()
  local pipes = {}
  for i = 1, 20 do pipes[i] = { assert(aio.pipe("nonblock")) } end
  tap.ok(all_ended(list), "an eventfd closed meanwhile")
  local clean = 0
  for _, p in ipairs(pipes) do
    local _, _, errno = p[1]:read(8)
    clean = clean + (errno == aio.EAGAIN and 1 or 0)
  end
  tap.is(clean, 20, "nobody writes what has its number now")
  posix.eventfd():close()
  local ran = 0
  local cb = request(function() ran = ran + 1 end)
  cb:read()
  tap.ok(until_true(posix.eventfd(), function()
    posix.run()
    return ran == 1
  end), "posix.eventfd comes back when it was closed")
end

none()
signals()
nobody_takes_it()
no_signal()
eventfds()
not_only_good_ones()
functions()
errors()
groups()
closed()
tap.done()
