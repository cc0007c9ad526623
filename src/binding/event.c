/* Events as tables: {obj=, data=, res=}. All else is worked out when it is
 * asked for. */
#include "binding/context.h"

#include <stddef.h>
#include <string.h>

#include "binding/table.h"

/* The registry's key of the table of metatables by name. */
static const char metatables[] = "aio.metatables";

void api_push_metatables(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, metatables);
}

void event_metatable(lua_State *L, const char *name) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, metatables);
  luaL_getsubtable(L, -1, name);
  lua_remove(L, -2);
}

struct event_facts event_facts(const struct slot *s) {
  struct event_facts f = {.opcode = s->iocb.aio_lio_opcode,
                          .nbytes = s->iocb.aio_nbytes,
                          .offset = s->iocb.aio_offset,
                          .iocb = s->iocb,
                          .res = s->res,
                          .res2 = s->res2,
                          .slat = s->slat,
                          .clat = s->seen - s->submitted};
  return f;
}

/* ---- the facts ---- */

/* All but obj, data and res is in one string, under this key, until somebody
 * asks: a table with a field for each takes twice as long to make. lat, err,
 * why, revents and the text come by the metatable that lua/aio/show.lua fills.
 */
static const char facts_key;
enum { KEPT = offsetof(struct event_facts, iocb) };

/* The facts of the event at 1; false where it has none (foreign, or a table
 * that somebody else made). */
static bool find_facts(lua_State *L, struct event_facts *f) {
  size_t size = 0;
  const char *kept =
      lua_istable(L, 1) && lua_rawgetp(L, 1, &facts_key) == LUA_TSTRING
          ? lua_tolstring(L, -1, &size)
          : NULL;
  if (size != KEPT)
    return false;
  memcpy(f, kept, KEPT);
  return true;
}

static void push_op(lua_State *L, unsigned opcode) {
  const char *name = opcode_name(opcode);
  if (name != NULL)
    lua_pushstring(L, name);
  else
    lua_pushinteger(L, opcode);
}

static const char *const fact_names[] = {"res2",   "slat",   "clat", "op",
                                         "nbytes", "offset", NULL};

/* fact(event, key): what the string tells of that key, or nil. */
static int event_fact(lua_State *L) {
  struct event_facts f;
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  int i = 0;
  while (fact_names[i] != NULL && strcmp(fact_names[i], key) != 0)
    i++;
  if (fact_names[i] == NULL || !find_facts(L, &f))
    return 0;
  const lua_Integer values[] = {
      f.res2, f.slat, f.clat, 0, (lua_Integer)f.nbytes, f.offset};
  if (strcmp(key, "op") == 0)
    push_op(L, f.opcode);
  else
    lua_pushinteger(L, values[i]);
  return 1;
}

/* ---- events ---- */

/* The keys, in the order in which event_begin pushes them behind the
 * metatable. */
enum { META, OBJ, DATA, RES, KEYS };

int event_begin(lua_State *L) {
  static const char *const names[KEYS] = {"", "obj", "data", "res"};
  luaL_checkstack(L, KEYS + LUA_MINSTACK, NULL);
  event_metatable(L, "event");
  int with = lua_gettop(L);
  for (int key = OBJ; key < KEYS; key++)
    lua_pushstring(L, names[key]);
  return with;
}

/* Only where there is data. */
static void put_data(lua_State *L, int key, int iocb) {
  if (!lua_isuserdata(L, iocb))
    return;
  if (lua_getiuservalue(L, iocb, IOCB_DATA) == LUA_TNIL) {
    lua_pop(L, 1);
    return;
  }
  lua_pushvalue(L, key);
  lua_insert(L, -2);
  lua_rawset(L, -3);
}

/* The request as it was, for ev.why: the iocb may be prepared anew before
 * anybody asks. aio.explain() finds the event while it is in use. */
static void keep_failure(lua_State *L, const struct event_facts *f, int iocb) {
  lua_pushliteral(L, "request");
  iocb_push_submitted(L, iocb, &f->iocb);
  lua_rawset(L, -3);
  api_failure(L, -1);
}

/**
 * ev.obj, ev.data, ev.res, ev.res2
 * ev.slat, ev.clat, ev.lat
 * ev.err, ev.why, ev.request, ev.revents
 *
 * An event: obj is the iocb, data its data, res what the operation returned (a
 * count, a poll's mask, or below 0 an error), res2 always 0 so far. Times are
 * ns: slat is how long the io_submit took that accepted the request, clat the
 * time from its return until we saw the completion, lat their sum. Where res is
 * below 0, err is the error's name ("EIO"), request the request as it was
 * submitted, and why the cause in words, worked out from that when it is first
 * read (aio.explain(ev) tells at length). revents names what a poll found
 * ("in,hup"). op, nbytes and offset are the request's. tostring gives a line:
 * "pread 4096 @0 -> 4096 (81 us)".
 * Example: if ev.err then print(ev.err, ev.why) end
 * See: io_getevents(2)
 */
void event_push(lua_State *L, const struct event_facts *f, int iocb, int with) {
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, with + OBJ);
  lua_pushvalue(L, iocb);
  lua_rawset(L, -3);
  put_data(L, with + DATA, iocb);
  lua_pushvalue(L, with + RES);
  lua_pushinteger(L, f->res);
  lua_rawset(L, -3);
  lua_pushlstring(L, (const char *)f, KEPT);
  lua_rawsetp(L, -2, &facts_key);
  lua_pushvalue(L, with + META);
  lua_setmetatable(L, -2);
  if (f->res < 0)
    keep_failure(L, f, iocb);
}

void event_push_foreign(lua_State *L, const struct io_event *e) {
  lua_createtable(L, 0, 6);
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "foreign");
  set_integer(L, "address", (lua_Integer)e->obj);
  set_integer(L, "data", (lua_Integer)e->data);
  set_integer(L, "res", e->res);
  set_integer(L, "res2", e->res2);
  event_metatable(L, "event");
  lua_setmetatable(L, -2);
}

/* The metatables exist before the first event. */
void event_open(lua_State *L) {
  event_metatable(L, "event");
  lua_pushcfunction(L, event_fact);
  lua_setfield(L, -2, "fact");
  event_metatable(L, "submission");
  event_metatable(L, "list");
  lua_pop(L, 3);
}
