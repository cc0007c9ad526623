/* iocbs from arguments: aio.pread(...), aio.pread{...}, iocb:pread(...), and
 * the same for every other operation. */
#include "binding/iocb.h"

#include <string.h>

#include "core/kaio.h"

/* The default of nbytes: all of the memory. */
static void whole_memory(lua_State *L, int obj, int arg) {
  struct request *r = &iocb_idle(L, obj)->request;
  if (r->memory == MEMORY_BLOCK)
    r->iocb.aio_nbytes = r->len;
  else if (r->memory == MEMORY_SEGS)
    r->iocb.aio_nbytes = r->segs->n;
  else if (r->memory != MEMORY_NONE)
    api_bad(L, arg, NULL,
            "nbytes is needed: aio.null and aio.wild have no "
            "size");
}

/* Applies the table of fields at idx to the iocb at obj. */
static void apply_fields(lua_State *L, int obj, int idx, bool any_opcode) {
  static const char *const names[] = {
      "opcode",  "fd",       "buf",   "bufs",      "events",
      "nbytes",  "offset",   "data",  "rw_flags",  "reqprio",
      "eventfd", "callback", "flags", "reserved2", NULL};
  api_knownkeys(L, idx, any_opcode ? names : names + 1);
  bool sized = false;
  for (const struct iocb_field *f = iocb_fields; f->name != NULL; f++) {
    lua_pushstring(L, f->name);
    if (lua_rawget(L, idx) != LUA_TNIL) {
      f->set(L, obj, lua_gettop(L), f->name);
      sized = sized || strcmp(f->name, "nbytes") == 0;
    }
    lua_settop(L, obj);
  }
  if (!sized)
    whole_memory(L, obj, idx);
}

/* ---- positional forms ---- */

/* nil is no descriptor, but what a failed aio.open returned. */
static void descriptor(lua_State *L, int obj, int arg) {
  if (lua_isnoneornil(L, arg))
    api_badtype(L, arg, NULL, "something with a descriptor");
  iocb_set(L, obj, arg, "fd", NULL);
}

/* fd, buf, nbytes, offset: the order of io_prep_pread. */
static void plain(lua_State *L, int obj, int arg) {
  descriptor(L, obj, arg);
  if (lua_istable(L, arg + 1) || lua_isnoneornil(L, arg + 1))
    api_badtype(L, arg + 1, NULL, "buffer");
  iocb_set(L, obj, arg + 1, "buf", NULL);
  if (lua_isnoneornil(L, arg + 2))
    whole_memory(L, obj, arg + 1);
  else
    iocb_set(L, obj, arg + 2, "nbytes", NULL);
  iocb_set(L, obj, arg + 3, "offset", NULL);
}

/* fd, list, offset, rw_flags. */
static void vector(lua_State *L, int obj, int arg) {
  descriptor(L, obj, arg);
  if (!lua_istable(L, arg + 1))
    api_badtype(L, arg + 1, NULL, "list of buffers");
  iocb_set(L, obj, arg + 1, "bufs", NULL);
  whole_memory(L, obj, arg + 1);
  iocb_set(L, obj, arg + 2, "offset", NULL);
  iocb_set(L, obj, arg + 3, "rw_flags", NULL);
}

static void file_only(lua_State *L, int obj, int arg) {
  descriptor(L, obj, arg);
}

static void poll_for(lua_State *L, int obj, int arg) {
  descriptor(L, obj, arg);
  if (lua_isnoneornil(L, arg + 1))
    api_badtype(L, arg + 1, NULL, "events (\"in,out\" or a number)");
  iocb_set(L, obj, arg + 1, "events", NULL);
}

static void nothing(lua_State *L, int obj, int arg) {
  (void)L;
  (void)obj;
  (void)arg;
}

typedef void (*positional)(lua_State *L, int obj, int arg);

/* ---- one function for all forms ---- */

/* A table of fields, and not an object that happens to be a table. */
static bool named_form(lua_State *L, int arg) {
  if (!lua_istable(L, arg) || !lua_isnone(L, arg + 1))
    return false;
  lua_pushliteral(L, "pollfd");
  bool object = lua_rawget(L, arg) != LUA_TNIL ||
                luaL_getmetafield(L, arg, "__index") != LUA_TNIL;
  lua_settop(L, arg);
  return !object;
}

/* data, callback and eventfd stay with an iocb that is prepared anew: the
 * fresh one at obj takes over what it was not given. */
static void inherit(lua_State *L, int obj) {
  struct request *to = &iocb_idle(L, obj)->request;
  const struct request *from = &iocb_idle(L, 1)->request;
  lua_getiuservalue(L, obj, IOCB_EVENTFD);
  if (lua_isnil(L, -1)) {
    to->iocb.aio_flags |= from->iocb.aio_flags & IOCB_FLAG_RESFD;
    to->iocb.aio_resfd = from->iocb.aio_resfd;
    to->eventfd = from->eventfd;
    if (to->eventfd != NULL)
      desc_ref(to->eventfd);
  }
  static const int kept[] = {IOCB_DATA, IOCB_CALLBACK, IOCB_EVENTFD};
  iocb_idle(L, obj)->has_data |= iocb_idle(L, 1)->has_data;
  for (int i = 0; i < 3; i++) {
    lua_getiuservalue(L, obj, kept[i]);
    lua_getiuservalue(L, lua_isnil(L, -1) ? 1 : obj, kept[i]);
    lua_setiuservalue(L, obj, kept[i]);
    lua_settop(L, obj);
  }
}

/* The iocb at 1 and the fresh one at obj change places. Nothing in here can
 * fail, so the old one is whole until it is the new one. */
static void change_places(lua_State *L, int obj) {
  struct iocb_object *a = iocb_idle(L, 1), *b = lua_touserdata(L, obj);
  struct request r = a->request;
  a->request = b->request;
  b->request = r;
  bool by_name = a->by_name;
  a->by_name = b->by_name || by_name;
  b->by_name = by_name;
  bool has_data = a->has_data;
  a->has_data = b->has_data;
  b->has_data = has_data;
  for (int i = 1; i <= IOCB_VALUES; i++) {
    lua_getiuservalue(L, obj, i);
    lua_getiuservalue(L, 1, i);
    lua_setiuservalue(L, obj, i);
    lua_setiuservalue(L, 1, i);
  }
}

static int prepare(lua_State *L, unsigned opcode, positional fill) {
  bool again = api_test(L, 1, &iocb_type) != NULL;
  int arg = again ? 2 : 1;
  if (again)
    iocb_idle(L, 1);
  bool named = named_form(L, arg);
  lua_settop(L, arg + 3);
  iocb_push(L, opcode);
  int obj = lua_gettop(L);
  if (named)
    apply_fields(L, obj, arg, false);
  else
    fill(L, obj, arg);
  if (!again)
    return 1;
  inherit(L, obj);
  change_places(L, obj);
  lua_settop(L, 1);
  return 1;
}

/**
 * aio.pread(fd, buf [, nbytes [, offset]]) -> iocb
 * aio.pread{fd=, buf=, nbytes=, offset=, ...} -> iocb
 * iocb:pread(...) -> iocb
 *
 * A request to read nbytes (default: the size of buf) of fd at offset
 * (default 0) into buf. fd is a file, an io file, a number or any object with
 * pollfd(). The argument order is io_prep_pread's. The named form also takes
 * data, eventfd, callback, rw_flags and reqprio. As a method it prepares the
 * same iocb anew: data, callback and eventfd stay, rw_flags and reqprio are
 * cleared.
 * Errors: raises for bad arguments, and while the iocb is in flight.
 * Example: cb = aio.pread(f, buf, 4096, 0)
 * See: io_prep_pread(3), io_submit(2)
 */
static int op_pread(lua_State *L) {
  return prepare(L, IOCB_CMD_PREAD, plain);
}

/**
 * aio.pwrite(fd, buf [, nbytes [, offset]]) -> iocb
 * aio.pwrite{...} -> iocb
 * iocb:pwrite(...) -> iocb
 *
 * A request to write; arguments as for aio.pread. Until its event was
 * delivered the bytes are in flight, and changing them raises an error.
 * See: io_prep_pwrite(3), io_submit(2)
 */
static int op_pwrite(lua_State *L) {
  return prepare(L, IOCB_CMD_PWRITE, plain);
}

/**
 * aio.preadv(fd, {buf, ...} [, offset [, rw_flags]]) -> iocb
 * aio.preadv{fd=, bufs=, offset=, ...} -> iocb
 * iocb:preadv(...) -> iocb
 *
 * A request to read into several buffers or slices, one after the other. Its
 * nbytes is the number of segments, as the kernel has it.
 * Example: cb = aio.preadv(f, {buf:slice(0, 512), other}, 4096)
 * See: io_prep_preadv(3), preadv2(2)
 */
static int op_preadv(lua_State *L) {
  return prepare(L, KAIO_CMD_PREADV, vector);
}

/**
 * aio.pwritev(fd, {buf, ...} [, offset [, rw_flags]]) -> iocb
 * aio.pwritev{fd=, bufs=, offset=, ...} -> iocb
 * iocb:pwritev(...) -> iocb
 *
 * A request to write from several buffers or slices, one after the other.
 * See: io_prep_pwritev(3), pwritev2(2)
 */
static int op_pwritev(lua_State *L) {
  return prepare(L, KAIO_CMD_PWRITEV, vector);
}

/**
 * aio.fsync(fd) -> iocb
 * iocb:fsync(fd) -> iocb
 *
 * A request to flush data and metadata of fd. It is not ordered after writes
 * in flight: reap those first.
 * See: io_prep_fsync(3), fsync(2)
 */
static int op_fsync(lua_State *L) {
  return prepare(L, IOCB_CMD_FSYNC, file_only);
}

/**
 * aio.fdsync(fd) -> iocb
 * iocb:fdsync(fd) -> iocb
 *
 * As aio.fsync, but for data only.
 * See: io_prep_fdsync(3), fdatasync(2)
 */
static int op_fdsync(lua_State *L) {
  return prepare(L, IOCB_CMD_FDSYNC, file_only);
}

/**
 * aio.poll(fd, events) -> iocb
 * iocb:poll(fd, events) -> iocb
 *
 * A request that completes once when fd is ready for events ("in,out", or a
 * number). The event's res is the mask, revents its names. The one request
 * that ctx:cancel can stop.
 * Example: ctx:submit(aio.poll(r, "in"))
 * See: io_prep_poll(3), poll(2), io_submit(2)
 */
static int op_poll(lua_State *L) {
  return prepare(L, KAIO_CMD_POLL, poll_for);
}

/**
 * aio.noop() -> iocb
 * iocb:noop() -> iocb
 *
 * Opcode 6, which is in the kernel's header but not in the kernel: submit
 * answers EINVAL (EBADF while fd is not set).
 */
static int op_noop(lua_State *L) {
  return prepare(L, KAIO_CMD_NOOP, nothing);
}

/**
 * aio.iocb{opcode=, fd=, buf=, bufs=, events=, nbytes=, offset=, ...} -> iocb
 *
 * Any iocb: opcode is a number or a name, every field of aio.pread's named
 * form is allowed, and flags and reserved2. For asking the kernel wrong
 * questions; what would corrupt memory is refused at submit.
 * Example: ctx:submit(aio.iocb{opcode=99, fd=f})
 * See: io_submit(2)
 */
static int op_iocb(lua_State *L) {
  if (!lua_isnoneornil(L, 1) && !lua_istable(L, 1))
    api_badtype(L, 1, NULL, "table");
  lua_settop(L, 1);
  iocb_push(L, IOCB_CMD_PREAD);
  if (!lua_isnil(L, 1))
    apply_fields(L, 2, 1, true);
  return 1;
}

/* ---- registration ---- */

const luaL_Reg iocb_preparers[] = {
    {"pread", op_pread},     {"pwrite", op_pwrite}, {"preadv", op_preadv},
    {"pwritev", op_pwritev}, {"fsync", op_fsync},   {"fdsync", op_fdsync},
    {"poll", op_poll},       {"noop", op_noop},     {NULL, NULL}};

void prepare_open(lua_State *L) {
  luaL_setfuncs(L, iocb_preparers, 0);
  lua_pushcfunction(L, op_iocb);
  lua_setfield(L, -2, "iocb");
}
