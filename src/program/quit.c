/* The end of the process, by whichever way it comes: the end of main, a
 * failure, os.exit with or without closing the state. Requests are looked
 * after at process exit, when no Lua state is left that could object. */
#include "program/quit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <lauxlib.h>
#include <lualib.h>

#include "binding/host.h"
#include "core/clock.h"
#include "core/context.h"
#include "core/posix.h"
#include "program/interrupt.h"

static void (*saying)(void);
static bool (*waiting)(void);

void quit_wait_by(void (*say)(void), bool (*wait)(void)) {
  saying = say;
  waiting = wait;
}

/* Once: before a state is closed where that is, for then descriptors close,
 * and polls finish by it. */
static void say_pending(void) {
  if (saying == NULL || context_pending() == 0)
    return;
  fflush(stdout);
  saying();
  saying = NULL;
}

static void notice(unsigned pending) {
  fprintf(stderr, "aiosh: waiting for %u requests in flight\n", pending);
}

/* Writes and syncs of POSIX AIO: glibc's threads end with the process. What
 * its reads would bring nobody could see any more. */
static void finish_posix(void) {
  if (posix_pending() == 0)
    return;
  fflush(stdout);
  if (posix_settle(clock_now() + INT64_C(200000000)))
    return;
  notice(posix_pending());
  while (!host_interrupted && !posix_settle(0))
    ;
}

/* What was printed is seen before the wait, and Ctrl-C ends it. */
static void finish_requests(void) {
  interrupt_end();
  finish_posix();
  if (context_pending() == 0)
    return;
  fflush(stdout);
  say_pending();
  if (waiting == NULL || waiting())
    context_quit(notice);
}

/* Before a state is closed: files of other libraries are closed with it, and
 * glibc goes by their numbers. */
static void leave(void) {
  finish_posix();
  say_pending();
  context_leave();
}

void quit_install(void) {
  atexit(finish_requests);
}

/* The stock function (the upvalue) raises for a bad code before it closes;
 * contexts must be told after the one and before the other. The variables that
 * closing closes are those of the main thread: that is what runs then. */
static int os_exit(lua_State *L) {
  if (!lua_isboolean(L, 1))
    luaL_optinteger(L, 1, EXIT_SUCCESS);
  if (lua_toboolean(L, 2)) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    interrupt_begin(lua_tothread(L, -1));
    leave();
  }
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void quit_wrap_exit(lua_State *L) {
  lua_getglobal(L, LUA_OSLIBNAME);
  lua_getfield(L, -1, "exit");
  lua_pushcclosure(L, os_exit, 1);
  lua_setfield(L, -2, "exit");
  lua_pop(L, 1);
}

void quit_close(lua_State *L) {
  leave();
  lua_close(L);
}
