/* For lint alone, before every source: Lua's headers do not say that these
 * never return, and an analyzer then follows paths that are none. */
#include <lauxlib.h>

_Noreturn int lua_error(lua_State *L);
_Noreturn int luaL_error(lua_State *L, const char *fmt, ...);
_Noreturn int luaL_argerror(lua_State *L, int arg, const char *message);
_Noreturn int luaL_typeerror(lua_State *L, int arg, const char *name);

_Noreturn int api_bad(lua_State *L, int idx, const char *what, const char *fmt,
                      ...);
_Noreturn int api_badtype(lua_State *L, int idx, const char *what,
                          const char *expected);
