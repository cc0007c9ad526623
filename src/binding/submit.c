/* ctx:submit: what was given becomes a batch, the batch is gathered, and the
 * kernel takes some or all of it. */
#include "binding/context.h"
#include "binding/words.h"

#include "core/cause.h"

/* ---- gather ---- */

/* What submit was given: iocbs as arguments from 2 on, or a list at 2. */
struct batch {
  int list; /* stack index, or 0: arguments */
  lua_Integer first;
  unsigned n;
  long nr; /* as asked, for the kernel when n is 0 */
};

static void read_list(lua_State *L, struct batch *b) {
  lua_Integer len = (lua_Integer)lua_rawlen(L, 2);
  b->list = 2;
  b->first = lua_isnoneornil(L, 4) ? 1 : api_int(L, 4, NULL, 1, INT32_MAX);
  lua_Integer most = len - b->first + 1;
  b->nr = lua_isnoneornil(L, 3) ? (most > 0 ? most : 0)
                                : api_int(L, 3, NULL, INT32_MIN, INT32_MAX);
  if (b->nr > 0 && b->nr > most)
    api_bad(L, 3, NULL, "%d iocbs from %d on, but the list has %d", (int)b->nr,
            (int)b->first, (int)len);
  b->n = b->nr > 0 ? (unsigned)b->nr : 0;
}

static void read_batch(lua_State *L, struct batch *b) {
  if (lua_istable(L, 2)) {
    read_list(L, b);
    return;
  }
  b->list = 0;
  b->first = 1;
  b->n = (unsigned)(lua_gettop(L) - 1);
  b->nr = b->n;
}

/* Pushes the i-th (from 0). */
static void push_nth(lua_State *L, const struct batch *b, unsigned i) {
  if (b->list != 0)
    lua_rawgeti(L, b->list, b->first + i);
  else
    lua_pushvalue(L, 2 + (int)i);
}

/* Raises for the i-th, in words of how it was given. */
static int bad_nth(lua_State *L, const struct batch *b, unsigned i,
                   const char *fmt, const char *a, const char *z) {
  const char *text = lua_pushfstring(L, fmt, a, z);
  if (b->list == 0)
    return api_bad(L, 2 + (int)i, NULL, "%s", text);
  return api_bad(L, 2, NULL, "[%d]: %s", (int)b->first + (int)i, text);
}

/* Asks foreign objects for their numbers: may run Lua. */
static void refresh_all(lua_State *L, const struct batch *b) {
  for (unsigned i = 0; i < b->n; i++) {
    push_nth(L, b, i);
    struct iocb_object *io = api_test(L, -1, &iocb_type);
    if (io != NULL && io->by_name)
      iocb_refresh(L, lua_gettop(L));
    lua_pop(L, 1);
  }
}

/* The array of iocbs covers all slots, so that setting an element while the
 * kernel has requests never allocates. */
static void fill_array(lua_State *L, const struct context *c, int iocbs) {
  for (lua_Unsigned i = lua_rawlen(L, iocbs); i < c->slots; i++) {
    lua_pushboolean(L, 0);
    lua_rawseti(L, iocbs, (lua_Integer)i + 1);
  }
}

static void clear_nth(lua_State *L, int iocbs, const struct request *r) {
  lua_pushboolean(L, 0);
  lua_rawseti(L, iocbs, (lua_Integer)r->slot + 1);
}

/* Undoes what was gathered, in reverse. */
static void scatter(lua_State *L, struct context *c, int iocbs) {
  for (unsigned i = c->gathered; i-- > 0;)
    clear_nth(L, iocbs, c->asked[i]);
  context_scatter(c);
}

enum gathered { GATHERED, FAULTY, BUSY, CLOSED, STRANGER, STALE };

/* Gathers the iocb on top, and pops it when that was done. Never raises. */
static enum gathered gather_one(lua_State *L, struct context *c, int iocbs,
                                bool fresh, struct request_fault *fault) {
  struct iocb_object *io = api_test(L, -1, &iocb_type);
  if (io == NULL || !io->open)
    return io == NULL ? STRANGER : CLOSED;
  if (io->by_name && !fresh)
    return STALE;
  if (!request_valid(&io->request, fault))
    return FAULTY;
  if (context_gather(c, &io->request) != 0)
    return BUSY;
  lua_rawseti(L, iocbs, (lua_Integer)io->request.slot + 1);
  return GATHERED;
}

/* Whether the i-th, which is on top, is one of those before it, too. */
static bool given_twice(lua_State *L, const struct batch *b, unsigned i) {
  bool found = false;
  for (unsigned j = 0; j < i && !found; j++) {
    push_nth(L, b, j);
    found = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
  }
  return found;
}

/* Raises for the i-th, which is on top. */
static void refuse(lua_State *L, const struct batch *b, unsigned i,
                   enum gathered why, const struct request_fault *fault) {
  switch (why) {
  case STRANGER:
    bad_nth(L, b, i, "%s expected, got %s", "iocb", api_typename(L, -1));
    break;
  case CLOSED:
    bad_nth(L, b, i, "the iocb is %s%s", "closed", "");
    break;
  case BUSY:
    bad_nth(L, b, i, "the iocb is in flight already%s (%s makes another)",
            given_twice(L, b, i) ? ": it is given twice" : "", "iocb:copy()");
    break;
  default:
    bad_nth(L, b, i, "%s: %s", fault->field, fault->text);
  }
}

/* All or none; raises for the first that can't be. False: some object's
 * number has to be asked for first. */
static bool gather(lua_State *L, struct context *c, const struct batch *b,
                   int iocbs, bool fresh) {
  struct request_fault fault;
  for (unsigned i = 0; i < b->n; i++) {
    push_nth(L, b, i);
    enum gathered g = gather_one(L, c, iocbs, fresh, &fault);
    if (g == GATHERED)
      continue;
    scatter(L, c, iocbs);
    if (g == STALE)
      return false;
    refuse(L, b, i, g, &fault);
  }
  return true;
}

/* The context with room for the batch; may collect. */
static struct context *make_room(lua_State *L, const struct context_object *o,
                                 const struct batch *b, int iocbs) {
  struct context *c = context_live(L, o);
  if (context_reserve(c, b->n) != 0)
    luaL_error(L, "not enough memory");
  fill_array(L, c, iocbs);
  return c;
}

/* ---- submit ---- */

bool context_push_refusal(lua_State *L, const struct submission *s,
                          unsigned nr_events) {
  struct refused r = {.iocb = &s->refused,
                      .bytes = s->refused_bytes,
                      .flags = s->flags,
                      .inflight = s->inflight,
                      .nr_events = nr_events};
  char why[256];
  api_pushflags(L, (unsigned)r.iocb->aio_rw_flags, rw_flags);
  r.rw_flags = lua_tostring(L, -1);
  bool told = cause_of_refusal(&r, -s->taken, why, sizeof why);
  lua_pop(L, 1);
  lua_pushstring(L, why);
  return told;
}

static int fail_submit(lua_State *L, const struct context *c,
                       const struct batch *b, int err) {
  if (b->n == 0)
    return api_fail(
        L, "io_submit", err,
        b->nr < 0 ? lua_pushfstring(L, "count is negative (%d)", (int)b->nr)
                  : NULL);
  char text[96];
  struct submission s = c->last;
  context_push_refusal(L, &s, c->nr_events);
  const char *why = lua_tostring(L, -1);
  iocb_text(&s.refused, text, sizeof text);
  const char *cause = lua_pushfstring(
      L, "request %d of %d: %s%s%s", (int)b->first,
      (int)b->first + (int)b->n - 1, text, why[0] != '\0' ? ": " : "", why);
  api_fail(L, "io_submit", err, cause);
  lua_pushvalue(L, 1);
  api_failure(L, -1);
  lua_pop(L, 1);
  return 3;
}

/* What the kernel did not take leaves the array; the first of them is where
 * it stopped. */
static void clear_refused(lua_State *L, struct context_object *o,
                          const struct batch *b, unsigned taken, int iocbs) {
  const struct context *c = o->context;
  if (taken == b->n && !o->stopped)
    return;
  o->stopped = taken < b->n;
  if (o->stopped)
    lua_rawgeti(L, iocbs, (lua_Integer)c->asked[taken]->slot + 1);
  else
    lua_pushnil(L);
  lua_setiuservalue(L, 1, CONTEXT_REFUSED);
  for (unsigned i = taken; i < b->n; i++)
    clear_nth(L, iocbs, c->asked[i]);
}

/**
 * ctx:submit(iocb, ...) -> n | nil, message, errno
 * ctx:submit(list [, count [, first]]) -> n | nil, message, errno
 *
 * Hands requests to the kernel in one io_submit and returns how many it took.
 * It stops early at a request that the kernel refuses, or when the ring is
 * full. A refusal is told only when it is about the first request: submit the
 * rest to learn it. Each request taken gives one event.
 * Errors: EAGAIN: the ring is full. EBADF, EINVAL, EFAULT, EOPNOTSUPP: about
 * the first request. Raises, and submits nothing, for an iocb that is in
 * flight or given twice, a closed object, a range outside its buffer.
 * Example: n = ctx:submit(aio.pread(f, buf), aio.pread(f, other, 512, 4096))
 * See: io_submit(2)
 */
int context_submit_method(lua_State *L) {
  struct batch b;
  struct context_object *o = api_check(L, 1, &context_type);
  read_batch(L, &b);
  context_push_iocbs(L);
  int iocbs = lua_gettop(L);
  struct context *c = make_room(L, o, &b, iocbs);
  if (!gather(L, c, &b, iocbs, false)) {
    refresh_all(L, &b);
    c = make_room(L, o, &b, iocbs);
    gather(L, c, &b, iocbs, true);
  }
  int res = context_submit(c, b.nr);
  clear_refused(L, o, &b, res > 0 ? (unsigned)res : 0, iocbs);
  if (res < 0)
    return api_told(L, fail_submit(L, c, &b, -res));
  lua_pushinteger(L, res);
  return api_told(L, 1);
}
