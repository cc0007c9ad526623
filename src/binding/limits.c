/* aio.limits: what the system and the process allow. */
#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "binding/api.h"
#include "binding/table.h"

static const char page_metatable[] = "aio.limits";

/* ---- the values ---- */

/* Leaves the field out where the file can't be read. */
static void set_from_file(lua_State *L, const char *key, const char *path) {
  long long value;
  FILE *f = fopen(path, "re");
  if (f == NULL)
    return;
  int found = fscanf(f, "%lld", &value);
  fclose(f);
  if (found == 1)
    set_integer(L, key, value);
}

struct resource {
  const char *name;
  __rlimit_resource_t which;
};

static const struct resource resources[] = {
    {"as", RLIMIT_AS},         {"core", RLIMIT_CORE},
    {"cpu", RLIMIT_CPU},       {"data", RLIMIT_DATA},
    {"fsize", RLIMIT_FSIZE},   {"memlock", RLIMIT_MEMLOCK},
    {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC},
    {"rtprio", RLIMIT_RTPRIO}, {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK}};

enum { RESOURCES = sizeof resources / sizeof *resources };

static void set_resource(lua_State *L, const struct resource *r) {
  struct rlimit limit;
  if (getrlimit(r->which, &limit) != 0)
    return;
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > LUA_MAXINTEGER)
    lua_pushnumber(L, HUGE_VAL);
  else
    lua_pushinteger(L, (lua_Integer)limit.rlim_cur);
  lua_setfield(L, -2, r->name);
}

static void set_kernel(lua_State *L) {
  struct utsname name;
  if (uname(&name) != 0)
    return;
  lua_pushstring(L, name.release);
  lua_setfield(L, -2, "kernel");
}

/* ---- the page ---- */

static const char *const meanings[][2] = {
    {"kernel", "release of the running kernel"},
    {"cpus", "processors online"},
    {"page_size", "bytes"},
    {"aio_nr", "requests of all contexts in the system (/proc/sys/fs/aio-nr)"},
    {"aio_max_nr", "their limit (/proc/sys/fs/aio-max-nr)"},
    {"memlock", "bytes locked in memory"},
    {"fsize", "bytes in a file"},
    {"nofile", "descriptors"},
    {"as", "bytes of address space"},
    {"data", "bytes of data"},
    {"stack", "bytes of stack"},
    {"core", "bytes of core file"},
    {"cpu", "seconds of processor time"},
    {"nproc", "processes of the user"},
    {"sigpending", "signals queued"},
    {"rtprio", "real-time priority"}};

/* The field at 1 as text, pushed. */
static const char *push_value(lua_State *L, const char *key) {
  if (lua_getfield(L, 1, key) == LUA_TNIL)
    return lua_pushliteral(L, "unknown");
  if (lua_type(L, -1) == LUA_TNUMBER && !lua_isinteger(L, -1))
    return lua_pushliteral(L, "unlimited");
  return luaL_tolstring(L, -1, NULL);
}

static int limits_tostring(lua_State *L) {
  lua_settop(L, 1);
  lua_pushliteral(L, "");
  for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
    char line[200];
    snprintf(line, sizeof line, "%s%-10s %16s  %s", i > 0 ? "\n" : "",
             meanings[i][0], push_value(L, meanings[i][0]), meanings[i][1]);
    lua_settop(L, 2);
    lua_pushstring(L, line);
    lua_concat(L, 2);
  }
  return 1;
}

/**
 * aio.limits() -> limits
 *
 * What the system and the process allow, as a table: aio_nr and aio_max_nr
 * (what all contexts of the system have asked for, and its limit; absent where
 * there is no /proc); the soft limits of the process (memlock fsize nofile as
 * data stack core cpu nproc sigpending rtprio), math.huge where unlimited;
 * page_size, cpus and kernel. Its tostring is a page.
 * Example: print(aio.limits())
 * See: getrlimit(2), io_setup(2)
 */
static int aio_limits(lua_State *L) {
  lua_createtable(L, 0, RESOURCES + 5);
  set_from_file(L, "aio_nr", "/proc/sys/fs/aio-nr");
  set_from_file(L, "aio_max_nr", "/proc/sys/fs/aio-max-nr");
  for (int i = 0; i < RESOURCES; i++)
    set_resource(L, &resources[i]);
  set_integer(L, "page_size", sysconf(_SC_PAGESIZE));
  set_integer(L, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
  set_kernel(L);
  luaL_setmetatable(L, page_metatable);
  return 1;
}

static const luaL_Reg functions[] = {{"limits", aio_limits}, {NULL, NULL}};

void limits_open(lua_State *L) {
  luaL_newmetatable(L, page_metatable);
  lua_pushcfunction(L, limits_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
