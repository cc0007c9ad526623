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

static void set_integer(lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}

static void set_op(lua_State *L, unsigned opcode) {
  const char *name = opcode_name(opcode);
  if (name != NULL)
    lua_pushstring(L, name);
  else
    lua_pushinteger(L, opcode);
  lua_setfield(L, -2, "op");
}

/* Only where there is data: then the table needs a ninth place. */
static void set_data(lua_State *L, int iocb) {
  if (!lua_isuserdata(L, iocb))
    return;
  if (lua_getiuservalue(L, iocb, IOCB_DATA) == LUA_TNIL)
    lua_pop(L, 1);
  else
    lua_setfield(L, -2, "data");
}

static void set_metatable(lua_State *L) {
  event_metatable(L, "event");
  lua_setmetatable(L, -2);
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
void event_push(lua_State *L, const struct event_facts *f, int iocb) {
  lua_createtable(L, 0, 8);
  lua_pushvalue(L, iocb);
  lua_setfield(L, -2, "obj");
  set_data(L, iocb);
  set_integer(L, "res", f->res);
  set_integer(L, "res2", f->res2);
  set_integer(L, "slat", f->slat);
  set_integer(L, "clat", f->clat);
  set_integer(L, "nbytes", (lua_Integer)f->iocb.aio_nbytes);
  set_integer(L, "offset", f->iocb.aio_offset);
  set_op(L, f->iocb.aio_lio_opcode);
  set_metatable(L);
}

void event_push_foreign(lua_State *L, const struct io_event *e) {
  lua_createtable(L, 0, 6);
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "foreign");
  set_integer(L, "address", (lua_Integer)e->obj);
  set_integer(L, "data", (lua_Integer)e->data);
  set_integer(L, "res", e->res);
  set_integer(L, "res2", e->res2);
  set_metatable(L);
}

/* The metatables exist before the first event. */
void event_open(lua_State *L) {
  event_metatable(L, "event");
  event_metatable(L, "submission");
  event_metatable(L, "list");
  lua_pop(L, 3);
}
