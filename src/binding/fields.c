/* The fields of an iocb: how each is set. Their names are the kernel's,
 * without the prefix. */
#include "binding/iocb.h"

#include <linux/fs.h>
#include <poll.h>
#include <string.h>

#include "binding/buffer.h"
#include "binding/words.h"
#include "core/kaio.h"

const struct api_flag poll_flags[] = {
    {"in", POLLIN},         {"pri", POLLPRI},       {"out", POLLOUT},
    {"err", POLLERR},       {"hup", POLLHUP},       {"nval", POLLNVAL},
    {"rdnorm", POLLRDNORM}, {"rdband", POLLRDBAND}, {"wrnorm", POLLWRNORM},
    {"wrband", POLLWRBAND}, {"rdhup", POLLRDHUP},   {NULL, 0}};

/* From 0x20 on older headers lack the names. */
const struct api_flag rw_flags[] = {
    {"hipri", RWF_HIPRI},   {"dsync", RWF_DSYNC},
    {"sync", RWF_SYNC},     {"nowait", RWF_NOWAIT},
    {"append", RWF_APPEND}, {"noappend", 0x20},
    {"atomic", 0x40},       {"dontcache", 0x80},
    {"nosignal", 0x100},    {NULL, 0}};

const struct api_flag iocb_flags[] = {
    {"resfd", IOCB_FLAG_RESFD}, {"ioprio", IOCB_FLAG_IOPRIO}, {NULL, 0}};

/* An iocb that may be changed: looked at again after every conversion that
 * may have run Lua. */
void iocb_must_be_idle(lua_State *L, const struct iocb_object *io) {
  if (!io->open)
    luaL_error(L, "iocb is closed");
  if (io->request.context != NULL)
    luaL_error(L, "iocb is in flight and can't be changed until its event "
                  "was delivered");
}

struct iocb_object *iocb_idle(lua_State *L, int idx) {
  struct iocb_object *io = lua_touserdata(L, idx);
  iocb_must_be_idle(L, io);
  return io;
}

/* ---- aio.null and aio.wild ---- */

struct address {
  const struct api_type *type;
  enum request_memory memory;
};

static const struct api_type address_type = {.name = "address",
                                             .size = sizeof(struct address)};

/**
 * aio.null, aio.wild
 *
 * Memory that is deliberately bad, for an iocb's buf: address 0, and an
 * address in the kernel's half. nbytes must be given with them.
 * Errors: the kernel's: res -EFAULT in the event, or EFAULT from submit.
 * See: io_submit(2)
 */
static int address_tostring(lua_State *L) {
  struct address *a = api_check(L, 1, &address_type);
  lua_pushstring(L, a->memory == MEMORY_NULL ? "aio.null" : "aio.wild");
  return 1;
}

bool iocb_address(lua_State *L, int idx, enum request_memory *memory) {
  const struct address *a = api_test(L, idx, &address_type);
  if (a != NULL)
    *memory = a->memory;
  return a != NULL;
}

static void push_address(lua_State *L, enum request_memory memory) {
  struct address *a = api_new(L, &address_type, 0);
  a->memory = memory;
}

/* ---- fields: set ---- */

/* Each takes the iocb at obj, the value at val (nil: its default) and how
 * errors name it. It converts first, then changes. */

static void set_opcode(lua_State *L, int obj, int val, const char *what) {
  int op = 0;
  if (lua_type(L, val) == LUA_TSTRING) {
    op = opcode_number(api_cstring(L, val, what));
    if (op < 0)
      api_bad(L, val, what, "unknown opcode '%.40s'", lua_tostring(L, val));
  } else if (!lua_isnoneornil(L, val)) {
    op = (int)api_int(L, val, what, 0, UINT16_MAX);
  }
  iocb_idle(L, obj)->request.iocb.aio_lio_opcode = (uint16_t)op;
}

static void keep(lua_State *L, int obj, int val, int slot) {
  lua_pushvalue(L, val);
  lua_setiuservalue(L, obj, slot);
}

/* Whether the value at val is neither a number nor one of our objects. */
static bool foreign(lua_State *L, int val, const struct desc *d) {
  return d == NULL && lua_type(L, val) != LUA_TNUMBER;
}

static bool refetched(lua_State *L, int obj, int slot, const struct desc *d) {
  lua_getiuservalue(L, obj, slot);
  bool f = !lua_isnil(L, -1) && foreign(L, -1, d);
  lua_pop(L, 1);
  return f;
}

static void swap_desc(struct desc **place, struct desc *d) {
  if (d != NULL)
    desc_ref(d);
  desc_unref(*place);
  *place = d;
}

static void note_foreign(lua_State *L, int obj, struct iocb_object *io) {
  io->by_name = refetched(L, obj, IOCB_FD, io->request.file) ||
                refetched(L, obj, IOCB_EVENTFD, io->request.eventfd);
}

static void set_fd(lua_State *L, int obj, int val, const char *what) {
  struct desc *d = NULL;
  int fd = lua_isnoneornil(L, val) ? -1 : api_fd(L, val, what, &d);
  struct iocb_object *io = iocb_idle(L, obj);
  io->request.iocb.aio_fildes = (uint32_t)fd;
  swap_desc(&io->request.file, d);
  keep(L, obj, val, IOCB_FD);
  note_foreign(L, obj, io);
}

static void set_eventfd(lua_State *L, int obj, int val, const char *what) {
  struct desc *d = NULL;
  bool none = lua_isnoneornil(L, val);
  int fd = none ? 0 : api_fd(L, val, what, &d);
  struct iocb_object *io = iocb_idle(L, obj);
  io->request.iocb.aio_resfd = (uint32_t)fd;
  io->request.iocb.aio_flags &= ~(uint32_t)IOCB_FLAG_RESFD;
  io->request.iocb.aio_flags |= none ? 0u : IOCB_FLAG_RESFD;
  swap_desc(&io->request.eventfd, d);
  keep(L, obj, val, IOCB_EVENTFD);
  note_foreign(L, obj, io);
}

static void set_block(lua_State *L, int obj, int val, const char *what) {
  struct buffer *b = buffer_check(L, val, what);
  struct request *r = &iocb_idle(L, obj)->request;
  mem_ref(b->mem);
  request_forget_memory(r);
  r->memory = MEMORY_BLOCK;
  r->mem = b->mem;
  r->off = b->off;
  r->len = b->len;
  r->iocb.aio_buf = 0;
  keep(L, obj, val, IOCB_BUF);
}

/* A copy of the list at val, every element an open buffer; pushed. */
static unsigned push_list(lua_State *L, int val, const char *what) {
  lua_Unsigned n = lua_rawlen(L, val);
  if (n > UINT16_MAX)
    api_bad(L, val, what, "a list of %llu buffers is too long",
            (unsigned long long)n);
  lua_createtable(L, (int)n, 0);
  for (int i = 1; i <= (int)n; i++) {
    lua_rawgeti(L, val, i);
    if (api_test(L, -1, &buffer_type) == NULL)
      api_bad(L, val, what, "element %d is no buffer but a %s", i,
              api_typename(L, -1));
    lua_rawseti(L, -2, i);
  }
  return (unsigned)n;
}

static void set_segs(lua_State *L, int obj, int val, const char *what) {
  unsigned n = push_list(L, val, what);
  int list = lua_gettop(L);
  for (unsigned i = 1; i <= n; i++) {
    lua_rawgeti(L, list, i);
    buffer_check(L, -1, what);
    lua_pop(L, 1);
  }
  struct request *r = &iocb_idle(L, obj)->request;
  struct segs *segs = segs_new(n);
  if (segs == NULL)
    luaL_error(L, "not enough memory");
  for (unsigned i = 1; i <= n; i++) {
    lua_rawgeti(L, list, i);
    struct buffer *b = lua_touserdata(L, -1);
    segs_add(segs, b->mem, b->off, b->len);
    lua_pop(L, 1);
  }
  request_forget_memory(r);
  r->memory = MEMORY_SEGS;
  r->segs = segs;
  r->iocb.aio_buf = 0;
  lua_setiuservalue(L, obj, IOCB_BUF);
}

static void set_buf(lua_State *L, int obj, int val, const char *what) {
  struct address *a = api_test(L, val, &address_type);
  if (lua_istable(L, val)) {
    set_segs(L, obj, val, what);
  } else if (a == NULL && !lua_isnoneornil(L, val)) {
    set_block(L, obj, val, what);
  } else {
    struct request *r = &iocb_idle(L, obj)->request;
    request_forget_memory(r);
    r->memory = a != NULL ? a->memory : MEMORY_NONE;
    r->iocb.aio_buf = 0;
    keep(L, obj, val, IOCB_BUF);
  }
}

static void set_events(lua_State *L, int obj, int val, const char *what) {
  unsigned bits =
      lua_isnoneornil(L, val) ? 0 : api_flags(L, val, what, poll_flags);
  struct request *r = &iocb_idle(L, obj)->request;
  request_forget_memory(r);
  r->iocb.aio_buf = bits;
  lua_pushnil(L);
  lua_setiuservalue(L, obj, IOCB_BUF);
}

static void set_nbytes(lua_State *L, int obj, int val, const char *what) {
  lua_Integer n = lua_isnoneornil(L, val) ? 0 : api_bytes(L, val, what);
  iocb_idle(L, obj)->request.iocb.aio_nbytes = (uint64_t)n;
}

static void set_offset(lua_State *L, int obj, int val, const char *what) {
  lua_Integer n = lua_isnoneornil(L, val) ? 0 : api_bytes(L, val, what);
  iocb_idle(L, obj)->request.iocb.aio_offset = n;
}

static void set_data(lua_State *L, int obj, int val, const char *what) {
  (void)what;
  iocb_idle(L, obj)->has_data = !lua_isnoneornil(L, val);
  keep(L, obj, val, IOCB_DATA);
}

static void set_callback(lua_State *L, int obj, int val, const char *what) {
  if (!lua_isnoneornil(L, val) && !lua_isfunction(L, val))
    api_badtype(L, val, what, "function");
  iocb_idle(L, obj);
  keep(L, obj, val, IOCB_CALLBACK);
}

static void set_rw_flags(lua_State *L, int obj, int val, const char *what) {
  unsigned f = lua_isnoneornil(L, val) ? 0 : api_flags(L, val, what, rw_flags);
  iocb_idle(L, obj)->request.iocb.aio_rw_flags = (__kernel_rwf_t)f;
}

static void set_reqprio(lua_State *L, int obj, int val, const char *what) {
  bool none = lua_isnoneornil(L, val);
  lua_Integer n = none ? 0 : api_int(L, val, what, INT16_MIN, UINT16_MAX);
  struct iocb *k = &iocb_idle(L, obj)->request.iocb;
  k->aio_reqprio = (int16_t)n;
  k->aio_flags &= ~(uint32_t)IOCB_FLAG_IOPRIO;
  k->aio_flags |= none ? 0u : IOCB_FLAG_IOPRIO;
}

static void set_flags(lua_State *L, int obj, int val, const char *what) {
  unsigned f =
      lua_isnoneornil(L, val) ? 0 : api_flags(L, val, what, iocb_flags);
  iocb_idle(L, obj)->request.iocb.aio_flags = f;
}

static void set_reserved2(lua_State *L, int obj, int val, const char *what) {
  lua_Integer n = lua_isnoneornil(L, val) ? 0 : api_bytes(L, val, what);
  iocb_idle(L, obj)->request.iocb.aio_reserved2 = (uint64_t)n;
}

/**
 * iocb.opcode, iocb.fd, iocb.buf, iocb.bufs, iocb.nbytes, iocb.offset
 * iocb.events, iocb.rw_flags, iocb.reqprio, iocb.flags, iocb.reserved2
 * iocb.data, iocb.eventfd, iocb.callback
 *
 * The fields of the kernel's struct iocb without their prefix, to read and,
 * unless the iocb is in flight, to set. bufs is the list of a vectored request,
 * events what a poll waits for ("in,out"). Setting reqprio also sets
 * IOCB_FLAG_IOPRIO, setting eventfd also IOCB_FLAG_RESFD. data is any Lua
 * value and comes back as ev.data; callback is what ctx:run calls.
 * Errors: raises for an unknown field or value, and while it is in flight.
 * Example: cb.rw_flags = "nowait,dsync"
 * See: io_submit(2)
 */
/* flags come after what sets bits of them, so that a raw value is what the
 * kernel sees. */
const struct iocb_field iocb_fields[] = {{"opcode", set_opcode},
                                         {"fd", set_fd},
                                         {"buf", set_buf},
                                         {"bufs", set_buf},
                                         {"events", set_events},
                                         {"nbytes", set_nbytes},
                                         {"offset", set_offset},
                                         {"data", set_data},
                                         {"rw_flags", set_rw_flags},
                                         {"reqprio", set_reqprio},
                                         {"eventfd", set_eventfd},
                                         {"callback", set_callback},
                                         {"flags", set_flags},
                                         {"reserved2", set_reserved2},
                                         {NULL, NULL}};

void iocb_set(lua_State *L, int obj, int val, const char *field,
              const char *what) {
  for (const struct iocb_field *f = iocb_fields; f->name != NULL; f++)
    if (strcmp(f->name, field) == 0) {
      f->set(L, obj, val, what);
      return;
    }
  luaL_error(L, "iocb has no field '%s' to set", field);
}

/* A number may have gone to another file: only objects are asked again. */
void iocb_refresh(lua_State *L, int idx) {
  struct iocb_object *io = lua_touserdata(L, idx);
  struct request *r = &io->request;
  lua_getiuservalue(L, idx, IOCB_FD);
  if (foreign(L, -1, r->file) && !lua_isnil(L, -1))
    r->iocb.aio_fildes = (uint32_t)api_fd(L, -1, "fd", NULL);
  lua_getiuservalue(L, idx, IOCB_EVENTFD);
  if (foreign(L, -1, r->eventfd) && !lua_isnil(L, -1))
    r->iocb.aio_resfd = (uint32_t)api_fd(L, -1, "eventfd", NULL);
  lua_pop(L, 2);
}

void fields_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__tostring", address_tostring},
                                  {NULL, NULL}};
  static const luaL_Reg none[] = {{NULL, NULL}};
  api_register(
      L, &address_type,
      &(struct api_methods){.methods = none, .getters = none, .meta = meta});
  push_address(L, MEMORY_NULL);
  lua_setfield(L, -2, "null");
  push_address(L, MEMORY_WILD);
  lua_setfield(L, -2, "wild");
}
