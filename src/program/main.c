/* aiosh: lua(1) with the library aio opened. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <lauxlib.h>
#include <lualib.h>

#include "binding/host.h"
#include "program/chunk.h"
#include "program/interrupt.h"
#include "program/lines.h"
#include "program/options.h"
#include "program/prompt.h"
#include "program/quit.h"

struct invocation {
  int argc;
  char **argv;
  struct options options;
};

static void print_lua_version(void) {
  puts(LUA_COPYRIGHT);
  fflush(stdout);
}

/* `arg`: the script at 0, its arguments above, what stands before it below;
 * without a script the program itself is at 0. */
static void set_arg(lua_State *L, const struct invocation *call) {
  int script = call->options.script;
  int base = script < call->argc ? script : 0;
  lua_createtable(L, call->argc - base, base + 1);
  for (int i = 0; i < call->argc; i++) {
    lua_pushstring(L, call->argv[i]);
    lua_rawseti(L, -2, i - base);
  }
  lua_setglobal(L, "arg");
}

/* aio takes the functions of `coroutine` that it finds: ours. */
static void open_libraries(lua_State *L) {
  luaL_openlibs(L);
  interrupt_install(L);
  quit_wrap_exit(L);
  luaL_requiref(L, "aio", luaopen_aio, 1);
  lua_pop(L, 1);
}

/* LUA_INIT: code, or the name of a file after '@'. */
static int run_init(lua_State *L) {
  const char *name = "=LUA_INIT" LUA_VERSUFFIX;
  const char *init = getenv(name + 1);
  if (init == NULL) {
    name = "=LUA_INIT";
    init = getenv(name + 1);
  }
  if (init == NULL)
    return LUA_OK;
  return init[0] == '@' ? chunk_file(L, init + 1) : chunk_string(L, init, name);
}

static int run_option(lua_State *L, char **argv, int *i) {
  switch (argv[*i][1]) {
  case 'e':
    return chunk_string(L, options_argument(argv, i), "=(command line)");
  case 'l':
    return chunk_library(L, options_argument(argv, i));
  case 'W':
    lua_warning(L, "@on", 0);
    return LUA_OK;
  default:
    return LUA_OK;
  }
}

static int run_options(lua_State *L, const struct invocation *call) {
  int status = LUA_OK;
  for (int i = 1; i < call->options.script && status == LUA_OK; i++)
    status = run_option(L, call->argv, &i);
  return status;
}

/* "-" is the standard input, unless "--" says that it is a name. */
static int run_script(lua_State *L, char **word) {
  bool is_input = strcmp(word[0], "-") == 0 && strcmp(word[-1], "--") != 0;
  return chunk_script(L, is_input ? NULL : word[0]);
}

/* The prompt needs a terminal on both sides. */
static void read_lines(lua_State *L, const struct options *o) {
  if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
    prompt_run(L, o->bare);
  else
    lines_run(L);
}

static int run_without_script(lua_State *L, const struct options *o) {
  if (o->execute || o->version)
    return LUA_OK;
  if (!isatty(STDIN_FILENO))
    return chunk_file(L, NULL);
  print_lua_version();
  read_lines(L, o);
  return LUA_OK;
}

/* The long options as a table, name -> value or "". */
static void push_commands(lua_State *L, const struct invocation *call) {
  lua_newtable(L);
  for (int i = 1; i < call->options.script; i++) {
    const char *name, *value;
    size_t length;
    if (!options_long(call->argv[i], &name, &length, &value))
      continue;
    lua_pushlstring(L, name, length);
    lua_pushstring(L, value != NULL ? value : "");
    lua_rawset(L, -3);
  }
}

/* Lets aio.command carry them out, before any code of the user's. One that is
 * all there is to do answers true or false: that ends the program. */
static int run_commands(lua_State *L, const struct invocation *call,
                        bool *ends) {
  *ends = false;
  if (!call->options.commands)
    return LUA_OK;
  lua_getglobal(L, "require");
  lua_pushliteral(L, "aio.command");
  lua_call(L, 1, 1);
  push_commands(L, call);
  int status = chunk_report(L, lua_pcall(L, 1, 1, 0));
  if (status != LUA_OK)
    return status;
  *ends = lua_isboolean(L, -1);
  bool success = !*ends || lua_toboolean(L, -1);
  lua_pop(L, 1);
  return success ? LUA_OK : LUA_ERRRUN;
}

static int run_all(lua_State *L, const struct invocation *call) {
  const struct options *o = &call->options;
  bool ends;
  int status = run_commands(L, call, &ends);
  if (ends)
    return status;
  if (status == LUA_OK && !o->bare)
    status = run_init(L);
  if (status == LUA_OK)
    status = run_options(L, call);
  if (status == LUA_OK && o->script < call->argc)
    status = run_script(L, call->argv + o->script);
  if (status == LUA_OK && o->interactive)
    read_lines(L, o);
  else if (status == LUA_OK && o->script == call->argc)
    status = run_without_script(L, o);
  return status;
}

static int protected_main(lua_State *L) {
  const struct invocation *call = lua_touserdata(L, 1);
  luaL_checkversion(L);
  lua_settop(L, 0);
  if (call->options.version)
    print_lua_version();
  if (call->options.bare) {
    lua_pushboolean(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  }
  open_libraries(L);
  set_arg(L, call);
  lua_gc(L, LUA_GCGEN, 0, 0);
  lua_pushboolean(L, run_all(L, call) == LUA_OK);
  return 1;
}

static int run(struct invocation *call) {
  lua_State *L = luaL_newstate();
  if (L == NULL) {
    chunk_complain("cannot create state: not enough memory");
    return EXIT_FAILURE;
  }
  host_owns_signals = true;
  quit_install();
  lua_pushcfunction(L, protected_main);
  lua_pushlightuserdata(L, call);
  int status = chunk_report(L, lua_pcall(L, 1, 1, 0));
  int success = status == LUA_OK && lua_toboolean(L, -1);
  quit_close(L);
  return success ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
  struct invocation call = {.argc = argc, .argv = argv};
  const char *name = argc > 0 && argv[0][0] != '\0' ? argv[0] : "aiosh";
  chunk_progname(name);
  switch (options_scan(&call.options, argc, argv)) {
  case OPTIONS_HELP:
    options_usage(stdout, name);
    return EXIT_SUCCESS;
  case OPTIONS_VERSION:
    puts("aiosh " AIOSH_VERSION);
    return EXIT_SUCCESS;
  case OPTIONS_BAD:
    options_complain(name, argv[call.options.script]);
    return EXIT_FAILURE;
  default:
    return run(&call);
  }
}
