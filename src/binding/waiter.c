/* aio.waiter: an epoll instance that keeps the objects it watches. */
#include "binding/api.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>

#include "binding/waitable.h"
#include "binding/words.h"
#include "core/clock.h"
#include "core/epoch.h"
#include "core/poller.h"

/* User values: 1 and 2, what is watched and its data by number + 1 (false and
 * `nothing` where there is none, so that a key that was set once is there for
 * good and setting it again allocates nothing); 3, the one iterator. */
enum { OBJECTS = 1, DATA, STEP };

struct waiter {
  const struct api_type *type;
  struct poller *poller; /* NULL: closed */
};

static struct desc *waiter_desc(void *object) {
  struct waiter *w = object;
  return w->poller != NULL ? w->poller->desc : NULL;
}

static const struct api_type waiter_type = {
    .name = "waiter", .size = sizeof(struct waiter), .desc = waiter_desc};

const struct api_flag waiter_flags[] = {{"in", EPOLLIN},
                                        {"out", EPOLLOUT},
                                        {"pri", EPOLLPRI},
                                        {"err", EPOLLERR},
                                        {"hup", EPOLLHUP},
                                        {"rdhup", EPOLLRDHUP},
                                        {"et", EPOLLET},
                                        {"oneshot", EPOLLONESHOT},
                                        {"wakeup", EPOLLWAKEUP},
                                        {"exclusive", EPOLLEXCLUSIVE},
                                        {NULL, 0}};

/* ---- checks ---- */

static struct poller *to_poller(lua_State *L, struct waiter *w) {
  if (w->poller == NULL)
    api_bad(L, 1, NULL, "the waiter is closed");
  else if (w->poller->epoch != epoch_now())
    api_bad(L, 1, NULL, "the waiter belongs to the parent process");
  return w->poller;
}

static struct poller *check_poller(lua_State *L) {
  return to_poller(L, api_check(L, 1, &waiter_type));
}

static void push_nothing(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&waiter_type);
}

/* debug.setuservalue can put anything there. */
static void push_table(lua_State *L, int idx, int n) {
  if (lua_getiuservalue(L, idx, n) != LUA_TTABLE)
    luaL_error(L, "the waiter has lost what it watches");
}

/* Marks the keys of fd as free; both tables are on the stack. */
static void forget(lua_State *L, int fd) {
  lua_pushboolean(L, 0);
  lua_rawseti(L, -3, (lua_Integer)fd + 1);
  push_nothing(L);
  lua_rawseti(L, -2, (lua_Integer)fd + 1);
}

/* Lets go of objects that were closed while watched. */
static void sweep(lua_State *L, struct poller *p) {
  int fd;
  push_table(L, 1, OBJECTS);
  push_table(L, 1, DATA);
  while ((fd = poller_lost(p)) >= 0)
    forget(L, fd);
  lua_pop(L, 2);
}

/* ---- add, modify, remove ---- */

static const char *cause_of(int err) {
  switch (err) {
  case EBADF:
    return "not an open descriptor";
  case EEXIST:
    return "it is watched already (modify changes it)";
  case ENOENT:
    return "it is not watched";
  case EPERM:
    return "epoll can't watch a regular file or a directory";
  default:
    return NULL;
  }
}

static int answer(lua_State *L, int err) {
  if (err != 0)
    return api_fail(L, "epoll_ctl", -err, cause_of(-err));
  lua_settop(L, 1);
  return 1;
}

/* Makes the keys, and leaves both tables on the stack. */
static void reserve_keys(lua_State *L, int fd) {
  push_table(L, 1, OBJECTS);
  push_table(L, 1, DATA);
  if (lua_rawgeti(L, -2, (lua_Integer)fd + 1) == LUA_TNIL) {
    lua_pop(L, 1);
    forget(L, fd);
  } else
    lua_pop(L, 1);
}

static void push_data(lua_State *L, int idx) {
  if (lua_isnoneornil(L, idx))
    push_nothing(L);
  else
    lua_pushvalue(L, idx);
}

/**
 * w:add(obj [, events [, data]]) -> waiter
 *
 * Watches anything that has a descriptor: one of our objects (a context: its
 * eventfd), an io file, a number, or an object with a method pollfd(). The
 * events are "in" (the default), "out", "pri", "rdhup"; err and hup are always
 * reported; "et" (edge-triggered), "oneshot", "exclusive" and "wakeup" are
 * epoll's, and a number is passed as it is. The waiter keeps obj, and hands it
 * out with data. Closing one of our objects removes it; a number or an io file
 * is removed before it is closed.
 * Returns: the waiter, or nil, message, errno: EEXIST when it is watched
 * already, EPERM for a regular file, EBADF for a number that is not open.
 * Errors: raises for an unknown event, or when something is closed.
 * Example: w:add(efd, "in,et", "completions")
 * See: epoll_ctl(2)
 */
static int waiter_add(lua_State *L) {
  struct waiter *w = api_check(L, 1, &waiter_type);
  struct desc *d;
  unsigned events = EPOLLIN;
  int fd, err;
  to_poller(L, w);
  lua_settop(L, 4);
  if (!lua_isnil(L, 3))
    events = api_flags(L, 3, NULL, waiter_flags);
  fd = api_fd(L, 2, NULL, &d);
  sweep(L, to_poller(L, w));
  err = poller_reserve(w->poller, fd);
  if (err != 0)
    return answer(L, err);
  reserve_keys(L, fd);
  push_data(L, 4);
  if (d != NULL) /* a finalizer may have closed either meanwhile */
    fd = api_fd(L, 2, NULL, &d);
  err = poller_add(to_poller(L, w), fd, d, events);
  if (err != 0)
    return answer(L, err);
  lua_rawseti(L, -2, (lua_Integer)fd + 1);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -3, (lua_Integer)fd + 1);
  return answer(L, 0);
}

/**
 * w:modify(obj [, events [, data]]) -> waiter
 *
 * Changes what obj is watched for, and its data; what is left out stays.
 * Arms a oneshot again.
 * Returns: the waiter, or nil, message, errno: ENOENT when obj is not watched.
 * Errors: raises for an unknown event, or when something is closed.
 * Example: w:modify(efd)
 * See: epoll_ctl(2)
 */
static int waiter_modify(lua_State *L) {
  struct waiter *w = api_check(L, 1, &waiter_type);
  struct entry *e;
  unsigned events;
  int fd, err;
  to_poller(L, w);
  lua_settop(L, 4);
  events = lua_isnil(L, 3) ? 0 : api_flags(L, 3, NULL, waiter_flags);
  fd = api_fd(L, 2, NULL, NULL);
  push_table(L, 1, DATA);
  e = poller_find(to_poller(L, w), fd);
  if (e != NULL && lua_isnil(L, 3))
    events = e->events;
  err = poller_modify(w->poller, fd, events);
  if (err == 0 && !lua_isnil(L, 4)) {
    lua_pushvalue(L, 4);
    lua_rawseti(L, -2, (lua_Integer)fd + 1);
  }
  return answer(L, err);
}

/**
 * w:remove(obj) -> waiter
 *
 * Stops watching obj; an event of it that was not handed out is dropped.
 * Returns: the waiter, or nil, message, errno: ENOENT when obj is not watched.
 * Errors: raises when obj is closed (which has removed it already).
 * See: epoll_ctl(2)
 */
static int waiter_remove(lua_State *L) {
  struct waiter *w = api_check(L, 1, &waiter_type);
  bool watched;
  int fd, err;
  to_poller(L, w);
  luaL_checkany(L, 2);
  fd = api_fd(L, 2, NULL, NULL);
  push_table(L, 1, OBJECTS);
  push_table(L, 1, DATA);
  watched = poller_find(to_poller(L, w), fd) != NULL;
  err = poller_remove(w->poller, fd);
  if (watched)
    forget(L, fd);
  return answer(L, err);
}

/* ---- wait ---- */

static void must_end(lua_State *L, const struct poller *p) {
  if (p->queued > 0 || p->armed > 0)
    return;
  if (p->watched == 0)
    luaL_error(L, "wait: nothing is watched, so that a wait without a timeout "
                  "would never end");
  luaL_error(L, "wait: every oneshot that is watched has fired, so that a wait "
                "without a timeout would never end");
}

/* A signal that aio.signals took ends the wait, with EINTR unless something is
 * ready: the signals themselves may be watched. */
static int interrupted(struct poller *p, int max) {
  int n = poller_wait(p, 0, max);
  return n != 0 ? n : -EINTR;
}

/* Nothing is taken when this raises. */
static int wait_queued(lua_State *L, struct poller *p, int64_t ns, int max) {
  int64_t deadline = ns == API_FOREVER ? 0 : clock_now() + ns;
  unsigned before = api_signals();
  int64_t left = ns;
  for (;;) {
    int n;
    api_interrupt(L);
    n = poller_wait(p, left, max);
    if (n > 0 || (n < 0 && n != -EINTR))
      return n;
    if (n < 0 && !api_goes_on(L, before))
      return interrupted(p, max);
    if (ns != API_FOREVER)
      left = clock_left(deadline);
    if (n == 0 && left == 0)
      return 0;
  }
}

/* An iterator raises what a function would return as nil. */
static int raise_errno(lua_State *L, int err) {
  api_fail(L, "epoll_wait", err, NULL);
  return luaL_error(L, "%s", lua_tostring(L, -2));
}

/**
 * for obj, events, data in w:wait([timeout [, max]]) do ... end
 *
 * For a loop: waits until something watched is ready, at most timeout seconds
 * (no limit), then hands out one object after the other with its events
 * ("in,out,pri,err,hup,rdhup", in that order) and its data; after a timeout,
 * none. What a break or an error leaves over is handed out by the next wait,
 * before it asks for more; what was removed or closed meanwhile, or is ready
 * no more, is not.
 * Errors: raises what epoll_wait answers (EINTR when a signal was taken by
 * aio.signals and nothing watched is ready); "interrupted!" on Ctrl-C; and when
 * there is neither a timeout nor anything that could become ready.
 * Example: for obj, events, data in w:wait(1) do print(obj, events) end
 * See: epoll_wait(2)
 */
static int waiter_wait(lua_State *L) {
  struct poller *p = check_poller(L);
  int64_t ns = api_timeout(L, 2, NULL);
  int max = INT_MAX, n;
  if (!lua_isnoneornil(L, 3))
    max = (int)api_int(L, 3, NULL, INT_MIN, INT_MAX);
  sweep(L, p);
  if (ns == API_FOREVER)
    must_end(L, p);
  lua_getiuservalue(L, 1, STEP);
  n = wait_queued(L, p, ns, max);
  if (n < 0)
    return raise_errno(L, -n);
  lua_pushinteger(L, (lua_Integer)(p->passed + (unsigned)(n < max ? n : max)));
  return 2;
}

/* "in,hup", made once for each set of bits. */
static void push_events(lua_State *L, uint32_t ready) {
  int names = lua_upvalueindex(2);
  if (lua_rawgeti(L, names, ready) != LUA_TNIL)
    return;
  lua_pop(L, 1);
  api_pushflags(L, ready, waiter_flags);
  lua_pushvalue(L, -1);
  lua_rawseti(L, names, ready);
}

static struct entry *due(lua_State *L, struct waiter *w, uint64_t limit) {
  if (w->poller == NULL) /* closed in the loop's body */
    return NULL;
  to_poller(L, w);
  if ((int64_t)(limit - w->poller->passed) <= 0)
    return NULL;
  return poller_peek(w->poller);
}

/* The iterator. Its state is the count of events passed at which to stop, so
 * that loops may nest. The event leaves the queue when its values are on the
 * stack; making its name may run finalizers that change everything. */
static int waiter_step(lua_State *L) {
  struct waiter *w = api_check(L, lua_upvalueindex(1), &waiter_type);
  uint64_t limit = (uint64_t)luaL_checkinteger(L, 1);
  struct entry *e;
  uint32_t ready;
  lua_settop(L, 2);
  if (due(L, w, limit) == NULL || !lua_istable(L, lua_upvalueindex(2)))
    return 0;
  push_table(L, lua_upvalueindex(1), OBJECTS);
  push_table(L, lua_upvalueindex(1), DATA);
  do {
    lua_settop(L, 4);
    e = due(L, w, limit);
    if (e == NULL)
      return 0;
    ready = e->ready;
    push_events(L, ready);
  } while (e != due(L, w, limit) || e->ready != ready);
  lua_rawgeti(L, 3, (lua_Integer)e->fd + 1);
  lua_insert(L, -2);
  if (lua_rawgeti(L, 4, (lua_Integer)e->fd + 1) == LUA_TLIGHTUSERDATA &&
      lua_touserdata(L, -1) == (void *)&waiter_type) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  poller_pop(w->poller);
  return 3;
}

/* ---- the object ---- */

/* The iterator is not collected before the waiter, nor the other way round. */
static void new_step(lua_State *L) {
  lua_pushvalue(L, -1);
  lua_newtable(L);
  lua_pushcclosure(L, waiter_step, 2);
  lua_setiuservalue(L, -2, STEP);
}

/**
 * aio.waiter() -> waiter
 *
 * Makes an epoll instance: waits for many descriptors at once.
 * Returns: the waiter, or nil, message, errno.
 * Example: w = aio.waiter()
 * See: epoll_create1(2), epoll(7)
 */
static int waiter_new(lua_State *L) {
  struct waiter *w = api_new(L, &waiter_type, STEP);
  int err;
  lua_newtable(L);
  lua_setiuservalue(L, -2, OBJECTS);
  lua_newtable(L);
  lua_setiuservalue(L, -2, DATA);
  new_step(L);
  err = -poller_open(&w->poller);
  return err == 0 ? 1 : api_fail(L, "epoll_create1", err, NULL);
}

/**
 * w:fileno() -> fd
 *
 * The number of the epoll instance.
 * Errors: raises when the waiter is closed.
 */
static int waiter_fileno(lua_State *L) {
  lua_pushinteger(L, check_poller(L)->desc->fd);
  return 1;
}

/**
 * w:timeout() -> 0 | nil
 *
 * How long to poll at most, as cqueues asks for it: 0 when events that were
 * taken are to be handed out, else no limit.
 */
static int waiter_timeout(lua_State *L) {
  if (check_poller(L)->queued > 0)
    lua_pushinteger(L, 0);
  else
    luaL_pushfail(L);
  return 1;
}

static int waiter_tostring(lua_State *L) {
  struct waiter *w = api_check(L, 1, &waiter_type);
  const struct poller *p = w->poller;
  if (p == NULL)
    lua_pushliteral(L, "waiter (closed)");
  else if (p->epoch != epoch_now())
    lua_pushliteral(L, "waiter (of the parent process)");
  else
    lua_pushfstring(L, "waiter (%d watched, %d ready)", (int)p->watched,
                    (int)p->queued);
  return 1;
}

/**
 * w:close() -> true
 *
 * Closes it, and lets go of everything watched; a loop over it ends. Closing
 * twice is harmless.
 */
static int waiter_close(lua_State *L) {
  struct waiter *w = api_check(L, 1, &waiter_type);
  struct poller *p = w->poller;
  int err = 0;
  w->poller = NULL;
  if (p != NULL)
    err = -poller_shut(p);
  for (int n = OBJECTS; n <= DATA; n++) {
    lua_pushnil(L);
    lua_setiuservalue(L, 1, n);
  }
  if (err != 0)
    return api_fail(L, "close", err, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

static const luaL_Reg waiter_methods[] = {
    {"add", waiter_add},         {"modify", waiter_modify},
    {"remove", waiter_remove},   {"wait", waiter_wait},
    {"fileno", waiter_fileno},   {"pollfd", waiter_fileno},
    {"events", waitable_events}, {"timeout", waiter_timeout},
    {"close", waiter_close},     {NULL, NULL}};

static const luaL_Reg waiter_meta[] = {{"__gc", waiter_close},
                                       {"__close", waiter_close},
                                       {"__tostring", waiter_tostring},
                                       {NULL, NULL}};

void waiter_open(lua_State *L) {
  static const struct api_methods m = {.methods = waiter_methods,
                                       .meta = waiter_meta};
  api_register(L, &waiter_type, &m);
  lua_pushcfunction(L, waiter_new);
  lua_setfield(L, -2, "waiter");
}
