/* aio.words, for our own Lua files: the types with their methods and fields,
 * and the words that strings and tables of options may hold. Asking runs
 * neither a getter nor a metamethod. */
#include "binding/words.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "binding/iocb.h"

/* words.typeof(v) -> "buffer" | nil: the type of one of our objects, by its
 * tag; whatever its metatable says. */
static int words_typeof(lua_State *L) {
  luaL_checkany(L, 1);
  const struct api_type *t = api_type_of(L, 1);
  lua_pushstring(L, t != NULL ? t->name : NULL);
  return 1;
}

/* {methods=, getters=}: the tables that api_register gave to __index. */
static void push_type(lua_State *L, const struct api_type *t) {
  static const char *const parts[] = {"methods", "getters"};
  lua_newtable(L);
  luaL_getmetatable(L, t->name);
  if (lua_getfield(L, -1, "__index") == LUA_TFUNCTION)
    for (int i = 0; i < 2; i++)
      if (lua_getupvalue(L, -1, i + 1) != NULL)
        lua_setfield(L, -4, parts[i]);
  lua_pop(L, 2);
}

/* A type that only another Lua state has registered is none of this one's. */
static bool is_registered(lua_State *L, const struct api_type *t) {
  bool here = luaL_getmetatable(L, t->name) == LUA_TTABLE;
  lua_pop(L, 1);
  return here;
}

static void set_types(lua_State *L) {
  lua_newtable(L);
  const struct api_type *t;
  for (unsigned i = 0; (t = api_known_type(i)) != NULL; i++) {
    if (!is_registered(L, t))
      continue;
    push_type(L, t);
    lua_setfield(L, -2, t->name);
  }
  lua_setfield(L, -2, "types");
}

void words_refresh(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushliteral(L, "aio.words");
  if (lua_rawget(L, -2) == LUA_TTABLE)
    set_types(L);
  lua_pop(L, 2);
}

/* ---- lists of words ---- */

/* Appends to the list on top. */
static void append(lua_State *L, const char *word) {
  lua_pushstring(L, word);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* {name=, value=} would say more, but only the names are words. */
static void set_flags(lua_State *L, const char *name,
                      const struct api_flag *set) {
  lua_newtable(L);
  for (const struct api_flag *f = set; f->name != NULL; f++)
    append(L, f->name);
  lua_setfield(L, -2, name);
}

static void set_names(lua_State *L, const char *name,
                      const char *const *names) {
  lua_newtable(L);
  for (; *names != NULL; names++)
    append(L, *names);
  lua_setfield(L, -2, name);
}

static void set_opcodes(lua_State *L) {
  lua_newtable(L);
  for (unsigned op = 0; op < 16; op++)
    if (opcode_name(op) != NULL)
      append(L, opcode_name(op));
  lua_setfield(L, -2, "opcode");
}

static void set_fields(lua_State *L) {
  lua_newtable(L);
  for (const struct iocb_field *f = iocb_fields; f->name != NULL; f++)
    append(L, f->name);
  lua_setfield(L, -2, "iocb");
}

/* ---- names of files ---- */

/* More names than this are of no use to anybody who presses TAB. */
enum { NAMES_MAX = 10000 };

static bool is_directory(DIR *dir, const struct dirent *entry) {
  struct stat st;
  if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
    return entry->d_type == DT_DIR;
  return fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* The next entry but "." and ".."; NULL at the end. */
static const struct dirent *next_entry(DIR *dir) {
  const struct dirent *entry;
  do
    entry = readdir(dir);
  while (entry != NULL &&
         (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
  return entry;
}

/* __gc of an open directory, for errors on the way (out of memory). */
static int close_directory(lua_State *L) {
  DIR **dir = lua_touserdata(L, 1);
  if (*dir != NULL)
    closedir(*dir);
  *dir = NULL;
  return 0;
}

static void push_directory(lua_State *L, const char *path) {
  DIR **dir = lua_newuserdatauv(L, sizeof *dir, 0);
  *dir = NULL;
  if (luaL_newmetatable(L, "aio:directory")) {
    lua_pushcfunction(L, close_directory);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  *dir = opendir(path);
}

/* words.directory(path) -> list of names | nil: what is in it, "/" behind
 * directories. */
static int words_directory(lua_State *L) {
  push_directory(L, luaL_checkstring(L, 1));
  DIR **dir = lua_touserdata(L, -1);
  if (*dir == NULL)
    return 0;
  lua_newtable(L);
  const struct dirent *entry;
  for (int n = 1; n <= NAMES_MAX && (entry = next_entry(*dir)) != NULL; n++) {
    lua_pushfstring(L, "%s%s", entry->d_name,
                    is_directory(*dir, entry) ? "/" : "");
    lua_rawseti(L, -2, n);
  }
  closedir(*dir);
  *dir = NULL;
  return 1;
}

/* ---- the module ---- */

int words_load(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, words_typeof);
  lua_setfield(L, -2, "typeof");
  lua_pushcfunction(L, words_directory);
  lua_setfield(L, -2, "directory");
  api_push_metatables(L); /* of events, submissions and lists */
  lua_setfield(L, -2, "metatables");
  set_types(L);
  set_flags(L, "open", open_flags);
  set_flags(L, "pipe", pipe_flags);
  set_flags(L, "fallocate", falloc_flags);
  set_flags(L, "poll", poll_flags);
  set_flags(L, "rw_flags", rw_flags);
  set_flags(L, "iocb_flags", iocb_flags);
  set_flags(L, "eventfd", efd_flags);
  set_flags(L, "waiter", waiter_flags);
  set_opcodes(L);
  set_fields(L);
  set_names(L, "buffer", buffer_options);
  set_names(L, "pattern", pattern_keys);
  return 1;
}
