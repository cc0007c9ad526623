/* The plain prompt: reads lines, runs them, prints what they return. */
#include "program/lines.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <lauxlib.h>

#include "program/chunk.h"

enum { NO_INPUT = -1 };

/* Shows the value of the global, or the text where there is none. */
static void show_prompt(lua_State *L, const char *global, const char *text) {
  if (lua_getglobal(L, global) != LUA_TNIL)
    text = luaL_tolstring(L, -1, NULL);
  fputs(text, stdout);
  fflush(stdout);
}

/* Lines that no terminal echoes are shown, so that the output reads like a
 * session; lua(1) with readline does the same. */
static void echo(const char *line) {
  if (!isatty(STDIN_FILENO))
    puts(line);
}

/* Pushes the next line without its end; pushes nothing at the end of input. */
static bool push_line(lua_State *L, const char *global, const char *text) {
  static char *line; /* grows, and is kept: pushing it may raise */
  static size_t size;
  int top = lua_gettop(L);
  show_prompt(L, global, text);
  lua_settop(L, top);
  if (getline(&line, &size, stdin) < 0)
    return false;
  line[strcspn(line, "\n")] = '\0';
  echo(line);
  lua_pushstring(L, line);
  return true;
}

static bool push_first_line(lua_State *L) {
  if (!push_line(L, "_PROMPT", "> "))
    return false;
  const char *line = lua_tostring(L, -1);
  if (line[0] == '=') {
    lua_pushfstring(L, "return %s", line + 1);
    lua_remove(L, -2);
  }
  return true;
}

static int load(lua_State *L, const char *code) {
  return luaL_loadbuffer(L, code, strlen(code), "=stdin");
}

/* Puts the function in place of the line if it is an expression. */
static bool load_expression(lua_State *L) {
  const char *code = lua_pushfstring(L, "return %s;", lua_tostring(L, -1));
  bool done = load(L, code) == LUA_OK;
  if (done)
    lua_replace(L, -3);
  lua_pop(L, done ? 1 : 2);
  return done;
}

/* The parser ran into the end: more lines may complete the statement. */
static bool incomplete(lua_State *L, int status) {
  static const char mark[] = "<eof>";
  size_t size;
  const char *message = lua_tolstring(L, -1, &size);
  return status == LUA_ERRSYNTAX && size >= strlen(mark) &&
         strcmp(message + size - strlen(mark), mark) == 0;
}

/* Puts the function, or the message of the error, in place of the line. */
static int load_statement(lua_State *L) {
  for (;;) {
    int status = load(L, lua_tostring(L, -1));
    if (!incomplete(L, status) || !push_line(L, "_PROMPT2", ">> ")) {
      lua_remove(L, -2);
      return status;
    }
    lua_remove(L, -2);
    lua_pushliteral(L, "\n");
    lua_insert(L, -2);
    lua_concat(L, 3);
  }
}

static int read_chunk(lua_State *L) {
  lua_settop(L, 0);
  if (!push_first_line(L))
    return NO_INPUT;
  return load_expression(L) ? LUA_OK : load_statement(L);
}

static void print_results(lua_State *L) {
  int count = lua_gettop(L);
  if (count == 0)
    return;
  luaL_checkstack(L, LUA_MINSTACK, "too many results to print");
  lua_getglobal(L, "print");
  lua_insert(L, 1);
  if (lua_pcall(L, count, 0, 0) != LUA_OK)
    chunk_complain(
        lua_pushfstring(L, "error calling 'print' (%s)", lua_tostring(L, -1)));
}

void lines_run(lua_State *L) {
  const char *progname = chunk_progname(NULL);
  int status;
  while ((status = read_chunk(L)) != NO_INPUT) {
    if (status == LUA_OK)
      status = chunk_call(L, 0, LUA_MULTRET);
    if (status == LUA_OK)
      print_results(L);
    else
      chunk_report(L, status);
  }
  putchar('\n');
  fflush(stdout);
  chunk_progname(progname);
}
