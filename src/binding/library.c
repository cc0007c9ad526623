/* The library: the table `aio`, its parts, and the Lua modules built in. */
#include "binding/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binding/embedded.h"
#include "binding/host.h"
#include "binding/posix.h"
#include "binding/words.h"

/* ---- Lua modules ---- */

/* AIOSH_LUA=dir: dir/aio/tap.lua is loaded instead of the copy built in; not
 * under -E (LUA_NOENV). Pushes the path; NULL: no such file. */
static const char *override_path(lua_State *L, const char *module) {
  const char *dir = getenv("AIOSH_LUA");
  lua_getfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  bool ignored = lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (dir == NULL || ignored)
    return NULL;
  const char *name = strcmp(module, "aio") == 0 ? "aio.init" : module;
  const char *path = luaL_gsub(L, name, ".", "/");
  path = lua_pushfstring(L, "%s/%s.lua", dir, path);
  FILE *f = fopen(path, "re");
  if (f == NULL)
    return NULL;
  fclose(f);
  return path;
}

/* The registry's key of the modules' own globals: a copy, so that they work
 * whatever becomes of the user's; what comes later is found in those. */
static const char own_globals[] = "aio.globals";

static void copy_globals(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushglobaltable(L);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -6);
  }
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, own_globals);
}

/* Pushes the module's chunk; raises when it does not compile. */
static void load_module(lua_State *L, const struct embedded *e) {
  const char *path = override_path(L, e->module);
  int status = path != NULL
                   ? luaL_loadfile(L, path)
                   : luaL_loadbufferx(L, e->text, e->size, e->chunk, "t");
  if (status != LUA_OK)
    lua_error(L);
  lua_getfield(L, LUA_REGISTRYINDEX, own_globals);
  lua_setupvalue(L, -2, 1);
}

/* What require finds in package.preload: upvalue 1 is the embedded file. */
static int module_loader(lua_State *L) {
  load_module(L, lua_touserdata(L, lua_upvalueindex(1)));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

static void preload_modules(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  for (const struct embedded *e = embedded_files; e->module != NULL; e++) {
    if (strcmp(e->module, "aio") == 0)
      continue;
    lua_pushlightuserdata(L, (void *)(uintptr_t)e);
    lua_pushcclosure(L, module_loader, 1);
    lua_setfield(L, -2, e->module);
  }
  lua_pushcfunction(L, words_load);
  lua_setfield(L, -2, "aio.words");
  lua_pop(L, 1);
}

/* What costs time to open waits for its first require. */
static void preload_posix(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, posix_open);
  lua_setfield(L, -2, "aio.posix_native");
  lua_pop(L, 1);
}

/* lua/aio/init.lua completes the table: init(aio, metatables). */
static void run_init(lua_State *L) {
  const struct embedded *e = embedded_files;
  while (e->module != NULL && strcmp(e->module, "aio") != 0)
    e++;
  int top = lua_gettop(L);
  load_module(L, e);
  lua_pushvalue(L, top);
  api_push_metatables(L);
  lua_call(L, 2, 0);
  lua_settop(L, top);
}

/* ---- luaopen ---- */

__attribute__((visibility("default"))) int luaopen_aio(lua_State *L) {
  luaL_checkversion(L);
  lua_newtable(L);
  failure_open(L);
  constants_open(L);
  limits_open(L);
  terminal_open(L);
  buffer_open(L);
  file_open(L);
  eventfd_open(L);
  timer_open(L);
  signals_open(L);
  waiter_open(L);
  event_open(L);
  iocb_open(L);
  facts_open(L);
  setup_open(L);
  recording_open(L);
  histogram_open(L);
  lua_pushliteral(L, AIOSH_VERSION);
  lua_setfield(L, -2, "version");
  copy_globals(L);
  preload_modules(L);
  preload_posix(L);
  run_init(L);
  return 1;
}

int embedded_open(lua_State *L, const char *module) {
  luaL_requiref(L, "aio", luaopen_aio, 0);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_getfield(L, -1, module);
  lua_pushstring(L, module);
  lua_call(L, 1, 1);
  return 1;
}
