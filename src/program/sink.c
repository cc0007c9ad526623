#include "program/sink.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <lauxlib.h>
#include <lualib.h>

static struct {
  char *text;
  size_t size, room;
  size_t lines; /* size of the whole lines in it */
} kept;
static bool holding;
static bool midline; /* the last text written did not end a line */
static bool takes_stderr;

/* ---- the buffer ---- */

static bool make_room(size_t more) {
  if (more <= kept.room - kept.size)
    return true;
  size_t room = (kept.size + more) * 2;
  char *text = realloc(kept.text, room);
  if (text == NULL)
    return false;
  kept.text = text;
  kept.room = room;
  return true;
}

static void keep(const char *text, size_t size) {
  memcpy(kept.text + kept.size, text, size);
  kept.size += size;
  const char *newline = memrchr(kept.text, '\n', kept.size);
  kept.lines = newline != NULL ? (size_t)(newline - kept.text) + 1 : 0;
}

static void note_end(const char *text, size_t size) {
  if (size > 0)
    midline = text[size - 1] != '\n';
}

static void put(FILE *to, const char *text, size_t size) {
  if (to == stderr)
    fflush(stdout);
  fwrite(text, 1, size, to);
  note_end(text, size);
}

static void put_kept(size_t size) {
  if (size == 0)
    return;
  put(stdout, kept.text, size);
  kept.size -= size;
  memmove(kept.text, kept.text + size, kept.size);
  kept.lines = 0;
  fflush(stdout);
}

/* True when text written to this file appears where the prompt is. */
static bool takes(const FILE *f) {
  return f == stdout || (f == stderr && takes_stderr);
}

void sink_write(FILE *to, const char *text, size_t size) {
  if (holding && takes(to) && make_room(size))
    keep(text, size);
  else
    put(to, text, size);
}

void sink_hold(void) {
  holding = true;
}

void sink_release(void) {
  holding = false;
  put_kept(kept.size);
}

bool sink_has_lines(void) {
  return kept.lines > 0;
}

void sink_put_lines(void) {
  put_kept(kept.lines);
}

void sink_fresh_line(void) {
  if (midline)
    put(stdout, "\n", 1);
  fflush(stdout);
}

/* ---- print, write ---- */

static int stock(lua_State *L) {
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static void write_value(lua_State *L, FILE *f, int idx) {
  size_t size;
  const char *text = luaL_tolstring(L, idx, &size);
  sink_write(f, text, size);
  lua_pop(L, 1);
}

static int sink_print(lua_State *L) {
  int n = lua_gettop(L);
  if (!holding) {
    midline = false;
    return stock(L);
  }
  for (int i = 1; i <= n; i++) {
    if (i > 1)
      sink_write(stdout, "\t", 1);
    write_value(L, stdout, i);
  }
  sink_write(stdout, "\n", 1);
  return 0;
}

/* Notes how the text of the arguments from first on will end. */
static void note_arguments(lua_State *L, int first) {
  for (int i = first; i <= lua_gettop(L); i++) {
    size_t size = 1;
    const char *text =
        lua_type(L, i) == LUA_TSTRING ? lua_tolstring(L, i, &size) : "0";
    note_end(text, size);
  }
}

/* The file is at argument 1 or in the registry; the texts are from first on.
 * What is wrong with them the stock function says. */
static int write_to(lua_State *L, const luaL_Stream *file, int first) {
  bool ours = file != NULL && file->closef != NULL && takes(file->f);
  if (ours && !holding)
    note_arguments(L, first);
  for (int i = first; i <= lua_gettop(L); i++)
    ours = ours && lua_isstring(L, i);
  if (!ours || !holding)
    return stock(L);
  for (int i = first; i <= lua_gettop(L); i++)
    write_value(L, file->f, i);
  lua_settop(L, 1);
  if (first == 1)
    lua_getfield(L, LUA_REGISTRYINDEX, "_IO_output");
  return 1;
}

static int sink_io_write(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, "_IO_output");
  const luaL_Stream *file = luaL_testudata(L, -1, LUA_FILEHANDLE);
  lua_pop(L, 1); /* the registry keeps it */
  return write_to(L, file, 1);
}

static int sink_file_write(lua_State *L) {
  return write_to(L, luaL_testudata(L, 1, LUA_FILEHANDLE), 2);
}

/* ---- warn ---- */

static struct {
  bool off, more; /* more: a message is being composed */
} warning;

/* As Lua's own, but for where it goes; on until "@off". */
static void sink_warn(void *state, const char *message, int to_be_continued) {
  (void)state;
  if (!warning.more && !to_be_continued && message[0] == '@') {
    if (strcmp(message, "@off") == 0 || strcmp(message, "@on") == 0)
      warning.off = message[2] == 'f';
    return;
  }
  if (!warning.off) {
    if (!warning.more)
      sink_write(stderr, "Lua warning: ", 13);
    sink_write(stderr, message, strlen(message));
    if (!to_be_continued)
      sink_write(stderr, "\n", 1);
  }
  warning.more = to_be_continued;
}

/* ---- install ---- */

static bool same_terminal(int one, int other) {
  struct stat a, b;
  return isatty(one) && isatty(other) && fstat(one, &a) == 0 &&
         fstat(other, &b) == 0 && a.st_rdev == b.st_rdev;
}

/* Replaces a field of the table on top. */
static void replace(lua_State *L, const char *name, lua_CFunction f) {
  lua_getfield(L, -1, name);
  if (lua_iscfunction(L, -1)) {
    lua_pushcclosure(L, f, 1);
    lua_setfield(L, -2, name);
  } else
    lua_pop(L, 1);
}

void sink_install(lua_State *L) {
  takes_stderr = same_terminal(STDOUT_FILENO, STDERR_FILENO);
  int top = lua_gettop(L);
  lua_pushglobaltable(L);
  replace(L, "print", sink_print);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, LUA_IOLIBNAME) == LUA_TTABLE)
    replace(L, "write", sink_io_write);
  luaL_getmetatable(L, LUA_FILEHANDLE);
  if (lua_getfield(L, -1, "__index") == LUA_TTABLE)
    replace(L, "write", sink_file_write);
  lua_settop(L, top);
  lua_setwarnf(L, sink_warn, NULL);
}
