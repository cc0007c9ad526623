/* iocbs: requests, which can be submitted again, and prepared anew, when they
 * are not in flight. */
#include "binding/iocb.h"

#include <string.h>

const struct api_type iocb_type = {.name = "iocb",
                                   .size = sizeof(struct iocb_object)};

/* ---- checks ---- */

static struct iocb_object *to_iocb(lua_State *L) {
  struct iocb_object *io = api_check(L, 1, &iocb_type);
  if (!io->open)
    luaL_error(L, "iocb is closed");
  return io;
}

struct iocb_object *iocb_push(lua_State *L, unsigned opcode) {
  struct iocb_object *io = api_new(L, &iocb_type, IOCB_VALUES);
  io->request.iocb.aio_lio_opcode = (uint16_t)opcode;
  io->request.iocb.aio_fildes = (uint32_t)-1;
  io->open = true;
  return io;
}

/* ---- fields ---- */

static const struct request *to_request(lua_State *L) {
  return &to_iocb(L)->request;
}

static int push_value(lua_State *L, int slot) {
  to_iocb(L);
  lua_getiuservalue(L, 1, slot);
  return 1;
}

static int push_integer(lua_State *L, lua_Integer n) {
  lua_pushinteger(L, n);
  return 1;
}

static int get_opcode(lua_State *L) {
  return push_integer(L, to_request(L)->iocb.aio_lio_opcode);
}

static int get_fd(lua_State *L) {
  return push_value(L, IOCB_FD);
}

static int get_buf(lua_State *L) {
  push_value(L, IOCB_BUF);
  if (lua_istable(L, -1))
    lua_pushnil(L);
  return 1;
}

static int get_bufs(lua_State *L) {
  push_value(L, IOCB_BUF);
  if (!lua_istable(L, -1))
    lua_pushnil(L);
  return 1;
}

static int get_events(lua_State *L) {
  const struct request *r = to_request(L);
  return push_integer(L, r->memory == MEMORY_NONE ? (lua_Integer)r->iocb.aio_buf
                                                  : 0);
}

static int get_nbytes(lua_State *L) {
  return push_integer(L, (lua_Integer)to_request(L)->iocb.aio_nbytes);
}

static int get_offset(lua_State *L) {
  return push_integer(L, to_request(L)->iocb.aio_offset);
}

static int get_data(lua_State *L) {
  return push_value(L, IOCB_DATA);
}

static int get_rw_flags(lua_State *L) {
  return push_integer(L, (uint32_t)to_request(L)->iocb.aio_rw_flags);
}

static int get_reqprio(lua_State *L) {
  return push_integer(L, to_request(L)->iocb.aio_reqprio);
}

static int get_eventfd(lua_State *L) {
  return push_value(L, IOCB_EVENTFD);
}

static int get_callback(lua_State *L) {
  return push_value(L, IOCB_CALLBACK);
}

static int get_flags(lua_State *L) {
  return push_integer(L, to_request(L)->iocb.aio_flags);
}

static int get_reserved2(lua_State *L) {
  return push_integer(L, (lua_Integer)to_request(L)->iocb.aio_reserved2);
}

/**
 * iocb.inflight -> boolean
 *
 * Whether the kernel has the request: until its event is handed out, the iocb
 * can't be changed nor submitted again.
 */
static int get_inflight(lua_State *L) {
  lua_pushboolean(L, to_request(L)->context != NULL);
  return 1;
}

static int iocb_newindex(lua_State *L) {
  to_iocb(L);
  size_t len;
  const char *name = luaL_tolstring(L, 2, &len);
  if (lua_type(L, 2) != LUA_TSTRING || strlen(name) != len)
    return luaL_error(L, "iocb has no field '%s' to set", name);
  iocb_set(L, 1, 3, name, name);
  return 0;
}

/* ---- methods ---- */

/**
 * iocb:at(offset [, nbytes]) -> iocb
 *
 * The same request elsewhere: sets offset, and nbytes if given, in bytes.
 * Errors: raises while the iocb is in flight.
 * Example: ctx:submit(cb:at(4096))
 */
static int iocb_at(lua_State *L) {
  struct iocb_object *io = api_check(L, 1, &iocb_type);
  int64_t offset = api_bytes(L, 2, NULL);
  bool sized = lua_gettop(L) > 2 && !lua_isnil(L, 3);
  int64_t nbytes = sized ? api_bytes(L, 3, NULL) : 0;
  iocb_must_be_idle(L, io);
  io->request.iocb.aio_offset = offset;
  if (sized)
    io->request.iocb.aio_nbytes = (uint64_t)nbytes;
  lua_pushvalue(L, 1);
  return 1;
}

/* The fresh iocb at to becomes like the one at from; nothing here can fail. */
static void assign(lua_State *L, int from, int to) {
  struct iocb_object *a = lua_touserdata(L, from), *b = lua_touserdata(L, to);
  b->request = a->request;
  b->request.context = NULL;
  b->by_name = a->by_name;
  b->has_data = a->has_data;
  if (b->request.mem != NULL)
    mem_ref(b->request.mem);
  if (b->request.file != NULL)
    desc_ref(b->request.file);
  if (b->request.eventfd != NULL)
    desc_ref(b->request.eventfd);
  for (int i = 1; i <= IOCB_VALUES; i++) {
    lua_getiuservalue(L, from, i);
    lua_setiuservalue(L, to, i);
  }
}

/* Segments carry the pins of one request in flight: a copy has its own. */
static struct segs *copy_segs(const struct segs *from) {
  struct segs *s = segs_new(from->n);
  for (unsigned i = 0; s != NULL && i < from->n; i++)
    segs_add(s, from->seg[i].mem, from->seg[i].off, from->seg[i].len);
  return s;
}

/**
 * iocb:copy() -> iocb
 *
 * Another iocb with the same fields, data, callback and eventfd. An iocb is
 * in flight at most once: copies make the same request again meanwhile.
 */
static int iocb_copy(lua_State *L) {
  to_iocb(L);
  lua_settop(L, 1);
  iocb_push(L, 0);
  struct request *r = &to_iocb(L)->request;
  struct segs *segs = NULL;
  if (r->segs != NULL && (segs = copy_segs(r->segs)) == NULL)
    return luaL_error(L, "not enough memory");
  assign(L, 1, 2);
  ((struct iocb_object *)lua_touserdata(L, 2))->request.segs = segs;
  return 1;
}

/* The memory may have been prepared anew since. */
static bool same_memory(const struct request *r, const struct iocb *k) {
  return r->memory == MEMORY_NONE || request_address(r) == k->aio_buf;
}

void iocb_push_submitted(lua_State *L, int idx, const struct iocb *k) {
  struct iocb_object *from = api_test(L, idx, &iocb_type);
  struct iocb_object *io = iocb_push(L, k->aio_lio_opcode);
  int to = lua_gettop(L);
  bool same = from != NULL && from->open && same_memory(&from->request, k);
  struct segs *segs = NULL;
  if (same && from->request.segs != NULL &&
      (segs = copy_segs(from->request.segs)) == NULL)
    luaL_error(L, "not enough memory");
  if (same) {
    assign(L, idx, to);
    io->request.segs = segs;
  }
  io->request.iocb = *k; /* an address without memory can't be submitted */
}

/**
 * iocb:close()
 *
 * Lets go of buffer, file and data. A request in flight goes on: what it uses
 * is kept in C, and its event is delivered. Closing twice is harmless.
 */
static int iocb_close(lua_State *L) {
  struct iocb_object *io = api_check(L, 1, &iocb_type);
  if (!io->open)
    return 0;
  io->open = io->has_data = false;
  request_forget_memory(&io->request);
  desc_unref(io->request.file);
  desc_unref(io->request.eventfd);
  io->request.file = io->request.eventfd = NULL;
  for (int i = 1; i <= IOCB_VALUES; i++) {
    lua_pushnil(L);
    lua_setiuservalue(L, 1, i);
  }
  return 0;
}

static int iocb_tostring(lua_State *L) {
  struct iocb_object *io = api_check(L, 1, &iocb_type);
  char text[96];
  iocb_text(&io->request.iocb, text, sizeof text);
  if (!io->open)
    lua_pushliteral(L, "iocb (closed)");
  else if (io->request.context != NULL)
    lua_pushfstring(L, "iocb (%s, in flight)", text);
  else
    lua_pushfstring(L, "iocb (%s)", text);
  return 1;
}

/* ---- registration ---- */

static const luaL_Reg methods[] = {
    {"at", iocb_at}, {"copy", iocb_copy}, {"close", iocb_close}, {NULL, NULL}};

static const luaL_Reg getters[] = {
    {"opcode", get_opcode},     {"fd", get_fd},
    {"buf", get_buf},           {"bufs", get_bufs},
    {"events", get_events},     {"nbytes", get_nbytes},
    {"offset", get_offset},     {"data", get_data},
    {"rw_flags", get_rw_flags}, {"reqprio", get_reqprio},
    {"eventfd", get_eventfd},   {"callback", get_callback},
    {"flags", get_flags},       {"reserved2", get_reserved2},
    {"inflight", get_inflight}, {NULL, NULL}};

static const luaL_Reg meta[] = {{"__gc", iocb_close},
                                {"__close", iocb_close},
                                {"__newindex", iocb_newindex},
                                {"__tostring", iocb_tostring},
                                {NULL, NULL}};

void iocb_open(lua_State *L) {
  api_register(L, &iocb_type,
               &(struct api_methods){.methods = methods,
                                     .more = {iocb_preparers},
                                     .getters = getters,
                                     .meta = meta});
  fields_open(L);
  prepare_open(L);
}
