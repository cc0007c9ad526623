-- aio.limits().

local aio = require "aio"
local tap = require "aio.tap"

local limits = aio.limits()

local function shell(command)
  local p = io.popen(command .. " 2>/dev/null")
  local line = p:read("l")
  p:close()
  return line
end

do -- what the system says
  for key, file in pairs {aio_nr = "aio-nr", aio_max_nr = "aio-max-nr"} do
    local f = io.open("/proc/sys/fs/" .. file)
    if f and key == "aio_max_nr" then
      tap.is(limits[key], f:read("n"), key)
    else
      tap.is(math.type(limits[key]), f and "integer", key)
    end
  end
  tap.is(limits.kernel, shell("uname -r"), "kernel")
  tap.is(limits.page_size, tonumber(shell("getconf PAGE_SIZE")), "page_size")
  tap.is(limits.cpus, tonumber(shell("getconf _NPROCESSORS_ONLN")), "cpus")
end

-- In the units of the shell's ulimit, which children inherit.
do -- what the process may
  for key, option in pairs {nofile = "-n", fsize = "-f", stack = "-s",
      as = "-v", data = "-d", core = "-c", cpu = "-t"} do
    local want = shell("ulimit " .. option)
    local unit = (option == "-n" or option == "-t") and 1
      or (option == "-f" or option == "-c") and 512 or 1024
    local got = limits[key]
    local text = got == math.huge and "unlimited" or tostring(got // unit)
    tap.is(text, want, key .. " is ulimit " .. option)
  end
  for _, key in ipairs {"memlock", "nproc", "sigpending", "rtprio"} do
    local value = limits[key]
    tap.ok(value == math.huge or math.type(value) == "integer" and value >= 0,
      key .. " is an integer or math.huge")
  end
end

do -- the page
  local page = tostring(limits)
  for key in pairs(limits) do
    tap.ok(("\n" .. page):find("\n" .. key .. " "), "the page has " .. key)
  end
  tap.ok(not page:find("\n$"), "and ends without a newline")
  limits.memlock, limits.fsize, limits.nofile = nil, math.huge, 7
  tap.like(tostring(limits), "memlock +unknown", "what is not known")
  tap.like(tostring(limits), "fsize +unlimited", "what has no limit")
  tap.like(tostring(limits), "nofile +7 ", "a number")
  tap.ok(aio.limits() ~= limits, "each call looks again")
end

tap.done()
