/* Recording: calls, requests and events, kept to be looked at later
 * (timeline), or told at once to a function (trace). */
#include "binding/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "binding/host.h"
#include "core/watch.h"

enum { USUAL_ROOM = 1 << 14, MOST_ROOM = 1 << 24 };

struct record {
  const struct api_type *type;
  bool on, precise;
  unsigned era;
  uint64_t from, end; /* what is ours: up to end, where it is not on */
  uint64_t missed;
};

/* The function that is told is user value 1. */
static const struct api_type record_type = {.name = "record",
                                            .size = sizeof(struct record)};

/* Keys in the registry: the record that aio.timeline shows, and a table whose
 * keys are the records that tell a function. */
static const char current_key[] = "aio.record";
static const char telling_key[] = "aio.telling";

unsigned api_telling;
static bool inside; /* a function that is told runs just now */

/* ---- on and off ---- */

static int start(struct record *r, size_t room, bool precise) {
  int err = precise ? watch_start() : 0;
  if (err != 0)
    return err;
  err = record_open(room);
  if (err != 0 && precise)
    watch_stop();
  if (err != 0)
    return err;
  r->on = true;
  r->precise = precise;
  r->era = record_era();
  r->from = record_written();
  return 0;
}

static void stop(struct record *r) {
  if (!r->on)
    return;
  r->on = false;
  r->end = record_written();
  record_close();
  if (r->precise)
    watch_stop();
}

/* ---- telling ---- */

/* Upvalueless, for pcall: tells the record at 1 what it was not told. What its
 * function does itself is not told. */
static int tell(lua_State *L) {
  struct record *r = api_check(L, 1, &record_type);
  struct record_entry e;
  uint64_t end = record_written();
  lua_getiuservalue(L, 1, 1);
  while (r->on && r->from < end &&
         record_read(&r->from, &e, 1, &r->missed) == 1) {
    lua_pushvalue(L, 2);
    entry_push(L, &e, true);
    lua_pushinteger(L, (lua_Integer)r->missed);
    lua_call(L, 2, 0);
  }
  r->from = record_written();
  return 0;
}

/* The last call of its function, without an entry. */
static int tell_end(lua_State *L) {
  struct record *r = api_check(L, 1, &record_type);
  lua_getiuservalue(L, 1, 1);
  lua_pushnil(L);
  lua_pushinteger(L, (lua_Integer)r->missed);
  lua_call(L, 2, 0);
  return 0;
}

/* Idempotent. */
static void leave_telling(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, telling_key);
  lua_pushvalue(L, idx);
  if (lua_rawget(L, -2) != LUA_TNIL)
    api_telling--;
  lua_pop(L, 1);
  lua_pushvalue(L, idx);
  lua_pushnil(L);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/* The function's error is on top. Ctrl-C is not its fault: it is raised by
 * whoever looks next. */
static void complain(lua_State *L, struct record *r) {
  const char *text = luaL_tolstring(L, -1, NULL);
  if (host_owns_signals && strstr(text, "interrupted!") != NULL) {
    host_interrupted = 1;
    return;
  }
  fprintf(stderr, "aio: the trace's function failed and is let go: %s\n", text);
  stop(r);
}

/* Runs step for the record at idx, unless a function is being told already. */
static void tell_safely(lua_State *L, int idx, lua_CFunction step) {
  idx = lua_absindex(L, idx);
  struct record *r = api_test(L, idx, &record_type);
  if (r == NULL || !r->on || inside)
    return;
  inside = true;
  lua_pushcfunction(L, step);
  lua_pushvalue(L, idx);
  int status = lua_pcall(L, 1, 0, 0);
  inside = false;
  if (status != LUA_OK)
    complain(L, r);
}

/* A copy of the keys, for functions may stop records. */
static void push_telling(lua_State *L) {
  lua_Integer n = 0;
  lua_newtable(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, telling_key);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -4, ++n);
  }
  lua_pop(L, 1);
}

static int tell_all(lua_State *L) {
  push_telling(L);
  for (int i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; i++) {
    struct record *r = api_test(L, -1, &record_type);
    tell_safely(L, -1, tell);
    lua_settop(L, 2);
    if (r != NULL && !r->on)
      leave_telling(L, 2);
    lua_settop(L, 1);
  }
  return 0;
}

int api_tell(lua_State *L, int results) {
  int top = lua_gettop(L);
  if (inside || !lua_checkstack(L, LUA_MINSTACK))
    return results;
  lua_pushcfunction(L, tell_all);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK)
    fprintf(stderr, "aio: a trace misses what happened: not enough memory\n");
  lua_settop(L, top);
  return results;
}

/* ---- the userdata ---- */

static struct record *to_record(lua_State *L) {
  return api_check(L, 1, &record_type);
}

/**
 * record:stop() -> record
 * record:close()
 *
 * Ends this recording; what was recorded can still be read until another one
 * begins. A function that is told gets what it was not told yet, and a last
 * nil. Stopping twice is harmless.
 */
static int record_stop(lua_State *L) {
  struct record *r = to_record(L);
  lua_settop(L, 1);
  bool telling = r->on && lua_getiuservalue(L, 1, 1) == LUA_TFUNCTION;
  if (telling) {
    tell_safely(L, 1, tell);
    tell_safely(L, 1, tell_end);
    leave_telling(L, 1);
  }
  stop(r);
  lua_settop(L, 1);
  return 1;
}

/* Without raising: for the collector and the end of the state. */
static int record_gc(lua_State *L) {
  return record_stop(L) - 1;
}

/* Whether the core still has what was recorded here. */
static bool readable(const struct record *r) {
  return r->era == record_era();
}

/**
 * record:entries() -> list, missed
 *
 * What was recorded, oldest first; missed is how many entries were overwritten
 * for want of room. An entry is a table: kind ("setup", "submit", "getevents",
 * "pgetevents", "reap", "cancel", "destroy", "collect": calls; "request",
 * "refused", "event"), ctx (the number of its context), at (aio.now() then);
 * of a call also ns, n, res, err; of a request id, op, fd, nbytes, offset,
 * memory; of an event the id of its request, res, seen (when it was first
 * seen, while at is when it was taken) and gap (it was not there so many ns
 * before).
 * Example: for _, e in ipairs(aio.record():entries()) do print(e.kind) end
 */
static int record_entries(lua_State *L) {
  struct record *r = to_record(L);
  struct record_entry e;
  uint64_t cursor = r->from, end = r->on ? record_written() : r->end;
  uint64_t missed = r->missed;
  lua_settop(L, 1);
  lua_newtable(L);
  if (!readable(r)) {
    missed += end - cursor;
    cursor = end;
  }
  for (lua_Integer n = 1;
       cursor < end && readable(r) && record_read(&cursor, &e, 1, &missed) == 1;
       n++) {
    entry_push(L, &e, false);
    lua_rawseti(L, 2, n);
  }
  lua_pushinteger(L, (lua_Integer)missed);
  return 2;
}

/**
 * record.on, record.precise
 *
 * Whether it still records, and whether a thread watches the rings for it.
 */
static int get_on(lua_State *L) {
  lua_pushboolean(L, to_record(L)->on);
  return 1;
}

static int get_precise(lua_State *L) {
  lua_pushboolean(L, to_record(L)->precise);
  return 1;
}

static int record_tostring(lua_State *L) {
  struct record *r = to_record(L);
  uint64_t end = r->on ? record_written() : r->end;
  lua_pushfstring(L, "record (%s, %I entries%s)", r->on ? "on" : "stopped",
                  (lua_Integer)(end - r->from), r->precise ? ", precise" : "");
  return 1;
}

/* ---- aio.record ---- */

struct choice {
  size_t room;
  bool precise, off;
};

/* The options at 1: nil, a boolean, or a table whose function "to" is pushed
 * (else nil). */
static struct choice read_choice(lua_State *L) {
  static const char *const keys[] = {"precise", "room", "to", NULL};
  struct choice c = {.room = USUAL_ROOM};
  if (lua_isnoneornil(L, 1) || lua_isboolean(L, 1)) {
    c.off = lua_isboolean(L, 1) && !lua_toboolean(L, 1);
    lua_pushnil(L);
    return c;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  api_knownkeys(L, 1, keys);
  lua_getfield(L, 1, "precise");
  c.precise = lua_toboolean(L, -1);
  if (lua_getfield(L, 1, "room") != LUA_TNIL)
    c.room = (size_t)api_int(L, -1, "room", 1, MOST_ROOM);
  int type = lua_getfield(L, 1, "to");
  if (type != LUA_TNIL && type != LUA_TFUNCTION)
    api_bad(L, -1, "to", "function expected, got %s", luaL_typename(L, -1));
  return c;
}

/**
 * aio.recording() -> record | nil
 *
 * The record that aio.record() began last, on or stopped: the one that
 * aio.timeline shows.
 */
static int aio_recording(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, current_key);
  return 1;
}

/* Stops it; it stays the one. Pushes it, or nil. */
static int stop_current(lua_State *L) {
  aio_recording(L);
  struct record *r = api_test(L, -1, &record_type);
  if (r != NULL)
    stop(r);
  return 1;
}

/* The record at idx is the one to be shown, or one that tells. */
static void enlist(lua_State *L, int idx, bool telling) {
  lua_pushvalue(L, idx);
  if (!telling) {
    lua_setfield(L, LUA_REGISTRYINDEX, current_key);
    return;
  }
  luaL_getsubtable(L, LUA_REGISTRYINDEX, telling_key);
  lua_insert(L, -2);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  api_telling++;
}

/**
 * aio.record([on | options]) -> record
 *
 * Begins to record calls, requests and events, from now on, for aio.timeline;
 * false ends that and returns what was recorded (nil: nothing ever was). Of
 * options, room is how many entries are kept (the newest; by default 16384),
 * and precise starts a thread that only watches the tails of the completion
 * rings, so that the times of completions are good to a few us, whenever they
 * are taken; it keeps a CPU busy while requests are in flight. to is a
 * function that is called with each entry (see record:entries) and the number
 * of missed ones, at the end of the call that made it, and with nil at the
 * end; such a record is not the one for aio.timeline.
 * Errors: raises when there is no memory for it.
 * Example: aio.record{precise=true}
 */
static int aio_record(lua_State *L) {
  lua_settop(L, 1);
  struct choice choice = read_choice(L);
  int to = lua_gettop(L);
  bool telling = !lua_isnil(L, to);
  if (choice.off)
    return stop_current(L);
  struct record *r = api_new(L, &record_type, 1);
  int self = lua_gettop(L);
  lua_pushvalue(L, to);
  lua_setiuservalue(L, self, 1);
  if (!telling)
    stop_current(L);
  lua_settop(L, self);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, telling_key);
  lua_settop(L, self);
  int err = start(r, choice.room, choice.precise);
  if (err != 0)
    return luaL_error(L, "aio.record: %s", strerror(-err));
  enlist(L, self, telling);
  lua_settop(L, self);
  return 1;
}

/* ---- registration ---- */

static const luaL_Reg methods[] = {{"entries", record_entries},
                                   {"stop", record_stop},
                                   {"close", record_gc},
                                   {NULL, NULL}};

static const luaL_Reg getters[] = {
    {"on", get_on}, {"precise", get_precise}, {NULL, NULL}};

static const luaL_Reg meta[] = {{"__gc", record_gc},
                                {"__close", record_gc},
                                {"__tostring", record_tostring},
                                {NULL, NULL}};

void recording_open(lua_State *L) {
  api_register(L, &record_type,
               &(struct api_methods){
                   .methods = methods, .getters = getters, .meta = meta});
  lua_pushcfunction(L, aio_record);
  lua_setfield(L, -2, "record");
  lua_pushcfunction(L, aio_recording);
  lua_setfield(L, -2, "recording");
}
