/* Running chunks of Lua the way lua(1) does: with a traceback, with Ctrl-C,
 * and with a message on the standard error when they fail. */
#include "program/chunk.h"

#include <stdio.h>
#include <string.h>
#include <lauxlib.h>

#include "program/interrupt.h"

static const char *progname = "aiosh";

const char *chunk_progname(const char *name) {
  const char *before = progname;
  progname = name;
  return before;
}

void chunk_complain(const char *message) {
  if (progname != NULL)
    fprintf(stderr, "%s: ", progname);
  fprintf(stderr, "%s\n", message);
}

/* Turns the error into text where it still is, with the stack as it was. An
 * object that has its own words is shown by those alone. */
static int describe_error(lua_State *L) {
  const char *message = lua_tostring(L, 1);
  if (message == NULL) {
    if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
      return 1;
    message =
        lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
  }
  luaL_traceback(L, L, message, 1);
  return 1;
}

int chunk_call(lua_State *L, int narg, int nresults) {
  int handler = lua_gettop(L) - narg;
  lua_pushcfunction(L, describe_error);
  lua_insert(L, handler);
  interrupt_begin(L);
  int status = lua_pcall(L, narg, nresults, handler);
  interrupt_end();
  lua_remove(L, handler);
  return status;
}

int chunk_report(lua_State *L, int status) {
  if (status == LUA_OK)
    return status;
  const char *message = lua_tostring(L, -1);
  chunk_complain(message != NULL ? message : "(error message not a string)");
  lua_pop(L, 1);
  return status;
}

static int run(lua_State *L, int status) {
  if (status == LUA_OK)
    status = chunk_call(L, 0, 0);
  return chunk_report(L, status);
}

int chunk_file(lua_State *L, const char *file) {
  return run(L, luaL_loadfile(L, file));
}

int chunk_string(lua_State *L, const char *code, const char *name) {
  return run(L, luaL_loadbuffer(L, code, strlen(code), name));
}

int chunk_library(lua_State *L, const char *spec) {
  const char *equals = strchr(spec, '=');
  const char *module = equals != NULL ? equals + 1 : spec;
  lua_pushlstring(L, spec,
                  equals != NULL ? (size_t)(equals - spec) : strlen(spec));
  lua_getglobal(L, "require");
  lua_pushstring(L, module);
  int status = chunk_call(L, 1, 1);
  if (status == LUA_OK)
    lua_setglobal(L, lua_tostring(L, -2));
  chunk_report(L, status);
  lua_pop(L, 1);
  return status;
}

/* The script sees 'arg' as the code before it (LUA_INIT, -e) has left it. */
static int push_arguments(lua_State *L) {
  if (lua_getglobal(L, "arg") != LUA_TTABLE)
    luaL_error(L, "'arg' is not a table");
  int table = lua_gettop(L);
  int count = (int)luaL_len(L, table);
  luaL_checkstack(L, count + 3, "too many arguments to script");
  for (int i = 1; i <= count; i++)
    lua_rawgeti(L, table, i);
  lua_remove(L, table);
  return count;
}

int chunk_script(lua_State *L, const char *file) {
  int status = luaL_loadfile(L, file);
  if (status == LUA_OK)
    status = chunk_call(L, push_arguments(L), LUA_MULTRET);
  return chunk_report(L, status);
}
