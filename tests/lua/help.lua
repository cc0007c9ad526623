-- help(): everything documented is found, and every example runs.
local aio = require "aio"
local tap = require "aio.tap"
local help = require "aio.help"
local index = require "aio.help_index"
local words = require "aio.words"
local example = require "aio.help_example"
local topics = require "aio.help_topics"
local constants = require "aio.help_constants"

local function text(...) return tostring(help(...)) end

local function has(page, pattern, name)
  tap.like(tostring(page), pattern, name)
end

-- ---- what there is to be told ----

local undocumented = { version = true } -- a string, shown by help()

local function missing_functions()
  local list = {}
  for name, value in pairs(aio) do
    if type(value) == "function" and not undocumented[name]
       and not index.by_function(value) then
      list[#list + 1] = name
    end
  end
  return table.concat(list, " ")
end

local function missing_members()
  local list = {}
  for type_name in pairs(words.types) do
    for _, name in ipairs(index.members(type_name)) do
      if not index.member(type_name, name) then
        list[#list + 1] = type_name .. ":" .. name
      end
    end
  end
  return table.concat(list, " ")
end

tap.is(missing_functions(), "", "every function of aio is documented")
tap.is(missing_members(), "", "so is every method and field")

local function unknown_errors()
  local list = {}
  for name in pairs(require "aio.help_errors") do
    if aio.errname(aio[name] or 0) ~= name then list[#list + 1] = name end
  end
  for name in pairs(constants.text) do
    if not aio[name] then list[#list + 1] = name end
  end
  return table.concat(list, " ")
end
tap.is(unknown_errors(), "", "every error and constant told about exists")

-- A name in the text of a topic or an error is a name in the manual.
local function check_names(title, pages)
  local unknown = {}
  for _, page in pairs(pages) do
    page = page:gsub('require "aio[^"]*"', ""):gsub("use[sd]? aio%.tap", "")
    for name in page:gmatch("%f[%w][%a]+[.:][%l_]+%f[^%w_]") do
      local prefix, last = name:match("^(%w+).(.*)$")
      local kind = index.variable(prefix)
      if (prefix == "aio" or kind) and not index.named(name)
         and not index.member(kind or "", last) then
        unknown[#unknown + 1] = name
      end
    end
  end
  tap.is(table.concat(unknown, " "), "", title)
end

local pages = {}
for _, topic in pairs(topics) do
  pages[#pages + 1] = topic.text .. "\n" .. (topic.See or "")
end
check_names("the topics name what exists", pages)
pages = {}
for _, cases in pairs(require "aio.help_errors") do
  for _, case in ipairs(cases) do
    pages[#pages + 1] = table.concat(case, "\n")
  end
end
check_names("so do the errors", pages)

-- ---- examples ----

local sandbox = os.getenv("TMPDIR") or "/tmp"

-- Files that examples name are made in the sandbox.
local function in_sandbox(name)
  return not name:find "^aio%." and ('"%s/%s"'):format(sandbox, name) or nil
end

local function compile(code)
  code = code:gsub("/tmp/", sandbox .. "/"):gsub('"(%w+%.%w+)"', in_sandbox)
  local env = setmetatable({ print = function() end, help = help },
                           { __index = _G })
  return load(code, "=example", "t", env)
end

-- These would end this file of tests, or change its plan.
local not_here = { ["tap.done"] = true, ["tap.skip"] = true,
                   ["tap.plan"] = true, ["tap.note"] = true }

local function failures(examples)
  local list = {}
  for name, entry in pairs(examples) do
    local chunk, why = compile(example(entry))
    local ran
    if not chunk then -- an expression, as the prompt takes it
      local lines, last = example(entry):match("^(.-)([^\n]*)$")
      chunk, why = compile(lines .. "return " .. last)
    end
    ran = chunk ~= nil
    if chunk and entry.section ~= "tap" and not not_here[name] then
      ran, why = pcall(chunk)
      ran = ran or why:find("this is no prompt", 1, true) ~= nil
    end
    if not ran then list[#list + 1] = name .. ": " .. tostring(why) end
    collectgarbage()
  end
  table.sort(list)
  return table.concat(list, "\n")
end

local function with_example(list, name_of)
  local found, n = {}, 0
  for key, entry in pairs(list) do
    if entry.Example then
      found[name_of(key, entry)] = entry
      n = n + 1
    end
  end
  return found, n
end

local examples, n = with_example(index.entries, function(_, entry)
  return entry.section .. " " .. entry.names[1]
end)
tap.ok(n > 60, "there are many examples: " .. n)
tap.is(failures(examples), "", "every example in the sources runs as shown")
tap.is(failures(with_example(topics, function(name) return name end)), "",
       "and those of the topics")

-- The walk on the first page, line by line, as somebody would paste it.
local walk = {}
for line in topics.start.text:gmatch("\n  ([^\n]+)") do
  walk[#walk + 1] = line
end
tap.ok(#walk >= 7, "the first page walks through a read")
local data
local chunk = compile(table.concat(walk, "\n"):gsub("print%(buf:get",
                                                     "keep(buf:get"))
debug.setupvalue(chunk, 1, setmetatable(
  { keep = function(s) data = s end, print = function() end },
  { __index = _G }))
chunk()
tap.is(data, io.open("/etc/passwd"):read(4096), "and its data is the file's")

-- ---- how things are found ----

has(help(), "ctx = aio.setup", "help() tells where to begin")
local ctx = aio.setup(4)
tap.is(text(ctx.submit), text "ctx:submit", "a method by its value")
tap.is(text(aio.open), text "aio.open", "a function by its value")
tap.is(text(tap.errno), text "tap.errno", "a module's function")
has(help(ctx), "^context %(4 events.*ctx:submit%(iocb", "an object's methods")
has(help "context", "for iocb, res, res2 in ctx:each", "a type by its name")
has(help "ctx", "ctx:submit%(iocb", "and by its usual variable")
has(help "cb", "^aio.iocb{.*iocb:at%(", "both names of an iocb")
has(help "timeout", "See: .*w:timeout", "the others of that name")
has(help(require "aio.libaio"), "io_prep_pread%(.*io_submit%(", "libaio whole")
has(help "context:submit", "^ctx:submit%(", "type and method")
has(help "getevents", "^ctx:getevents%(", "a method by its last word")
has(help "io_submit", "^ctx:submit%(", "a system call")
has(help "io_submit", "also libaio's io_submit", "and libaio's name for it")
has(help "posix_memalign", "^aio.buffer%(", "a function of C")
has(help "eventfd", "^aio.eventfd%(.*efd:write", "a type: how it is made")
has(help(tap), "tap.errno%(", "a module")
has(help "EAGAIN", "fs.aio%-max%-nr.*ring is full", "an error, by who says it")
tap.is(text(aio.EAGAIN), text "EAGAIN", "an error by its number")
tap.is(text(-aio.EAGAIN), text "aio.EAGAIN", "as the kernel gives it")
tap.is(text "eagain", text "EAGAIN", "in small letters")
tap.is(text " io_submit(2)", text "io_submit", "as a manual has it")
tap.is(text "aio", text(), "the library")
has(help "EWOULDBLOCK", "^EWOULDBLOCK %(11%).*ring is full", "another name")
has(help "EXDEV", "no meaning of its own", "an error without a part in AIO")
has(help "O_DIRECT", "dioalign.*aio.open%(path, \"direct\"%)", "a flag of open")
has(help "nowait", "^aio.RWF_NOWAIT", "a flag by its word")
has(help "IOCB_CMD_POLL", "cancelled.*aio.poll%(", "an opcode")
has(help "SIGUSR1", "^aio.SIGUSR1 = 10.*aio.signals", "a signal is no error")
has(help "POLLIN", "^aio.POLLIN = 1", "an event")
has(help "In_Flight", "^in flight\n", "a topic, however it is written")
has(help "sumbit", "Near it: .*ctx:submit", "a word with a slip")
has(help "EAGIAN", "EAGAIN", "an error with one")
has(help "misalign", "Told about in: .*buf:slice", "a word in the texts")
has(help "", "no help on \"\"", "the empty word")
has(help(("x"):rep(10000)), "no help on", "a long one")
has(help "\27[31m", "no help on \"\\27", "a terminal's sequence is not sent")
has(help(print), "A function in C", "somebody else's function")
has(help(function() end), "Defined in .*help.lua, line", "one in Lua")
has(help(nil), "no help on a nil", "nil is no forgotten argument")
has(help({}), "no help on a table", "a table")
has(help(io.stdout), "no help on a userdata", "somebody's userdata")
has(help(help "flags"), "^flags", "a page is its own page")

ctx:submit(aio.poll(aio.pipe(), "in"))
local hook = setmetatable({}, {
  __index = function() error("asked") end, __name = "hook",
  __eq = function() error("compared") end,
})
has(help(hook), "no help on a table", "runs no metamethod")
ctx:destroy()

-- The example makes only what is not there.
_G.ctx, _G.buf = aio.setup(4), 5
local shown = text "ctx:submit"
tap.ok(not shown:find("ctx = aio.setup", 1, true), "keeps the user's context")
tap.ok(shown:find("buf = aio.buffer", 1, true), "but a 5 is no buffer")
_G.ctx:destroy()
_G.ctx, _G.buf = nil, nil

tap.done()
