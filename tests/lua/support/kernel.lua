-- What the tests of the kernel's tables share: a place for files, what it is,
-- and tables of requests with the answers that the kernel gives to them.
local aio = require "aio"
local tap = require "aio.tap"

local kernel = { dir = os.getenv("TMPDIR") or "build/tmp", page = 4096 }
local paths = {}

-- The first line that a command prints.
function kernel.ask(command)
  local p = assert(io.popen(command .. " 2>/dev/null"))
  local line = p:read("l")
  p:close()
  return line
end

-- In a chroot the table of mounts does not have it, and df says "-".
function kernel.fs(dir)
  local name = kernel.ask("df --output=fstype '" .. dir .. "' | tail -n 1")
  if name ~= "-" then return name end
  name = kernel.ask("stat -f -c %T '" .. dir .. "'")
  return name == "ext2/ext3" and "ext4" or name
end

kernel.here = kernel.fs(kernel.dir)
kernel.root = kernel.ask("id -u") == "0"

-- nil, or the reason to skip what came with a later kernel.
function kernel.since(major, minor)
  local a, b = aio.limits().kernel:match("^(%d+)%.(%d+)")
  if a * 1000 + b < major * 1000 + minor then
    return ("Linux %s.%s is older than %d.%d"):format(a, b, major, minor)
  end
end

-- nil, or the reason to skip what was measured on these file systems only.
function kernel.only(...)
  for _, fs in ipairs { ... } do
    if fs == kernel.here then return nil end
  end
  return "measured on " .. table.concat({ ... }, ", ") .. ", this is "
    .. tostring(kernel.here)
end

-- This interpreter with its options, for a shell.
function kernel.interpreter()
  local first, words = 0, {}
  while arg[first - 1] do first = first - 1 end
  for i = first, -1 do
    words[#words + 1] = "'" .. arg[i]:gsub("'", "'\\''") .. "'"
  end
  return table.concat(words, " ")
end

-- Runs `send` ("kill -USR1 $PPID") in the background, again and again until
-- stop() is called, or 1000 times; then `finally`.
function kernel.again(send, finally)
  local flag = kernel.file("again", 1)
  local p = assert(io.popen(("p=$PPID; for i in $(seq 1000); do "
    .. "[ -e '%s' ] && %s && sleep 0.01 || exit 0; done; %s"):format(flag,
    send:gsub("%$PPID", "$p"), finally or ":")))
  return function()
    os.remove(flag)
    p:close()
  end
end

-- A file of n bytes, each of them `fill`.
function kernel.file(name, n, fill, dir)
  local path = (dir or kernel.dir) .. "/" .. name
  local f = assert(io.open(path, "wb"))
  f:write((fill or "x"):rep(n))
  f:close()
  paths[#paths + 1] = path
  return path
end

function kernel.remove()
  for _, path in ipairs(paths) do os.remove(path) end
end

-- aio.open with O_DIRECT; nil and the reason where it is refused.
function kernel.direct(path, flags)
  local f, message = aio.open(path, "direct," .. (flags or "rdwr"))
  return f, not f and message or nil
end

-- "submit EINVAL", "res 4096", "res -EFAULT": what became of one request.
function kernel.outcome(ctx, iocb)
  local n, _, errno = ctx:submit(iocb)
  if not n then return "submit " .. aio.errname(errno) end
  local ev = ctx:getevents(1, 1, 10)[1]
  if not ev then return "no event in 10 s" end
  if ev.res2 ~= 0 then return "res2 " .. ev.res2 end
  return "res " .. (ev.err and "-" .. ev.err or ev.res)
end

-- One row: {name, expected outcome, function that makes the iocb, reason to
-- skip it}. The expected may be a list of outcomes that are all right.
local function row(ctx, name, want, make, why)
  if why then
    tap.skip(why, name)
    return
  end
  local got = kernel.outcome(ctx, make())
  for _, one in ipairs(type(want) == "table" and want or { want }) do
    if got == one then want = one end
  end
  if type(want) == "table" then want = table.concat(want, " or ") end
  tap.is(got, want, name .. ": " .. want)
end

function kernel.rows(ctx, rows)
  for i = 1, #rows do
    local r = rows[i]
    row(ctx, r[1], r[2], r[3], r[4])
  end
end

return kernel
