/* POSIX AIO as glibc has it, `posix = require "aio.posix"`: its requests, their
 * fields, and the calls. */
#include "binding/posix.h"

#include <string.h>

#include "binding/buffer.h"
#include "binding/iocb.h"

const struct api_type aiocb_type = {.name = "aiocb",
                                    .size = sizeof(struct aiocb_object)};

/* ---- checks ---- */

struct posix_request *aiocb_check(lua_State *L, int idx) {
  struct aiocb_object *a = api_check(L, idx, &aiocb_type);
  posix_check_process(L);
  if (a->request == NULL)
    luaL_error(L, "aiocb is closed");
  return a->request;
}

struct posix_request *aiocb_idle(lua_State *L, int idx) {
  struct posix_request *r = aiocb_check(L, idx);
  if (posix_unfinished(r))
    luaL_error(L, "aiocb is in flight until aio_error says that it is "
                  "finished");
  return r;
}

void aiocb_text(const struct posix_request *r, int op, char *text,
                size_t size) {
  struct posix_request copy = *r;
  struct request_fault ignored;
  posix_valid(&copy, op, &ignored);
  iocb_text(&copy.what.iocb, text, size);
}

/* ---- foreign descriptors ---- */

enum { ANCHORS_AT_FIRST = 32 };

/* The registry's table of aiocbs in flight over somebody else's objects, which
 * must not be collected and close their descriptors meanwhile. [0] is how many
 * there may be before those that have ended are let go. */
static void push_anchors(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &aiocb_type) == LUA_TTABLE)
    return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &aiocb_type);
}

/* Lets those go that have ended; how many are left. The table is on top. */
static lua_Integer sweep_anchors(lua_State *L) {
  lua_Integer left = 0;
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    const struct aiocb_object *a = api_test(L, -1, &aiocb_type);
    lua_pop(L, 1);
    if (a == NULL)
      continue;
    if (a->request != NULL && posix_unfinished(a->request)) {
      left++;
      continue;
    }
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, -4);
  }
  return left;
}

static void anchor(lua_State *L, int idx) {
  push_anchors(L);
  lua_rawgeti(L, -1, 0);
  lua_Integer room = lua_tointeger(L, -1);
  lua_pop(L, 1);
  if (room <= 0)
    room = sweep_anchors(L) + ANCHORS_AT_FIRST;
  lua_pushinteger(L, room - 1);
  lua_rawseti(L, -2, 0);
  lua_pushvalue(L, idx);
  lua_rawsetp(L, -2, lua_touserdata(L, idx));
  lua_pop(L, 1);
}

void aiocb_refresh(lua_State *L, int idx) {
  struct aiocb_object *a = lua_touserdata(L, idx);
  if (!a->by_name)
    return;
  lua_getiuservalue(L, idx, AIOCB_FD);
  int fd = api_fd(L, -1, "fd", NULL);
  lua_pop(L, 1);
  aiocb_idle(L, idx)->cb.aio_fildes = fd;
  anchor(L, idx);
}

/* ---- fields: set ---- */

/* Each takes the aiocb at obj, the value at val (nil: its default) and how
 * errors name it. It converts first, then changes. */

static void keep(lua_State *L, int obj, int val, int slot) {
  lua_pushvalue(L, val);
  lua_setiuservalue(L, obj, slot);
}

static void set_fd(lua_State *L, int obj, int val, const char *what) {
  struct desc *d = NULL;
  int fd = lua_isnoneornil(L, val) ? -1 : api_fd(L, val, what, &d);
  struct posix_request *r = aiocb_idle(L, obj);
  if (d != NULL)
    desc_ref(d);
  desc_unref(r->what.file);
  r->what.file = d;
  r->cb.aio_fildes = fd;
  keep(L, obj, val, AIOCB_FD);
  struct aiocb_object *a = lua_touserdata(L, obj);
  a->by_name =
      d == NULL && !lua_isnoneornil(L, val) && lua_type(L, val) != LUA_TNUMBER;
}

static void set_memory(struct posix_request *r, enum request_memory memory) {
  request_forget_memory(&r->what);
  r->what.memory = memory;
}

static void set_buf(lua_State *L, int obj, int val, const char *what) {
  enum request_memory memory = MEMORY_NONE;
  if (lua_isnoneornil(L, val) || iocb_address(L, val, &memory)) {
    set_memory(aiocb_idle(L, obj), memory);
  } else {
    const struct buffer *b = buffer_check(L, val, what);
    struct posix_request *r = aiocb_idle(L, obj);
    mem_ref(b->mem);
    set_memory(r, MEMORY_BLOCK);
    r->what.mem = b->mem;
    r->what.off = b->off;
    r->what.len = b->len;
  }
  keep(L, obj, val, AIOCB_BUF);
}

static void set_nbytes(lua_State *L, int obj, int val, const char *what) {
  lua_Integer n = lua_isnoneornil(L, val) ? 0 : api_bytes(L, val, what);
  aiocb_idle(L, obj)->cb.aio_nbytes = (size_t)n;
}

static void set_offset(lua_State *L, int obj, int val, const char *what) {
  lua_Integer n = lua_isnoneornil(L, val) ? 0 : api_bytes(L, val, what);
  aiocb_idle(L, obj)->cb.aio_offset = n;
}

/* A C int; nil: 0. */
static int int_or_zero(lua_State *L, int val, const char *what) {
  if (lua_isnoneornil(L, val))
    return 0;
  return (int)api_int(L, val, what, INT32_MIN, INT32_MAX);
}

static void set_reqprio(lua_State *L, int obj, int val, const char *what) {
  int n = int_or_zero(L, val, what);
  aiocb_idle(L, obj)->cb.aio_reqprio = n;
}

static int opcode_by_name(lua_State *L, int val, const char *what) {
  const char *name = api_cstring(L, val, what);
  if (strcmp(name, "read") == 0)
    return LIO_READ;
  if (strcmp(name, "write") == 0)
    return LIO_WRITE;
  if (strcmp(name, "nop") != 0)
    api_bad(L, val, what,
            "\"read\", \"write\" or \"nop\" expected, got '%.40s'", name);
  return LIO_NOP;
}

static void set_lio_opcode(lua_State *L, int obj, int val, const char *what) {
  int op = lua_type(L, val) == LUA_TSTRING ? opcode_by_name(L, val, what)
                                           : int_or_zero(L, val, what);
  aiocb_idle(L, obj)->cb.aio_lio_opcode = op;
}

static void set_sigevent(lua_State *L, int obj, int val, const char *what) {
  (void)what;
  notice_push(L, val, obj);
  aiocb_idle(L, obj);
  lua_setiuservalue(L, obj, AIOCB_SIGEVENT);
}

static void set_data(lua_State *L, int obj, int val, const char *what) {
  (void)what;
  aiocb_idle(L, obj);
  keep(L, obj, val, AIOCB_DATA);
}

/**
 * cb.fd, cb.buf, cb.nbytes, cb.offset, cb.reqprio, cb.lio_opcode
 * cb.sigevent, cb.data
 *
 * The fields of struct aiocb, to read and, unless it is in flight, to set; also
 * under their names in C: aio_fildes, aio_buf, aio_nbytes, aio_offset,
 * aio_reqprio, aio_lio_opcode, aio_sigevent. lio_opcode is "read", "write",
 * "nop" or a number, and counts in posix.listio only; glibc sets it to what the
 * request was. data is any Lua value, and C does not have it.
 * Errors: raises for an unknown field or value, and while it is in flight.
 * Example: cb.offset = 4096
 * See: aio(7)
 */
static const struct field {
  const char *name, *c_name;
  void (*set)(lua_State *L, int obj, int val, const char *what);
} fields[] = {{"fd", "aio_fildes", set_fd},
              {"buf", "aio_buf", set_buf},
              {"nbytes", "aio_nbytes", set_nbytes},
              {"offset", "aio_offset", set_offset},
              {"reqprio", "aio_reqprio", set_reqprio},
              {"lio_opcode", "aio_lio_opcode", set_lio_opcode},
              {"sigevent", "aio_sigevent", set_sigevent},
              {"data", "data", set_data}};
enum { FIELDS = sizeof fields / sizeof *fields };

static const struct field *find_field(const char *name) {
  for (int i = 0; i < FIELDS; i++)
    if (strcmp(fields[i].name, name) == 0 ||
        strcmp(fields[i].c_name, name) == 0)
      return &fields[i];
  return NULL;
}

static int aiocb_newindex(lua_State *L) {
  aiocb_check(L, 1);
  size_t len;
  const char *name = luaL_tolstring(L, 2, &len);
  const struct field *f = find_field(name);
  if (lua_type(L, 2) != LUA_TSTRING || strlen(name) != len || f == NULL)
    return luaL_error(L, "aiocb has no field '%s' to set", name);
  f->set(L, 1, 3, name);
  return 0;
}

/* ---- fields: get ---- */

static int push_value(lua_State *L, int slot) {
  aiocb_check(L, 1);
  lua_getiuservalue(L, 1, slot);
  return 1;
}

static int push_integer(lua_State *L, lua_Integer n) {
  lua_pushinteger(L, n);
  return 1;
}

static int get_fd(lua_State *L) {
  return push_value(L, AIOCB_FD);
}

static int get_buf(lua_State *L) {
  return push_value(L, AIOCB_BUF);
}

static int get_nbytes(lua_State *L) {
  return push_integer(L, (lua_Integer)aiocb_check(L, 1)->cb.aio_nbytes);
}

static int get_offset(lua_State *L) {
  return push_integer(L, aiocb_check(L, 1)->cb.aio_offset);
}

static int get_reqprio(lua_State *L) {
  return push_integer(L, aiocb_check(L, 1)->cb.aio_reqprio);
}

static int get_lio_opcode(lua_State *L) {
  return push_integer(L, aiocb_check(L, 1)->cb.aio_lio_opcode);
}

/* A struct is there also where nobody has set it. */
static int get_sigevent(lua_State *L) {
  push_value(L, AIOCB_SIGEVENT);
  if (!lua_isnil(L, -1))
    return 1;
  notice_push(L, lua_gettop(L), 1);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, AIOCB_SIGEVENT);
  return 1;
}

static int get_data(lua_State *L) {
  return push_value(L, AIOCB_DATA);
}

/**
 * cb.inflight -> boolean
 *
 * Whether the request was accepted and is not finished yet, as aio_error says.
 */
static int get_inflight(lua_State *L) {
  lua_pushboolean(L, posix_unfinished(aiocb_check(L, 1)));
  return 1;
}

/**
 * cb.submissions -> integer
 *
 * How often the request was accepted.
 */
static int get_submissions(lua_State *L) {
  return push_integer(L, (lua_Integer)aiocb_check(L, 1)->submissions);
}

/* ---- life ---- */

/* All of the memory, unless nbytes was given. */
static void default_nbytes(lua_State *L, int obj) {
  struct posix_request *r = aiocb_idle(L, obj);
  if (r->what.memory == MEMORY_BLOCK)
    r->cb.aio_nbytes = r->what.len;
}

/* Sets one field from the table at idx; whether it was there. */
static bool apply_field(lua_State *L, int obj, int idx, const struct field *f) {
  const char *names[] = {f->name, f->c_name};
  bool given = false;
  for (int i = 0; i < 2 && !given; i++) {
    lua_pushstring(L, names[i]);
    given = lua_rawget(L, idx) != LUA_TNIL;
    if (given)
      f->set(L, obj, lua_gettop(L), names[i]);
    lua_settop(L, obj);
  }
  return given;
}

static void apply_fields(lua_State *L, int obj, int idx) {
  const char *known[2 * FIELDS + 1];
  for (int i = 0; i < FIELDS; i++) {
    known[2 * i] = fields[i].name;
    known[2 * i + 1] = fields[i].c_name;
  }
  known[2 * FIELDS] = NULL;
  api_knownkeys(L, idx, known);
  bool sized = false;
  for (int i = 0; i < FIELDS; i++)
    sized =
        (apply_field(L, obj, idx, &fields[i]) && fields[i].set == set_nbytes) ||
        sized;
  if (!sized)
    default_nbytes(L, obj);
}

/**
 * posix.aiocb{fd=, buf=, nbytes=, offset=, reqprio=, sigevent=, ...} -> aiocb
 *
 * A request for POSIX AIO: fd, buf, nbytes (default: the size of buf), offset
 * (0), reqprio (0), lio_opcode ("read"), sigevent (none), data; also under
 * their names in C. fd is a file, an io file, a number or any object with
 * pollfd(); buf is a buffer, a slice, aio.null or aio.wild. For sigevent see
 * posix.sigevent.
 * Errors: raises for an unknown field or a bad value.
 * Example: cb = posix.aiocb{fd=f, buf=buf, offset=4096}
 * See: aio(7)
 */
int aiocb_new(lua_State *L) {
  posix_check_process(L);
  if (!lua_isnoneornil(L, 1))
    luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  posix_sweep();
  struct aiocb_object *a = api_new(L, &aiocb_type, AIOCB_VALUES);
  a->request = posix_new();
  if (a->request == NULL)
    return luaL_error(L, "not enough memory");
  if (!lua_isnil(L, 1))
    apply_fields(L, 2, 1);
  return 1;
}

/* Nobody keeps somebody else's object open from now on: what waits in the
 * queue must not meet whatever gets its number next. */
static void forsake(struct posix_request *r) {
  if (posix_unfinished(r) && !posix_inherited())
    posix_cancel(r->cb.aio_fildes, r);
}

/**
 * cb:close()
 *
 * Lets go of file, buffer and data. A request in flight goes on: what it uses
 * is kept in C until it ends. But one over an io file, or another object that
 * is not ours, is canceled where it waits in the queue. Closing twice is
 * harmless.
 */
static int aiocb_close(lua_State *L) {
  struct aiocb_object *a = api_check(L, 1, &aiocb_type);
  if (a->request == NULL)
    return 0;
  struct posix_request *r = a->request;
  a->request = NULL;
  if (a->by_name)
    forsake(r);
  posix_let_go(r);
  posix_sweep();
  for (int i = 1; i <= AIOCB_VALUES; i++) {
    lua_pushnil(L);
    lua_setiuservalue(L, 1, i);
  }
  return 0;
}

static int aiocb_tostring(lua_State *L) {
  const struct aiocb_object *a = api_check(L, 1, &aiocb_type);
  struct posix_request *r = a->request;
  char text[96];
  if (r == NULL) {
    lua_pushliteral(L, "aiocb (closed)");
    return 1;
  }
  aiocb_text(r, r->cb.aio_lio_opcode, text, sizeof text);
  lua_pushfstring(L, "aiocb (%s%s)", text,
                  posix_unfinished(r) ? ", in flight" : "");
  return 1;
}

/* ---- registration ---- */

static const luaL_Reg methods[] = {{"close", aiocb_close}, {NULL, NULL}};

static const luaL_Reg getters[] = {{"fd", get_fd},
                                   {"aio_fildes", get_fd},
                                   {"buf", get_buf},
                                   {"aio_buf", get_buf},
                                   {"nbytes", get_nbytes},
                                   {"aio_nbytes", get_nbytes},
                                   {"offset", get_offset},
                                   {"aio_offset", get_offset},
                                   {"reqprio", get_reqprio},
                                   {"aio_reqprio", get_reqprio},
                                   {"lio_opcode", get_lio_opcode},
                                   {"aio_lio_opcode", get_lio_opcode},
                                   {"sigevent", get_sigevent},
                                   {"aio_sigevent", get_sigevent},
                                   {"data", get_data},
                                   {"inflight", get_inflight},
                                   {"submissions", get_submissions},
                                   {NULL, NULL}};

static const luaL_Reg meta[] = {{"__gc", aiocb_close},
                                {"__close", aiocb_close},
                                {"__newindex", aiocb_newindex},
                                {"__tostring", aiocb_tostring},
                                {NULL, NULL}};

void aiocb_open(lua_State *L) {
  api_register(L, &aiocb_type,
               &(struct api_methods){.methods = methods,
                                     .more = {posix_methods},
                                     .getters = getters,
                                     .meta = meta});
}
