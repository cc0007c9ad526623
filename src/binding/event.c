/* Events as tables: {obj=, data=, res=, res2=, slat=, clat=, op=, nbytes=,
 * offset=}. lat, err, why, revents and the text are worked out when they are
 * asked for, by the metatable that lua/aio/show.lua fills. */
#include "binding/context.h"

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
                          .res = s->res,
                          .res2 = s->res2,
                          .slat = s->slat,
                          .clat = s->seen - s->submitted};
  return f;
}

/* The keys, in the order in which event_begin pushes them behind the
 * metatable. */
enum { META, OBJ, DATA, RES, RES2, SLAT, CLAT, OP, NBYTES, OFFSET, KEYS };

int event_begin(lua_State *L) {
  static const char *const names[KEYS] = {"",       "obj",   "data", "res",
                                          "res2",   "slat",  "clat", "op",
                                          "nbytes", "offset"};
  luaL_checkstack(L, KEYS + LUA_MINSTACK, NULL);
  event_metatable(L, "event");
  int with = lua_gettop(L);
  for (int key = OBJ; key < KEYS; key++)
    lua_pushstring(L, names[key]);
  return with;
}

static void put_integer(lua_State *L, int key, lua_Integer n) {
  lua_pushvalue(L, key);
  lua_pushinteger(L, n);
  lua_rawset(L, -3);
}

static void put_op(lua_State *L, int key, unsigned opcode) {
  const char *name = opcode_name(opcode);
  lua_pushvalue(L, key);
  if (name != NULL)
    lua_pushstring(L, name);
  else
    lua_pushinteger(L, opcode);
  lua_rawset(L, -3);
}

/* Only where there is data: then the table needs a ninth place. */
static void put_data(lua_State *L, int key, int iocb) {
  if (!lua_isuserdata(L, iocb))
    return;
  lua_pushvalue(L, key);
  if (lua_getiuservalue(L, iocb, IOCB_DATA) == LUA_TNIL)
    lua_pop(L, 2);
  else
    lua_rawset(L, -3);
}

/**
 * ev.obj, ev.data, ev.res, ev.res2
 * ev.slat, ev.clat, ev.lat
 * ev.err, ev.why, ev.revents
 *
 * An event: obj is the iocb, data its data, res what the operation returned (a
 * count, a poll's mask, or below 0 an error), res2 always 0 so far. Times are
 * ns: slat is how long the io_submit took that accepted the request, clat the
 * time from its return until we saw the completion, lat their sum. Where res is
 * below 0, err is the error's name ("EIO") and why says what it means. revents
 * names what a poll found ("in,hup"). op, nbytes and offset are the request's.
 * tostring gives a line: "pread 4096 @0 -> 4096 (81 us)".
 * Example: if ev.err then print(ev.err, ev.why) end
 * See: io_getevents(2)
 */
void event_push(lua_State *L, const struct event_facts *f, int iocb, int with) {
  lua_createtable(L, 0, 8);
  lua_pushvalue(L, with + OBJ);
  lua_pushvalue(L, iocb);
  lua_rawset(L, -3);
  put_data(L, with + DATA, iocb);
  put_integer(L, with + RES, f->res);
  put_integer(L, with + RES2, f->res2);
  put_integer(L, with + SLAT, f->slat);
  put_integer(L, with + CLAT, f->clat);
  put_integer(L, with + NBYTES, (lua_Integer)f->nbytes);
  put_integer(L, with + OFFSET, f->offset);
  put_op(L, with + OP, f->opcode);
  lua_pushvalue(L, with + META);
  lua_setmetatable(L, -2);
}

static void set_integer(lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
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
  event_metatable(L, "submission");
  event_metatable(L, "list");
  lua_pop(L, 3);
}
