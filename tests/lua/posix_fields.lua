-- The fields of an aiocb and of its sigevent: their names in Lua and in C, what
-- they take, and that none can be changed in flight.
local aio = require "aio"
local tap = require "aio.tap"
local posix = require "aio.posix"

local buf = aio.buffer(4096)

local function defaults()
  local cb = posix.aiocb()
  tap.is(cb.fd, nil, "fd")
  tap.is(cb.buf, nil, "buf")
  for _, name in ipairs { "nbytes", "offset", "reqprio", "lio_opcode",
                          "submissions" } do
    tap.is(cb[name], 0, name)
  end
  tap.is(cb.data, nil, "data")
  tap.is(tostring(cb.sigevent), "sigevent (none)", "sigevent")
  tap.is(cb.inflight, false, "inflight")
  tap.is(tostring(cb), "aiocb (pread 0 @0)", "tostring")
  tap.is(posix.aiocb { buf = buf }.nbytes, 4096, "nbytes is that of buf")
  tap.is(posix.aiocb { buf = buf:slice(512, 100) }.nbytes, 100, "of a slice")
  tap.is(posix.aiocb { buf = buf, nbytes = "1k" }.nbytes, 1024, "unless given")
end

-- Each under both names.
local function names()
  local f = assert(aio.open("/dev/zero"))
  local values = {
    fd = { "aio_fildes", f }, buf = { "aio_buf", buf },
    nbytes = { "aio_nbytes", 7 }, offset = { "aio_offset", -8 },
    reqprio = { "aio_reqprio", 9 }, lio_opcode = { "aio_lio_opcode", 2 },
  }
  for name, v in pairs(values) do
    local c_name, value = v[1], v[2]
    tap.is(posix.aiocb { [name] = value }[c_name], value, name .. " given")
    tap.is(posix.aiocb { [c_name] = value }[name], value, c_name .. " given")
    local cb = posix.aiocb()
    cb[c_name] = value
    tap.is(cb[name], value, c_name .. " set")
    cb[name] = nil
    tap.ok(cb[c_name] == nil or cb[c_name] == 0, name .. " cleared")
  end
  for i, word in ipairs { "read", "write", "nop" } do
    tap.is(posix.aiocb { lio_opcode = word }.lio_opcode, i - 1, word)
  end
  local data = {}
  tap.is(posix.aiocb { data = data }.data, data, "data is any value")
end

local function misuse()
  local cb = posix.aiocb()
  local function set(name, value)
    return function() cb[name] = value end
  end
  tap.raises("unknown field 'bufs'", "an unknown field", posix.aiocb,
    { bufs = {} })
  tap.raises("aiocb has no field 'events' to set", "to set", set("events", 1))
  tap.raises("aiocb has no field 'events'", "to read",
    function() return cb.events end)
  tap.raises("table expected", "no table", posix.aiocb, 5)
  tap.raises("bad field 'buf'", "a string as buf", set("buf", "text"))
  tap.raises("bad field 'aio_buf'", "by its C name", set("aio_buf", 4096))
  tap.raises("bad field 'fd'", "a string as fd", set("fd", "data"))
  tap.raises("no integer value", "half a byte", set("nbytes", 0.5))
  tap.raises("is not in", "reqprio is an int", set("reqprio", 1 << 31))
  tap.raises('"read", "write" or "nop" expected', "another opcode",
    set("lio_opcode", "fsync"))
  tap.raises("aiocb expected", "a method of something else", cb.read, buf)
  local closed = aio.buffer(8)
  cb.buf = closed
  closed:close()
  cb.fd, cb.nbytes = 0, 8
  tap.raises("the buffer is closed", "a buffer closed since", cb.read, cb)
  local f = assert(aio.open("/dev/zero"))
  cb.buf, cb.fd = buf, f
  f:close()
  tap.raises("fd' to 'aio_read' %(it is closed", "a file closed since", cb.read,
    cb)
  tap.raises("it is closed", "for fsync as well", cb.fsync, cb, "sync")
  tap.is(cb.submissions, 0, "nothing was submitted")
  cb:close()
  cb:close()
  tap.is(tostring(cb), "aiocb (closed)", "closing twice is harmless")
  tap.raises("aiocb is closed", "closed", cb.read, cb)
  tap.raises("aiocb is closed", "closed: fields", function() return cb.fd end)
end

local function in_flight()
  local r, w = assert(aio.pipe())
  local cb = posix.aiocb { fd = r, buf = buf:slice(0, 4), sigevent = "none" }
  local event = cb.sigevent
  cb:read()
  for _, name in ipairs { "fd", "buf", "nbytes", "offset", "reqprio", "data",
                          "lio_opcode", "sigevent", "aio_offset" } do
    tap.raises("aiocb is in flight", name .. " in flight",
      function() cb[name] = nil end)
  end
  tap.raises("its aiocb is in flight", "its sigevent",
    function() event.signo = 5 end)
  tap.raises("its aiocb is in flight", "its value",
    function() event.sigev_value.sival_int = 5 end)
  for _, op in ipairs { "read", "write" } do
    tap.raises("aiocb is in flight", op .. " in flight", cb[op], cb)
  end
  tap.raises("aiocb is in flight", "fsync in flight", cb.fsync, cb, "sync")
  tap.is(cb.fd, r, "fields can be read")
  w:write("x")
  posix.suspend({ cb }, 20)
  cb.offset = 1
  tap.is(cb.offset, 1, "and changed when it has ended")
end

local function sigevents()
  local efd = aio.eventfd()
  local texts = {
    { nil, "none" }, { "none", "none" }, { {}, "none" },
    { "SIGRTMIN+1", "signal SIGRTMIN+1, value 0" },
    { { signo = 40, value = 3 }, "signal 40, value 3" },
    { { sigev_notify = 0, sigev_signo = 40, sigev_value = { sival_int = 4 } },
      "signal 40, value 4" },
    { efd, "thread, eventfd" }, { { eventfd = efd }, "thread, eventfd" },
    { { notify = "thread", eventfd = efd }, "thread, eventfd" },
    { print, "thread, function" },
    { { sigev_notify_function = print }, "thread, function" },
    { { notify = 99 }, "99" },
  }
  for i, t in ipairs(texts) do
    local text = "sigevent (" .. t[2] .. ")"
    tap.is(tostring(posix.sigevent(t[1])), text, i .. ": " .. text)
  end
  local cb, other = posix.aiocb { sigevent = "USR1" }, posix.aiocb()
  other.sigevent = cb.sigevent
  cb.sigevent.signo = "USR2"
  tap.is(other.sigevent.signo, "USR1", "two aiocbs do not share one")
  cb.aio_sigevent.sigev_value.sival_ptr = other
  tap.is(cb.sigevent.value, other, "sival_ptr is any value")
  tap.is(cb.sigevent.sigev_value.sival_int, other, "a union")
end

local function bad_sigevents()
  local function make(from)
    return function() posix.sigevent(from) end
  end
  tap.raises("sigevent has no field 'signal'", "an unknown field",
    make { signal = 5 })
  tap.raises("table, name of a signal, eventfd or function", "a number",
    make(5))
  tap.raises('"none", "signal", "thread" or a number', "another word",
    make { notify = "mail" })
  tap.raises("bad field 'signo'", "a table as signo", make { signo = {} })
  tap.raises("function expected, got string", "a string as function",
    make { notify_function = "print" })
  tap.raises("nil expected", "attributes", make { notify_attributes = {} })
  tap.raises("sigval has no field 'sival'", "a bad union", function()
    posix.sigevent().sigev_value.sival = 1
  end)
  local cb = posix.aiocb { fd = assert(aio.open("/dev/zero")), buf = buf }
  local function read(sigevent)
    return function()
      cb.sigevent = sigevent
      cb:read()
    end
  end
  tap.raises("unknown signal 'SIGNONE'", "no such signal", read("SIGNONE"))
  tap.raises("would end or stop the process", "SIGKILL", read("KILL"))
  tap.raises("would end or stop the process", "SIGSEGV", read("SEGV"))
  tap.raises("integer expected, got string", "a string to a signal",
    read { signo = "USR1", value = "x" })
  tap.raises("eventfd expected, got userdata", "a file as eventfd",
    read { eventfd = cb.fd })
  local efd = aio.eventfd()
  efd:close()
  tap.raises("the eventfd is closed", "a closed one", read { eventfd = efd })
  tap.is(cb.submissions, 0, "nothing was submitted")
end

defaults()
names()
misuse()
in_flight()
sigevents()
bad_sigevents()
tap.done()
