-- libaio's names against libaio: the same calls, typed in C and in Lua, give
-- the same answers (issue 3). Skipped where C can't be compiled with -laio.
local aio = require "aio"
local tap = require "aio.tap"
local L = require "aio.libaio"

-- One statement to a line, valid in C; in Lua once & is gone and NULL is nil.
local STEPS = [[
io_setup(0, &ctx)
io_setup(-1, &ctx)
io_setup(INT_MIN, &ctx)
io_setup(8, &ctx)
io_setup(8, &ctx)
io_queue_init(0, &zero)
io_queue_init(-1, &zero)
io_queue_init(INT_MIN, &zero)
io_prep_pread(&cb, fd, buf, 512, 0);
io_submit(zero, 1, ios)
io_submit(zero, 0, ios)
io_submit(ctx, 0, NULL)
io_submit(ctx, -1, ios)
io_submit(ctx, 1, ios)
io_getevents(ctx, 0, -1, ev, &now)
io_getevents(ctx, -1, 1, ev, &now)
io_getevents(ctx, 2, 1, ev, &now)
io_getevents(ctx, 0, 0, NULL, NULL)
io_getevents(ctx, 1, 8, ev, NULL)
RES
io_getevents(ctx, 1, 1, ev, &now)
io_getevents(ctx, 2, 1, ev, &now) # hidden
io_pgetevents(ctx, 2, 1, ev, &now, NULL) # hidden
io_getevents(zero, 1, 1, ev, NULL)
io_getevents(zero, 0, 1, ev, &now)
io_pgetevents(zero, 1, 1, ev, &now, NULL)
io_cancel(ctx, &cb, ev)
io_cancel(zero, &cb, ev)
io_prep_poll(&cb, empty, POLLIN);
io_submit(ctx, 1, ios)
io_cancel(ctx, &cb, ev)
io_getevents(ctx, 1, 1, ev, NULL)
RES
io_prep_poll(&cb, empty, 0x10000);
io_submit(ctx, 1, ios)
io_prep_preadv(&cb, fd, NULL, 1, 0);
io_submit(ctx, 1, ios)
io_prep_preadv(&cb, fd, many, -1, 0);
io_submit(ctx, 1, ios)
io_prep_preadv(&cb, fd, many, 2000, 0);
io_submit(ctx, 1, ios)
io_prep_preadv2(&cb, fd, many, 3, 0, 0x40000000);
io_submit(ctx, 1, ios)
io_prep_pwritev2(&cb, fd, many, 3, -1, 0);
io_submit(ctx, 1, ios)
io_prep_pwrite(&cb, empty, buf, 512, 0);
io_submit(ctx, 1, ios)
io_prep_pread(&cb, fd, NULL, 512, 0);
io_submit(ctx, 1, ios)
io_getevents(ctx, 1, 1, ev, NULL)
RES
io_prep_pread(&cb, fd, buf, 512, 0);
io_set_eventfd(&cb, fd);
io_submit(ctx, 1, ios)
io_set_eventfd(&cb, -1);
io_submit(ctx, 1, ios)
io_prep_fsync(&cb, empty);
io_submit(ctx, 1, ios)
io_fsync(ctx, &cb, NULL, -1)
io_fdsync(ctx, &cb, NULL, empty)
io_poll(ctx, &cb, NULL, -1, POLLIN)
io_queue_run(ctx)
io_queue_run(zero)
io_queue_release(zero)
io_destroy(ctx)
io_destroy(ctx)
io_submit(ctx, 1, ios)
io_cancel(ctx, &cb, ev)
io_setup(8, &ctx)
]]

local PROGRAM = [[
#include <fcntl.h>
#include <libaio.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>
#define RES ev[0].res
int main(void) {
  io_context_t ctx = 0, zero = 0;
  static struct iocb cb, *ios[] = {&cb};
  static struct io_event ev[8];
  struct timespec now = {0, 0};
  static char buf[4096];
  static struct iovec many[2000];
  int ends[2], fd = open("/dev/zero", O_RDWR);
  if (pipe(ends) != 0)
    return 1;
  int empty = ends[0];
%s  return 0;
}
]]

local function lines()
  return STEPS:gmatch("([^\n#]+)([^\n]*)\n")
end

-- The numbers that the C program prints, one for each line with a value.
local function answers_of_c(base)
  local code = {}
  for line in lines() do
    local value = not line:find(";$")
    code[#code + 1] = value and ('printf("%%d\\n", (int)(%s));\n'):format(line)
      or line .. "\n"
  end
  local source = assert(io.open(base .. ".c", "w"))
  source:write((PROGRAM:gsub("%%s", function() return table.concat(code) end)))
  source:close()
  local ok = os.execute(("${CC:-cc} -w -o '%s' '%s.c' -laio 2>/dev/null")
    :format(base, base))
  if not ok then return nil end
  local answers, out = {}, assert(io.popen("'" .. base .. "'"))
  for number in out:lines("n") do answers[#answers + 1] = number end
  out:close()
  return answers
end

local base = (os.getenv("TMPDIR") or ".") .. "/libaio_peer"
local answers = answers_of_c(base)
os.remove(base .. ".c")
os.remove(base)
if not answers then tap.skip("no C compiler with libaio here") end

local cb, ev, many, buf = L.iocb(), {}, {}, aio.buffer(4096)
for i = 1, 2000 do many[i] = buf:slice(0, 0) end
local names = {
  ctx = L.io_context_t(), zero = L.io_context_t(), cb = cb, ios = { cb },
  ev = ev, now = { tv_sec = 0, tv_nsec = 0 }, buf = buf, many = many,
  fd = aio.open("/dev/zero", "rdwr"), empty = aio.pipe(),
  INT_MIN = -0x80000000, POLLIN = aio.POLLIN,
}
local env = setmetatable(names, {
  __index = function(_, key)
    if key == "RES" then return ev[1].res end
    return L[key]
  end,
})

local n = 0
for line, mark in lines() do
  local code = line:gsub("&", ""):gsub("NULL", "nil")
  if line:find(";$") then
    assert(load(code, line, "t", env))()
  else
    n = n + 1
    local got = assert(load("return " .. code, line, "t", env))()
    if mark == "# hidden" then
      tap.ok(got == -aio.EINVAL and answers[n] == 0,
             line .. ": the error that libaio's look at the ring hides")
    else
      tap.is(got, answers[n], line)
    end
  end
end
tap.is(#answers, n, "as many answers from C")
tap.done()
