/* Fields of the table on top, which a result is made of. */
#ifndef BINDING_TABLE_H
#define BINDING_TABLE_H

#include <stdbool.h>
#include <lua.h>

static inline void set_integer(lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}

static inline void set_string(lua_State *L, const char *key, const char *s) {
  lua_pushstring(L, s);
  lua_setfield(L, -2, key);
}

static inline void set_boolean(lua_State *L, const char *key, bool b) {
  lua_pushboolean(L, b);
  lua_setfield(L, -2, key);
}

#endif
