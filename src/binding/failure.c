/* The two ways to fail: an error that names function and argument, and nil,
 * message, errno of a call. */
#include "binding/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- errors ---- */

/* Pushes "aio:context." and "submit" in one if the function at the top, f, is
 * in the table of the same name of what is loaded. */
static const char *name_within(lua_State *L, int f, const char *module) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, module);
  if (!lua_istable(L, -1))
    return NULL;
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
    if (lua_type(L, -2) == LUA_TSTRING && lua_rawequal(L, -1, f))
      return lua_pushfstring(L, "%s.%s", module, lua_tostring(L, -2));
  return NULL;
}

/* What the running function is called where nobody else knows: its caller had
 * it from obj[name], or a pcall. */
static const char *loaded_name(lua_State *L, lua_Debug *ar) {
  luaL_checkstack(L, 8, NULL);
  lua_getinfo(L, "f", ar);
  int f = lua_gettop(L);
  const char *name = name_within(L, f, "aio");
  const struct api_type *t;
  for (unsigned i = 0; name == NULL && (t = api_known_type(i)) != NULL; i++) {
    lua_settop(L, f);
    name = name_within(L, f, lua_pushfstring(L, "aio:%s", t->name));
  }
  return name;
}

static bool nameless(const lua_Debug *ar) {
  return ar->name == NULL || strcmp(ar->name, "?") == 0 ||
         strcmp(ar->namewhat, "metamethod") == 0;
}

static int bad_argument(lua_State *L, int idx, const char *text) {
  lua_Debug ar;
  if (lua_getstack(L, 0, &ar) && lua_getinfo(L, "n", &ar) && nameless(&ar)) {
    const char *name = loaded_name(L, &ar);
    if (name != NULL)
      luaL_error(L, "bad argument #%d to '%s' (%s)", idx, name, text);
  }
  return luaL_argerror(L, idx, text);
}

static int bad_field(lua_State *L, const char *what, const char *text) {
  lua_Debug ar;
  const char *name = NULL;
  if (lua_getstack(L, 0, &ar) && lua_getinfo(L, "n", &ar))
    name = nameless(&ar) ? loaded_name(L, &ar) : ar.name;
  if (name == NULL)
    return luaL_error(L, "bad field '%s' (%s)", what, text);
  return luaL_error(L, "bad field '%s' to '%s' (%s)", what, name, text);
}

int api_bad(lua_State *L, int idx, const char *what, const char *fmt, ...) {
  char text[256];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  return what == NULL ? bad_argument(L, idx, text) : bad_field(L, what, text);
}

const char *api_typename(lua_State *L, int idx) {
  const char *name = luaL_typename(L, idx);
  if (luaL_getmetafield(L, idx, "__name") == LUA_TSTRING)
    name = lua_tostring(L, -1);
  return name;
}

int api_badtype(lua_State *L, int idx, const char *what, const char *expected) {
  return api_bad(L, idx, what, "%s expected, got %s", expected,
                 api_typename(L, idx));
}

/* ---- nil, message, errno ---- */

/* The registry's key of the list of one. */
static const char last_failure[] = "aio.failure";

void failure_open(lua_State *L) {
  lua_createtable(L, 1, 0);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, last_failure);
}

void api_failure(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, last_failure) == LUA_TTABLE) {
    lua_pushvalue(L, idx);
    lua_rawseti(L, -2, 1);
  }
  lua_pop(L, 1);
}

void api_push_failure(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, last_failure);
  lua_rawgeti(L, -1, 1);
  lua_remove(L, -2);
}

int api_fail(lua_State *L, const char *call, int err, const char *cause) {
  const char *name = api_errname(err);
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: %s (%s)%s%s", call, strerror(err),
                  name != NULL ? name : "unknown error",
                  cause != NULL ? ": " : "", cause != NULL ? cause : "");
  api_failure(L, -1);
  lua_pushinteger(L, err);
  return 3;
}
