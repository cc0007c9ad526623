-- lua/README.md is what the generator makes of the comments, and a comment
-- that is no reference makes the generator fail.
local tap = require "aio.tap"
local generator = "./aiosh src/build/reference.lua markdown "

local function read(file)
  local f <close> = assert(io.open(file))
  return f:read("a")
end

local function generate(files)
  local pipe = assert(io.popen(generator .. files .. " 2>&1"))
  local text = pipe:read("a")
  local ok = pipe:close()
  return ok, text
end

local function generate_from(text)
  local name = os.getenv("TMPDIR") .. "/source.lua"
  local f <close> = assert(io.open(name, "w"))
  f:write("-- A purpose.\n\n" .. text)
  f:close()
  return generate(name)
end

tap.plan(4)

local ok, text = generate("src/binding/*.c lua/aio/*.lua")
tap.ok(ok, "every documentation block is well formed")
if not tap.ok(text == read("lua/README.md"), "lua/README.md is fresh") then
  tap.note("run: make reference")
end

ok, text = generate_from("--- Does something useful.\n--\n-- At length.\n")
tap.ok(not ok and text:find("no signature"), "a signature is asked for")
ok, text = generate_from("--- aio.f(x) -> y\n--\n-- Returns: y.\n")
tap.ok(not ok and text:find("does not say"), "a description is asked for")
tap.done()
