-- aiosh puts functions of its own into the library `coroutine`, for Ctrl-C's
-- sake. Nobody must notice: what the stock ones do is said here.
local tap = require "aio.tap"
local coroutine = coroutine

local function results(...)
  local list = table.pack(...)
  for i = 1, list.n do
    list[i] = tostring(list[i])
  end
  return table.concat(list, " ")
end

local function is(want, name, ...)
  tap.is(results(...), want, name)
end

local function dying(what)
  return coroutine.create(function()
    error(what, 0)
  end)
end

local function resuming()
  local co = coroutine.create(function(...)
    local got = results(coroutine.yield(...))
    return got, nil
  end)
  is("true 1 nil 3", "arguments arrive and are yielded",
    coroutine.resume(co, 1, nil, 3))
  is("true 4 nil nil", "results go in and come out",
    coroutine.resume(co, 4, nil))
  is("false cannot resume dead coroutine", "the end is the end",
    coroutine.resume(co))
  is("true", "no arguments and no results",
    coroutine.resume(coroutine.create(function() end)))
end

local function refused()
  is("false cannot resume non-suspended coroutine", "resuming oneself",
    coroutine.resume(coroutine.running()))
  local outer
  outer = coroutine.create(function()
    return coroutine.wrap(function()
      return coroutine.resume(outer)
    end)()
  end)
  is("true false cannot resume non-suspended coroutine",
    "resuming who waits for us", coroutine.resume(outer))
  for _, name in ipairs {"resume", "close"} do
    tap.raises("bad argument #1 to '" .. name
      .. "' (thread expected, got number)", name .. " wants a coroutine",
      load("coroutine." .. name .. "(1)"))
  end
  tap.raises("bad argument #1 to 'wrap' (function expected",
    "wrap wants a function", function() coroutine.wrap(1) end)
end

-- A stack holds a million values: two times 600000 is too much.
local half = 600000

local function too_many_arguments()
  local co = coroutine.create(function(...)
    coroutine.yield()
    return ...
  end)
  coroutine.resume(co, table.unpack({}, 1, half))
  is("false too many arguments to resume", "too many arguments",
    coroutine.resume(co, table.unpack({}, 1, half)))
  is("suspended", "which is not the end", coroutine.status(co))
end

local function too_many_results()
  local function full(...)
    assert((...) == nil)
    local good, message = coroutine.resume(coroutine.create(table.unpack),
      {}, 1, half)
    return good, message
  end
  local good, message = full(table.unpack({}, 1, half))
  is("false too many results to resume", "too many results", good, message)
end

local function errors()
  local object = {}
  local _, got = coroutine.resume(dying(object))
  tap.ok(got == object, "resume hands over an error object as it is")
  is("false plain", "and a message", coroutine.resume(dying("plain")))
  local failing = coroutine.wrap(function() error(object) end)
  _, got = pcall(failing)
  tap.ok(got == object, "so does wrap")
end

local function positions()
  local line = debug.getinfo(1, "l").currentline
  local wrapped = coroutine.wrap(function()
    error("inner")
  end)
  local _, message = pcall(function()
    wrapped()
  end)
  local here = debug.getinfo(1, "S").short_src
  tap.is(message, ("%s:%d: %s:%d: inner"):format(here, line + 5, here,
    line + 2), "wrap puts the position of the call in front")
  tap.raises("cannot resume dead coroutine", "wrap and the dead", wrapped)
end

local function closable(log, text, failure)
  return setmetatable({}, {__close = function(_, err)
    log[#log + 1] = text .. " " .. tostring(err)
    if failure then
      error(failure, 0)
    end
  end})
end

local function closing_by_wrap()
  local log = {}
  local wrapped = coroutine.wrap(function()
    local _ <close> = closable(log, "a")
    do
      local _ <close> = closable(log, "b", "from b")
      error("first", 0)
    end
  end)
  local _, message = pcall(wrapped)
  is("b first a from b", "wrap closes variables when it fails",
    table.unpack(log))
  tap.like(message, "from b$", "and raises the last error")
end

local function closing()
  local log = {}
  local co = coroutine.create(function()
    local _ <close> = closable(log, "a")
    coroutine.yield()
  end)
  coroutine.resume(co)
  is("true", "close a suspended coroutine", coroutine.close(co))
  is("a nil dead", "its variables were closed", log[1], coroutine.status(co))
  is("true", "close it again", coroutine.close(co))
  co = dying("why")
  coroutine.resume(co)
  is("false why", "close tells what a coroutine died of", coroutine.close(co))
  is("true", "once", coroutine.close(co))
end

local function failing_close()
  local log = {}
  local co = coroutine.create(function()
    local _ <close> = closable(log, "a", "no")
    coroutine.yield()
  end)
  coroutine.resume(co)
  is("false no", "an error while closing", coroutine.close(co))
end

local function not_closable()
  tap.raises("cannot close a running coroutine", "not oneself",
    function() coroutine.close(coroutine.running()) end)
  local outer
  outer = coroutine.create(function()
    return coroutine.wrap(function()
      return pcall(coroutine.close, outer)
    end)()
  end)
  is("true false cannot close a normal coroutine", "nor who waits for us",
    coroutine.resume(outer))
end

local function telling()
  local co = coroutine.create(function(other)
    return coroutine.status(other), coroutine.isyieldable(),
      coroutine.running()
  end)
  local _, status, yieldable, self, main =
    coroutine.resume(co, coroutine.running())
  is("normal true false", "status, isyieldable, running", status, yieldable,
    main)
  tap.ok(self == co, "running says who")
end

local function yielding_everywhere()
  local wrapped = coroutine.wrap(function()
    return pcall(function()
      coroutine.yield("in pcall")
      local t = setmetatable({}, {__index = function(_, k)
        return coroutine.yield(k)
      end})
      return t.key
    end)
  end)
  is("in pcall", "yield across pcall", wrapped())
  is("key", "yield across a metamethod", wrapped())
  is("true value", "and the end", wrapped("value"))
end

local function deep()
  local function nest(n)
    return n == 0 and 0 or coroutine.wrap(nest)(n - 1) + 1
  end
  tap.is(nest(100), 100, "a hundred coroutines in each other")
  local function endless()
    return coroutine.wrap(endless)()
  end
  tap.raises("C stack overflow", "too many of them", endless)
end

resuming()
refused()
too_many_arguments()
too_many_results()
errors()
positions()
closing_by_wrap()
closing()
failing_close()
not_closable()
telling()
yielding_everywhere()
deep()
tap.done()
