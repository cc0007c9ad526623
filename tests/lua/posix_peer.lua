-- The names of aio.h against glibc: the same calls, typed in C and in Lua, give
-- the same answers and the same errno (issue 6). Skipped without a C compiler.
local aio = require "aio"
local tap = require "aio.tap"
local posix = require "aio.posix"

-- One statement to a line, valid in C, and in Lua once & is gone and NULL is
-- nil. The first request of a process has its own thread at once, so that it
-- cannot be canceled any more.
local STEPS = [[
aio_error(&cb)
aio_return(&cb)
cb.aio_fildes = empty;
cb.aio_buf = buf;
cb.aio_nbytes = 512;
cb.aio_sigevent.sigev_notify = SIGEV_NONE;
aio_read(&cb)
aio_error(&cb)
aio_cancel(empty, &cb)
other.aio_fildes = empty;
other.aio_buf = buf;
other.aio_nbytes = 1;
aio_read(&other)
aio_error(&other)
aio_suspend(both, 2, &now)
aio_suspend(both, 2, &soon)
aio_suspend(both, 2, &past)
aio_suspend(both, -1, &soon)
aio_suspend(both, 0, NULL)
aio_cancel(empty, &other)
aio_error(&other)
aio_return(&other)
aio_cancel(empty, &other)
aio_read(&other)
aio_cancel(empty, NULL)
aio_error(&other)
aio_error(&cb)
PUT
aio_suspend(one, 1, NULL)
aio_error(&cb)
aio_return(&cb)
aio_return(&cb)
aio_error(&cb)
aio_cancel(empty, &cb)
aio_cancel(empty, NULL)
aio_cancel(zero, &cb)
aio_cancel(-1, NULL)
aio_cancel(-1, &cb)
cb.aio_fildes = zero;
aio_read(&cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
aio_return(&cb)
cb.aio_reqprio = -1;
aio_read(&cb)
aio_error(&cb)
aio_return(&cb)
cb.aio_reqprio = 21;
aio_write(&cb)
cb.aio_reqprio = 20;
aio_read(&cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
cb.aio_reqprio = 0;
cb.aio_offset = -1;
aio_read(&cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
aio_return(&cb)
cb.aio_offset = 0;
cb.aio_nbytes = -1;
aio_read(&cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
cb.aio_nbytes = 512;
cb.aio_buf = NULL;
aio_read(&cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
cb.aio_buf = buf;
cb.aio_fildes = -1;
aio_read(&cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
aio_return(&cb)
aio_fsync(O_SYNC, &cb)
aio_error(&cb)
cb.aio_fildes = full;
aio_write(&cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
aio_return(&cb)
aio_fsync(12345, &cb)
aio_fsync(O_SYNC, &cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
aio_return(&cb)
cb.aio_lio_opcode
cb.aio_fildes = file;
aio_fsync(O_DSYNC, &cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
cb.aio_lio_opcode
aio_fsync(O_SYNC, &cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
aio_return(&cb)
aio_write(&cb)
aio_suspend(one, 1, NULL)
aio_return(&cb)
cb.aio_lio_opcode
other.aio_fildes = file;
other.aio_nbytes = 100;
other.aio_offset = 500;
other.aio_lio_opcode = LIO_READ;
cb.aio_lio_opcode = LIO_WRITE;
lio_listio(LIO_WAIT, one, 1, NULL)
lio_listio(LIO_WAIT, both, 2, NULL)
aio_return(&cb)
aio_return(&other)
lio_listio(LIO_WAIT, nulls, 3, NULL)
lio_listio(LIO_WAIT, one, 0, NULL)
lio_listio(LIO_NOWAIT, one, 0, NULL)
lio_listio(2, one, 1, NULL)
lio_listio(-1, one, 1, NULL)
cb.aio_lio_opcode = 77;
lio_listio(LIO_WAIT, both, 2, NULL)
aio_error(&cb)
aio_error(&other)
lio_listio(LIO_NOWAIT, one, 1, NULL)
aio_suspend(one, 1, NULL)
aio_error(&cb)
cb.aio_fildes = zero;
cb.aio_lio_opcode = 128;
lio_listio(LIO_WAIT, one, 1, NULL)
aio_return(&cb)
cb.aio_lio_opcode = -127;
lio_listio(LIO_WAIT, one, 1, NULL)
aio_return(&cb)
cb.aio_lio_opcode = 130;
lio_listio(LIO_WAIT, one, 1, NULL)
aio_error(&cb)
cb.aio_fildes = file;
cb.aio_lio_opcode = LIO_NOP;
lio_listio(LIO_WAIT, one, 1, NULL)
aio_error(&cb)
cb.aio_lio_opcode = LIO_WRITE;
cb.aio_reqprio = 21;
lio_listio(LIO_WAIT, one, 1, NULL)
lio_listio(LIO_WAIT, both, 2, NULL)
aio_error(&cb)
aio_error(&other)
lio_listio(LIO_NOWAIT, one, 1, NULL)
lio_listio(LIO_NOWAIT, both, 2, NULL)
aio_suspend(other_only, 1, NULL)
aio_error(&other)
cb.aio_reqprio = 0;
cb.aio_fildes = -1;
lio_listio(LIO_WAIT, both, 2, NULL)
aio_error(&cb)
aio_error(&other)
cb.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
cb.aio_sigevent.sigev_signo = 0;
cb.aio_fildes = zero;
aio_read(&cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
cb.aio_sigevent.sigev_signo = 99;
aio_read(&cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
aio_return(&cb)
cb.aio_sigevent.sigev_notify = 99;
aio_read(&cb)
aio_suspend(one, 1, NULL)
aio_error(&cb)
AIO_CANCELED
AIO_NOTCANCELED
AIO_ALLDONE
LIO_READ
LIO_WRITE
LIO_NOP
LIO_WAIT
LIO_NOWAIT
SIGEV_SIGNAL
SIGEV_NONE
SIGEV_THREAD
]]

local PROGRAM = [[
#define _GNU_SOURCE
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#define PUT write(ends[1], "x", 1)
#define SHOW(value) do { errno = 0; int v = (int)(value); \
  printf("%%d %%d\n", v, v == -1 ? errno : 0); } while (0)
int main(void) {
  static struct aiocb cb, other;
  const struct aiocb *const one_[] = {&cb}, *const both_[] = {&cb, &other};
  const struct aiocb *const only_[] = {&other}, *nulls_[] = {NULL, NULL, NULL};
  struct aiocb **one = (void *)one_, **both = (void *)both_;
  struct aiocb **other_only = (void *)only_, **nulls = (void *)nulls_;
#define one (void *)one
#define both (void *)both
#define other_only (void *)other_only
#define nulls (void *)nulls
  struct timespec now = {0, 0}, soon = {0, 1000000}, past = {-1, 0};
  static char buf[4096];
  int ends[2], zero = open("/dev/zero", O_RDWR);
  int full = open("/dev/full", O_RDWR);
  int file = open("%s.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (pipe(ends) != 0)
    return 1;
  int empty = ends[0];
%s  return 0;
}
]]

local base = (os.getenv("TMPDIR") or ".") .. "/posix_peer"

local function lines()
  return STEPS:gmatch("([^\n]+)\n")
end

local function program()
  local code = {}
  for line in lines() do
    code[#code + 1] = line:find(";$") and line or ("SHOW(%s);"):format(line)
  end
  return PROGRAM:format(base, table.concat(code, "\n") .. "\n")
end

-- The pairs of numbers that the C program prints; nil where there is none.
local function answers_of_c()
  local source = assert(io.open(base .. ".c", "w"))
  source:write(program())
  source:close()
  local ok = os.execute(("${CC:-cc} -w -pthread -o '%s' '%s.c' -lrt")
    :format(base, base) .. " 2>/dev/null")
  if not ok then return nil end
  local answers, out = {}, assert(io.popen("'" .. base .. "'"))
  for line in out:lines() do answers[#answers + 1] = line end
  out:close()
  return answers
end

local answers = answers_of_c()
os.remove(base .. ".c")
os.remove(base)
if not answers then tap.skip("no C compiler here") end

local cb, other = posix.aiocb { fd = 0 }, posix.aiocb { fd = 0 }
local empty, put = aio.pipe()
local names = {
  cb = cb, other = other, one = { cb }, both = { cb, other },
  other_only = { other }, nulls = { nil, nil, nil }, buf = aio.buffer(4096),
  now = { tv_sec = 0, tv_nsec = 0 }, soon = { tv_nsec = 1000000 },
  past = { tv_sec = -1 }, empty = empty, zero = aio.open("/dev/zero", "rdwr"),
  full = aio.open("/dev/full", "rdwr"),
  file = aio.open(base .. ".dat", "rdwr,creat,trunc"),
}
os.remove(base .. ".dat")
local env = setmetatable(names, {
  __index = function(_, key)
    if key == "PUT" then return put:write("x") end
    return posix[key]
  end,
})

local function show(value)
  return ("%d %d"):format(value, value == -1 and posix.errno or 0)
end

local n = 0
for line in lines() do
  local code = line:gsub("&", ""):gsub("NULL", "nil")
  if line:find(";$") then
    assert(load(code, line, "t", env))()
  else
    n = n + 1
    posix.errno = 0
    local got = assert(load("return " .. code, line, "t", env))()
    tap.is(show(got), answers[n], line)
  end
end
tap.is(#answers, n, "as many answers from C")
tap.done()
