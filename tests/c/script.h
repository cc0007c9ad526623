/* A Lua state with the library, and scripted kernels in Lua's hands:
 *
 *   ctx, k = fake.setup(nr [, "noring"])   a context over the k-th fake
 *   k = fake.new(["noring"])  ctx = fake.context(k, nr)   in two steps
 *   fake.complete(k [, i [, res]])   the i-th held (from 1; default: all)
 *   fake.held(k)  fake.ready(k)      how many are held, are in the ring
 *   fake.fail(k, call, nth, errno)   call: "setup", "destroy", "submit",
 *                                    "cancel", "getevents"
 *   fake.take(k, n)                  the next submit takes n at the most
 *   fake.again(k)                    the last event once more
 *   fake.foreign(k)                  an event that is nobody's
 *   fake.calls(k, call)              how often it was called
 *   fake.set(k, "synchronous" | "hands_over")
 *   ok(v, name)  is(got, want, name) tests
 *
 * The fakes outlive the state: script_touch writes all that they hold. A fake
 * whose context was destroyed serves the next setup. */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "binding/context.h"
#include "binding/host.h"
#include "core/poison.h"
#include "fake.h"
#include "tap.h"

enum { SCRIPT_FAKES = 256 };
static struct fake *script_fakes[SCRIPT_FAKES];
static int script_count;

/* ---- fakes by number ---- */

static inline struct fake *script_fake(lua_State *L) {
  lua_Integer k = luaL_checkinteger(L, 1);
  luaL_argcheck(L, k >= 1 && k <= script_count, 1, "no such fake");
  return script_fakes[k - 1];
}

/* The number of a fake that serves nobody. */
static inline int script_idle(bool with_ring) {
  int k = 0;
  while (k < script_count && script_fakes[k]->alive)
    k++;
  if (k == SCRIPT_FAKES)
    abort();
  if (k < script_count)
    fake_close(script_fakes[k]);
  else
    script_fakes[script_count++] = malloc(sizeof(struct fake));
  fake_open(script_fakes[k], with_ring);
  return k + 1;
}

static inline int script_new(lua_State *L) {
  bool ring = strcmp(luaL_optstring(L, 1, ""), "noring") != 0;
  lua_pushinteger(L, script_idle(ring));
  return 1;
}

static inline int script_context(lua_State *L) {
  struct fake *f = script_fake(L);
  return context_push(L, &f->kaio, (unsigned)luaL_checkinteger(L, 2));
}

static inline int script_setup(lua_State *L) {
  bool ring = strcmp(luaL_optstring(L, 2, ""), "noring") != 0;
  int k = script_idle(ring);
  int n = context_push(L, &script_fakes[k - 1]->kaio,
                       (unsigned)luaL_checkinteger(L, 1));
  if (n != 1)
    return n;
  lua_pushinteger(L, k);
  return 2;
}

/* Writes the memory of everything that any fake still holds. */
static inline void script_touch(void) {
  for (int i = 0; i < script_count; i++)
    fake_touch(script_fakes[i]);
}

/* ---- their functions ---- */

static inline int script_complete(lua_State *L) {
  struct fake *f = script_fake(L);
  lua_Integer i = luaL_optinteger(L, 2, 0);
  if (i == 0)
    fake_complete_all(f);
  else
    fake_complete(f, (unsigned)(i - 1), luaL_optinteger(L, 3, FAKE_FULL));
  return 0;
}

static inline int script_held(lua_State *L) {
  lua_pushinteger(L, script_fake(L)->n);
  return 1;
}

static inline int script_ready(lua_State *L) {
  lua_pushinteger(L, fake_ready(script_fake(L)));
  return 1;
}

static inline enum fake_call script_call(lua_State *L) {
  static const char *const names[] = {"setup",  "destroy",   "submit",
                                      "cancel", "getevents", NULL};
  return (enum fake_call)luaL_checkoption(L, 2, NULL, names);
}

static inline int script_fail(lua_State *L) {
  fake_fail(script_fake(L), script_call(L), (unsigned)luaL_checkinteger(L, 3),
            (int)luaL_checkinteger(L, 4));
  return 0;
}

static inline int script_take(lua_State *L) {
  script_fake(L)->take = (int)luaL_checkinteger(L, 2);
  return 0;
}

static inline int script_again(lua_State *L) {
  struct fake *f = script_fake(L);
  fake_post(f, f->last);
  return 0;
}

static inline int script_foreign(lua_State *L) {
  struct io_event e = {.data = 0xdeadbeefcafe, .obj = 0x1234, .res = 77};
  fake_post(script_fake(L), e);
  return 0;
}

static inline int script_calls(lua_State *L) {
  lua_pushinteger(L, script_fake(L)->calls[script_call(L)]);
  return 1;
}

static inline int script_set(lua_State *L) {
  struct fake *f = script_fake(L);
  if (strcmp(luaL_checkstring(L, 2), "synchronous") == 0)
    f->synchronous = true;
  else
    f->hands_over = true;
  return 0;
}

/* ---- tests ---- */

static inline int script_ok(lua_State *L) {
  lua_pushboolean(L, ok(lua_toboolean(L, 1), "%s", luaL_checkstring(L, 2)));
  return 1;
}

static inline int script_is(lua_State *L) {
  bool same = lua_compare(L, 1, 2, LUA_OPEQ);
  ok(same, "%s", luaL_checkstring(L, 3));
  if (!same)
    printf("# got %s, want %s\n", luaL_tolstring(L, 1, NULL),
           luaL_tolstring(L, 2, NULL));
  lua_pushboolean(L, same);
  return 1;
}

/* ---- states ---- */

/* The libraries, into a state of any allocator. May raise. */
static inline void script_libraries(lua_State *L) {
  static const luaL_Reg functions[] = {{"new", script_new},
                                       {"context", script_context},
                                       {"setup", script_setup},
                                       {"complete", script_complete},
                                       {"held", script_held},
                                       {"ready", script_ready},
                                       {"fail", script_fail},
                                       {"take", script_take},
                                       {"again", script_again},
                                       {"foreign", script_foreign},
                                       {"calls", script_calls},
                                       {"set", script_set},
                                       {NULL, NULL}};
  luaL_openlibs(L);
  luaL_requiref(L, "aio", luaopen_aio, 1);
  luaL_newlib(L, functions);
  lua_setglobal(L, "fake");
  lua_register(L, "ok", script_ok);
  lua_register(L, "is", script_is);
  lua_settop(L, 0);
}

static inline lua_State *script_state(void) {
  poison_enabled = false;
  lua_State *L = luaL_newstate();
  if (L == NULL)
    abort();
  script_libraries(L);
  return L;
}

static inline int script_traceback(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

/* Runs a chunk with the arguments on the stack; a failing test if it raises.
 */
static inline bool script_run(lua_State *L, const char *name,
                              const char *text) {
  int n = lua_gettop(L);
  lua_pushcfunction(L, script_traceback);
  lua_insert(L, 1);
  int status = luaL_loadbufferx(L, text, strlen(text), name, "t");
  lua_insert(L, 2);
  if (status == LUA_OK)
    status = lua_pcall(L, n, 0, 1);
  if (status != LUA_OK)
    ok(false, "%s: %s", name, lua_tostring(L, -1));
  lua_settop(L, 0);
  return status == LUA_OK;
}

#endif
