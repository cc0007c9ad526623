/* Constants, names of errors, and the clock. */
#include "binding/constants.h"

#include <signal.h>
#include <string.h>

#include "core/clock.h"

/* The kernel answers with errors below zero: both signs are one error. Errors
 * end at 4095 (MAX_ERRNO); what is beyond is no error: 0. */
static int error_number(lua_State *L) {
  lua_Integer e = api_int(L, 1, NULL, LUA_MININTEGER, LUA_MAXINTEGER);
  return e > -4096 && e < 4096 ? (int)(e < 0 ? -e : e) : 0;
}

/**
 * aio.errname(e) -> string | nil
 *
 * The C name of an error number, of either sign: "EAGAIN" for 11 and -11; nil
 * for a number without one.
 * Example: aio.errname(ev.res)
 */
static int aio_errname(lua_State *L) {
  lua_pushstring(L, api_errname(error_number(L)));
  return 1;
}

/**
 * aio.strerror(e) -> string
 *
 * What an error number, of either sign, means in words.
 * Example: aio.strerror(aio.EAGAIN)
 * See: strerror(3)
 */
static int aio_strerror(lua_State *L) {
  lua_pushstring(L, strerror(error_number(L)));
  return 1;
}

/**
 * aio.now() -> integer
 *
 * The time of CLOCK_MONOTONIC in nanoseconds.
 * Example: local t = aio.now(); f:sync(); print(aio.duration(aio.now() - t))
 * See: clock_gettime(2)
 */
static int aio_now(lua_State *L) {
  lua_pushinteger(L, clock_now());
  return 1;
}

static void set_constants(lua_State *L, const struct constant *c) {
  for (; c->name != NULL; c++) {
    lua_pushinteger(L, c->value);
    lua_setfield(L, -2, c->name);
  }
}

/* The C library decides about these when the process starts. */
static void set_realtime_signals(lua_State *L) {
  lua_pushinteger(L, SIGRTMIN);
  lua_setfield(L, -2, "SIGRTMIN");
  lua_pushinteger(L, SIGRTMAX);
  lua_setfield(L, -2, "SIGRTMAX");
}

static const luaL_Reg functions[] = {{"errname", aio_errname},
                                     {"strerror", aio_strerror},
                                     {"now", aio_now},
                                     {NULL, NULL}};

void constants_open(lua_State *L) {
  set_constants(L, constants_errno);
  set_constants(L, constants_other);
  set_realtime_signals(L);
  luaL_setfuncs(L, functions, 0);
}
