/* POSIX AIO at the end of a Lua state, and in a forked child: lua_close waits
 * for no thread of glibc and frees nothing that one may write to; a child is
 * refused every call, since glibc would hang there. */
#include "core/posix.h"

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "script.h"

static int blocked[2]; /* a pipe that no Lua state closes */

static lua_State *state(void) {
  lua_State *L = script_state();
  lua_pushinteger(L, blocked[0]);
  lua_setglobal(L, "blocked");
  script_run(L, "tools",
             "posix = require 'aio.posix'\n"
             "function says(pattern, f, ...)\n"
             "  local good, err = pcall(f, ...)\n"
             "  if good then error('it did not raise', 2) end\n"
             "  if not err:find(pattern) then error(err, 2) end\n"
             "end\n");
  return L;
}

static int64_t integer(lua_State *L, const char *name) {
  lua_getglobal(L, name);
  int64_t n = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}

/* How many descriptors are open. */
static int descriptors(void) {
  int n = 0;
  for (int fd = 0; fd < 1024; fd++)
    n += fcntl(fd, F_GETFD) >= 0;
  return n;
}

static bool eventually(int fds) {
  int64_t end = clock_now() + INT64_C(20000000000);
  while (descriptors() > fds && clock_left(end) > 0) {
    usleep(1000);
    posix_sweep();
  }
  return descriptors() == fds;
}

/* ---- the end of a state ---- */

static const char in_flight[] =
    "local buf, efd = aio.buffer(4096), aio.eventfd()\n"
    "cb = posix.aiocb { fd = blocked, buf = buf, nbytes = 8, sigevent = efd }\n"
    "called = posix.aiocb { fd = blocked, buf = aio.buffer(1),\n"
    "  sigevent = function() error 'after the end' end }\n"
    "signalled = posix.aiocb { fd = blocked, buf = aio.buffer(1),\n"
    "  sigevent = { signo = 'SIGRTMIN+1', value = 5 } }\n"
    "assert(cb:read()) assert(called:read()) assert(signalled:read())\n"
    "posix.listio('nowait', { posix.aiocb { fd = blocked,\n"
    "  buf = aio.buffer(1), sigevent = efd } }, efd)\n"
    "address = buf.address\n";

/* The bytes arrive where the buffer was: that is allocated still. */
static void close_in_flight(const char *when, const char *chunk) {
  int before = descriptors();
  lua_State *L = state();
  script_run(L, "in flight", in_flight);
  script_run(L, when, chunk);
  const unsigned char *bytes =
      (const unsigned char *)(uintptr_t)integer(L, "address");
  int64_t began = clock_now();
  lua_close(L);
  ok(clock_now() - began < INT64_C(10000000000), "%s: lua_close ends", when);
  ok(bytes[0] == 0, "the memory is there");
  ok(write(blocked[1], "12345678abc", 11) == 11, "the thread goes on");
  ok(eventually(before), "and everything is let go when it has ended");
}

static void many_states(void) {
  int before = descriptors();
  for (int i = 0; i < 20; i++) {
    lua_State *L = state();
    script_run(L, "many",
               "local efd = aio.eventfd()\n"
               "for i = 1, 10 do\n"
               "  local zero = aio.open '/dev/zero'\n"
               "  posix.aiocb { fd = zero, buf = aio.buffer(512),\n"
               "    sigevent = efd }:read()\n"
               "end\n");
    lua_close(L);
  }
  ok(eventually(before), "states that end while threads notify");
}

/* ---- aio.so ---- */

/* DT_FLAGS_1 of a shared library in memory; 0 where it has none. */
static uint64_t library_flags(const char *so) {
  const ElfW(Ehdr) *head = (const void *)so;
  const ElfW(Phdr) *part = (const void *)(so + head->e_phoff);
  int n = head->e_phnum;
  while (n > 0 && part->p_type != PT_DYNAMIC) {
    part++;
    n--;
  }
  if (n == 0)
    return 0;
  const ElfW(Dyn) *d = (const void *)(so + part->p_offset);
  while (d->d_tag != DT_NULL && d->d_tag != DT_FLAGS_1)
    d++;
  return d->d_tag == DT_FLAGS_1 ? d->d_un.d_val : 0;
}

/* A thread may notify after Lua has closed it. */
static void stays_loaded(void) {
  int fd = open("./aio.so", O_RDONLY | O_CLOEXEC);
  off_t size = lseek(fd, 0, SEEK_END);
  const char *so = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
  ok(so != MAP_FAILED && (library_flags(so) & DF_1_NODELETE) != 0,
     "aio.so is never unloaded");
  close(fd);
}

/* ---- a forked child ---- */

static const char refused[] =
    "local parent = 'parent process'\n"
    "says(parent, posix.aiocb) says(parent, cb.read, cb)\n"
    "says(parent, cb.write, cb) says(parent, cb.fsync, cb, 'sync')\n"
    "says(parent, cb.error, cb) says(parent, cb.result, cb)\n"
    "says(parent, cb.cancel, cb) says(parent, posix.cancel, 0)\n"
    "says(parent, posix.suspend, { cb }) says(parent, posix.init, {})\n"
    "says(parent, posix.listio, 'wait', { idle })\n"
    "says(parent, posix.aio_suspend, { cb }, 1)\n"
    "says(parent, posix.lio_listio, 0, { idle }, 1)\n"
    "says(parent, posix.aio_read, idle) says(parent, posix.aio_error, idle)\n"
    "says(parent, function() idle.offset = 1 end)\n"
    "says(parent, function() return cb.inflight end)\n"
    "assert(tostring(cb):find 'in flight')\n"
    "assert(cb_buffer:get(0, 1) and cb_buffer.inflight == 0)\n"
    "assert(file:close()) idle:close() idle = nil\n"
    "collectgarbage() collectgarbage()\n";

static void child(lua_State *L) {
  alarm(20); /* a call that hangs is a failure */
  bool good = script_run(L, "in the child", refused);
  lua_close(L);
  fflush(stdout);
  _exit(good ? 0 : 1);
}

static void forked(void) {
  int status = -1;
  lua_State *L = state();
  script_run(L, "before the fork",
             "file, cb_buffer = aio.open '/dev/zero', aio.buffer(8)\n"
             "idle = posix.aiocb { fd = file, buf = aio.buffer(8) }\n"
             "idle:read() posix.suspend { idle }\n"
             "cb = posix.aiocb { fd = blocked, buf = cb_buffer,\n"
             "  sigevent = aio.eventfd() }\n"
             "cb:read()\n");
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0)
    child(L);
  waitpid(pid, &status, 0);
  ok(status == 0, "a child is refused every call, and does not hang");
  ok(write(blocked[1], "x", 1) == 1, "the parent");
  script_run(L, "after the fork",
             "assert(posix.suspend({ cb }, 20)) is(cb:error(), 0, 'goes on')\n"
             "is(cb:result(), 1, 'with its request')\n");
  lua_close(L);
}

int main(void) {
  if (pipe2(blocked, O_CLOEXEC) != 0)
    return 1;
  close_in_flight("as it is", "");
  close_in_flight("all forgotten",
                  "cb, called, signalled = nil collectgarbage()");
  close_in_flight("all closed",
                  "cb.buf:close() cb.sigevent.eventfd:close() cb:close() "
                  "called:close() signalled:close()");
  many_states();
  stays_loaded();
  forked();
  return done();
}
