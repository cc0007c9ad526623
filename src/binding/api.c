/* Types, known by a tag in C; and what waits and memory need of the host. */
#include "binding/api.h"

#include <string.h>

#include "binding/host.h"

/* ---- types ---- */

enum { TYPES_MAX = 32 };

/* All types ever registered: what a userdata's first word may point to. */
static const struct api_type *known[TYPES_MAX];

const struct api_type *api_known_type(unsigned i) {
  return i < TYPES_MAX ? known[i] : NULL;
}

static bool is_known(const struct api_type *t) {
  for (size_t i = 0; i < TYPES_MAX && known[i] != NULL; i++)
    if (known[i] == t)
      return true;
  return false;
}

static void remember(const struct api_type *t) {
  size_t i = 0;
  while (known[i] != NULL && known[i] != t)
    i++;
  known[i] = t;
}

/* luaL_argerror and tracebacks find the names of functions in what is loaded:
 * "aio:context.submit" instead of "?", also when called through pcall. The
 * methods' table is on top. */
static void name_methods(lua_State *L, const struct api_type *t) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushfstring(L, "aio:%s", t->name);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/* Pushes what the table of functions at that upvalue has for the key at 2;
 * debug.setupvalue may have put something else there. */
static bool find_function(lua_State *L, int upvalue) {
  lua_pushvalue(L, 2);
  return lua_istable(L, lua_upvalueindex(upvalue)) &&
         lua_rawget(L, lua_upvalueindex(upvalue)) == LUA_TFUNCTION &&
         lua_iscfunction(L, -1);
}

/* obj.name: a method, else a getter's value. */
static int type_index(lua_State *L) {
  if (find_function(L, 1))
    return 1;
  if (!find_function(L, 2))
    return luaL_error(L, "%s has no field '%s'",
                      lua_tostring(L, lua_upvalueindex(3)),
                      luaL_tolstring(L, 2, NULL));
  lua_CFunction get = lua_tocfunction(L, -1);
  lua_settop(L, 2);
  return get(L);
}

static int type_newindex(lua_State *L) {
  if (!find_function(L, 1))
    return luaL_error(L, "%s has no field '%s' to set",
                      lua_tostring(L, lua_upvalueindex(2)),
                      luaL_tolstring(L, 2, NULL));
  lua_CFunction set = lua_tocfunction(L, -1);
  lua_settop(L, 3);
  return set(L);
}

static void push_functions(lua_State *L, const luaL_Reg *list) {
  lua_newtable(L);
  if (list != NULL)
    luaL_setfuncs(L, list, 0);
}

void api_register(lua_State *L, const struct api_type *t,
                  const struct api_methods *m) {
  remember(t);
  luaL_newmetatable(L, t->name);
  luaL_setfuncs(L, m->meta, 0);
  push_functions(L, m->methods);
  for (int i = 0; i < 2 && m->more[i] != NULL; i++)
    luaL_setfuncs(L, m->more[i], 0);
  name_methods(L, t);
  push_functions(L, m->getters);
  lua_pushstring(L, t->name);
  lua_pushcclosure(L, type_index, 3);
  lua_setfield(L, -2, "__index");
  if (lua_getfield(L, -1, "__newindex") == LUA_TNIL) {
    push_functions(L, m->setters);
    lua_pushstring(L, t->name);
    lua_pushcclosure(L, type_newindex, 2);
    lua_setfield(L, -3, "__newindex");
  }
  lua_pop(L, 2);
}

void *api_new(lua_State *L, const struct api_type *t, int nuv) {
  struct api_object *o = lua_newuserdatauv(L, t->size, nuv);
  memset(o, 0, t->size);
  o->type = t;
  luaL_setmetatable(L, t->name);
  return o;
}

const struct api_type *api_type_of(lua_State *L, int idx) {
  struct api_object *o = lua_touserdata(L, idx);
  if (o == NULL || lua_rawlen(L, idx) < sizeof *o || !is_known(o->type) ||
      api_test(L, idx, o->type) == NULL)
    return NULL;
  return o->type;
}

/* ---- memory, interrupts ---- */

void api_weigh(lua_State *L, size_t bytes) {
  size_t kib = bytes / 1024;
  if (kib > 0)
    lua_gc(L, LUA_GCSTEP, kib > INT32_MAX ? INT32_MAX : (int)kib);
}

volatile sig_atomic_t host_interrupted;
bool host_owns_signals;
static volatile sig_atomic_t signals_taken;

unsigned api_signals(void) {
  return (unsigned)signals_taken;
}

void api_signal_taken(void) {
  signals_taken = (sig_atomic_t)((unsigned)signals_taken + 1u);
}

void api_interrupt(lua_State *L) {
  if (!host_interrupted)
    return;
  host_interrupted = 0;
  luaL_error(L, "interrupted!");
}

bool api_goes_on(lua_State *L, unsigned signals_before) {
  api_interrupt(L);
  return host_owns_signals && api_signals() == signals_before;
}
