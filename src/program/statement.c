#include "program/statement.h"

#include <stdbool.h>
#include <stdlib.h>
#include <lauxlib.h>

#include "program/interrupt.h"

/* What is typed does not get the last of the memory: the prompt needs some to
 * say so, and readline ends the process when it finds none. */
enum { SPARE = 1 << 20 };

static lua_State *to_coroutine(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co != NULL, 1, "thread");
  return co;
}

int statement_resume(lua_State *L) {
  lua_State *co = to_coroutine(L);
  int count, narg = lua_gettop(L) - 1;
  if (!lua_checkstack(co, narg))
    return luaL_error(L, "too many arguments");
  lua_xmove(L, co, narg);
  void *volatile spare = malloc(SPARE); /* volatile: not to be left out */
  lua_State *before = interrupt_begin(co);
  int status = lua_resume(co, L, narg, &count);
  interrupt_begin(before);
  free(spare);
  bool ok = status == LUA_OK || status == LUA_YIELD;
  if (ok && !lua_checkstack(L, count + 1))
    return luaL_error(L, "too many results");
  lua_pushboolean(L, ok);
  lua_xmove(co, L, ok ? count : 1);
  return ok ? count + 1 : 2;
}

int statement_close(lua_State *L) {
  lua_State *co = to_coroutine(L);
  lua_State *before = interrupt_begin(co);
  int status = lua_resetthread(co);
  interrupt_begin(before);
  if (status == LUA_OK)
    return 0;
  lua_xmove(co, L, 1);
  return 1;
}
