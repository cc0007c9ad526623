/* Taking events and handing them out: getevents, pgetevents, reap, each, run.
 *
 * Taken is not delivered (invariant 3): the core queues what it took, and
 * deliver.c makes lists of it. Any allocation may run a finalizer that takes,
 * submits or destroys, so the context is looked at again after each. */
#include "binding/context.h"

#include <errno.h>

#include "binding/signals.h"
#include "core/clock.h"

/* ---- arguments ---- */

/* A context to take from: usable, or destroyed with events left over. The
 * object is at 1. */
static struct context *to_taker(lua_State *L, const struct context_object *o) {
  struct context *c = context_opened(L, o);
  if (!context_usable(c) && (context_inherited(c) || context_queued(c) == 0))
    context_check(L);
  return c;
}

static lua_Integer opt_count(lua_State *L, int arg, lua_Integer def) {
  return lua_isnoneornil(L, arg) ? def
                                 : api_int(L, arg, NULL, -INT32_MAX, INT32_MAX);
}

/* min_nr, nr and timeout at 2, 3 and 4. A wait for more than can come, with
 * no limit, would never return (invariant 8). */
static struct wait read_wait(lua_State *L, const struct context_object *o) {
  struct wait w = {.min_nr = opt_count(L, 2, 1)};
  struct context *c = to_taker(L, o);
  lua_Integer most = context_inflight(c) + c->foreigns;
  w.nr = opt_count(L, 3, w.min_nr > most ? w.min_nr : most);
  w.timeout = api_timeout(L, 4, NULL);
  if (w.timeout < 0 && w.min_nr > most && w.min_nr <= w.nr)
    api_bad(L, 2, NULL,
            "waiting for %d events without a timeout would never end: %d in "
            "flight",
            (int)w.min_nr, (int)most);
  return w;
}

static void read_sigmask(lua_State *L, int arg, sigset_t *set) {
  if (!lua_istable(L, arg))
    api_badtype(L, arg, NULL, "table");
  lua_pushnil(L);
  if (lua_rawlen(L, arg) == 0 && lua_next(L, arg) != 0)
    api_bad(L, arg, NULL, "list of signals expected, got a table of names");
  lua_settop(L, 5);
  sigemptyset(set);
  for (lua_Integer i = 1; lua_rawgeti(L, arg, i) != LUA_TNIL; i++) {
    int signo = signals_number(L, lua_gettop(L), "sigmask");
    if (sigaddset(set, signo) != 0)
      api_bad(L, arg, NULL, "%d is no signal", signo);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* Why io_getevents refused, or NULL; may push it. */
static const char *wait_cause(lua_State *L, const struct wait *w, int err) {
  if (err == ENOSYS && w->pwait)
    return "the kernel is older than Linux 4.18, or a sandbox hides it";
  if (err != EINVAL)
    return NULL;
  if (w->min_nr < 0)
    return lua_pushfstring(L, "min_nr is negative (%d)", (int)w->min_nr);
  if (w->nr < 0)
    return lua_pushfstring(L, "nr is negative (%d)", (int)w->nr);
  if (w->min_nr > w->nr)
    return lua_pushfstring(L, "min_nr %d is over nr %d", (int)w->min_nr,
                           (int)w->nr);
  return "the kernel does not know the context any more";
}

/* ---- from the kernel into the queue ---- */

static void reserve(lua_State *L, struct context *c, long nr) {
  if (context_reserve_events(c, context_clamp(c, nr)) != 0)
    luaL_error(L, "not enough memory");
}

/* What is left to ask for beside what is queued. A wait that the kernel will
 * refuse reaches it as it is. */
static struct wait beside_queue(const struct wait *w, unsigned queued) {
  struct wait rest = *w;
  if (w->min_nr < 0 || w->nr < 0 || w->min_nr > w->nr)
    return rest;
  rest.nr = w->nr > (long)queued ? w->nr - (long)queued : 0;
  rest.min_nr = w->min_nr > (long)queued ? w->min_nr - (long)queued : 0;
  return rest;
}

/* Whether a signal has ended the wait: EINTR, or fewer events than asked for
 * although there was time. */
static bool cut_short(const struct wait *w, int n, int64_t deadline) {
  if (n < 0 || n >= w->min_nr || w->min_nr > w->nr)
    return n == -EINTR;
  return w->timeout < 0 || (w->timeout > 0 && clock_left(deadline) > 0);
}

/* io_getevents until it is ended by something but a stop and continue. What
 * was taken stays in the queue when this raises. 0, or a positive errno. */
static int take_waiting(lua_State *L, const struct context_object *o,
                        const struct wait *w) {
  int64_t deadline = w->timeout > 0 ? clock_now() + w->timeout : 0;
  for (;;) {
    struct context *c = to_taker(L, o);
    struct wait rest = beside_queue(w, context_queued(c));
    if (w->timeout > 0)
      rest.timeout = clock_left(deadline);
    reserve(L, c, rest.nr);
    api_interrupt(L);
    if (c->id == 0)
      return 0;
    unsigned signals = api_signals();
    int n = context_wait(c, &rest);
    if (!cut_short(&rest, n, deadline) || !api_goes_on(L, signals) || w->pwait)
      return n < 0 ? -n : 0;
  }
}

/* From the ring; 0 or a positive errno where the kernel had to be asked. */
static int take_ready(lua_State *L, struct context *c, long nr) {
  long room = nr - (long)context_queued(c);
  if (room <= 0 || c->id == 0)
    return 0;
  int ready = ring_ready(&c->ring);
  if (ready >= 0 && room > ready && c->ring.map != NULL)
    room = ready;
  reserve(L, c, room);
  if (context_take(c, context_clamp(c, room)) != -EAGAIN)
    return 0;
  struct wait now = {0, room, 0, false, NULL};
  int n = context_wait(c, &now);
  return n < 0 ? -n : 0;
}

/* ---- getevents, pgetevents, reap ---- */

/**
 * ctx:getevents([min_nr [, nr [, timeout]]]) -> events | nil, message, errno
 *
 * Waits until at least min_nr (default 1) events are there, or timeout
 * seconds are over (nil: no limit; 0: does not wait), and hands out at most
 * nr (default: all in flight) as a list of tables {obj=, data=, res=, res2=,
 * slat=, clat=}. Always the system call; events taken earlier and not handed
 * out yet come first.
 * Errors: EINVAL: min_nr over nr, or negative. EINTR: a signal.
 * Raises for a wait that could never end.
 * Example: ctx:submit(aio.pread(f, buf))
 * for _, ev in ipairs(ctx:getevents(1)) do print(ev) end
 * See: io_getevents(2)
 */
static int context_getevents(lua_State *L) {
  const struct context_object *o = api_check(L, 1, &context_type);
  struct wait w = read_wait(L, o);
  int err = take_waiting(L, o, &w);
  return api_told(
      L, err != 0 ? api_fail(L, "io_getevents", err, wait_cause(L, &w, err))
                  : context_push_events(L, w.nr));
}

/**
 * ctx:pgetevents(min_nr, nr, timeout, sigmask) -> events | nil, message, errno
 *
 * As ctx:getevents, with the signals of the list sigmask ({"SIGUSR1", ...})
 * blocked, and all others not, while it waits.
 * Errors: EINTR: a signal that the mask lets through. After stop and continue
 * the kernel waits on, with the whole timeout again.
 * See: io_pgetevents(2)
 */
static int context_pgetevents(lua_State *L) {
  sigset_t blocked;
  const struct context_object *o = api_check(L, 1, &context_type);
  lua_settop(L, 5);
  bool masked = !lua_isnil(L, 5);
  if (masked)
    read_sigmask(L, 5, &blocked);
  struct wait w = read_wait(L, o);
  w.pwait = true;
  w.blocked = masked ? &blocked : NULL;
  int err = take_waiting(L, o, &w);
  return api_told(
      L, err != 0 ? api_fail(L, "io_pgetevents", err, wait_cause(L, &w, err))
                  : context_push_events(L, w.nr));
}

/**
 * ctx:reap([nr]) -> events | nil, message, errno
 *
 * Hands out what is finished, at most nr, from the ring that the kernel maps
 * into the process: it never waits and never enters the kernel (but for
 * io_getevents with timeout 0 where the ring can't be used: ctx.ring.ready).
 * Example: evs = ctx:reap()
 */
static int context_reap(lua_State *L) {
  const struct context_object *o = api_check(L, 1, &context_type);
  long nr = (long)opt_count(L, 2, INT32_MAX);
  if (nr < 0)
    api_bad(L, 2, NULL, "a count can't be negative");
  int err = take_ready(L, to_taker(L, o), nr);
  return api_told(L, err != 0 ? api_fail(L, "io_getevents", err, NULL)
                              : context_push_events(L, nr));
}

/* ---- each ---- */

/* Hands out the oldest event: iocb (false: foreign), res, res2. An interrupt
 * may come before the script has looked at it: ctx.last_events still tells. */
static int push_oldest(lua_State *L, struct context *c, int iocbs) {
  if (c->foreigns > 0) {
    struct io_event e = c->foreign[0];
    context_deliver_foreign(c, 1);
    lua_pushboolean(L, 0);
    lua_pushinteger(L, e.res);
    lua_pushinteger(L, e.res2);
    return 3;
  }
  context_hand_over_one(L, c, iocbs, c->oldest, SLOT_NONE);
  return 3;
}

/* One step: upvalues are the context and its array; argument 1 is the count
 * of delivered events at which this loop ends. */
static int each_step(lua_State *L) {
  struct context_object *o = api_test(L, lua_upvalueindex(1), &context_type);
  struct context *c = o != NULL ? o->context : NULL;
  if (c == NULL || context_queued(c) == 0 ||
      c->delivered >= (uint64_t)lua_tointegerx(L, 1, NULL))
    return 0;
  lua_pushvalue(L, lua_upvalueindex(2));
  return lua_istable(L, -1) ? push_oldest(L, c, lua_gettop(L)) : 0;
}

/* The context's one iterator: made once, so that loops make no garbage. */
static void push_iterator(lua_State *L) {
  if (lua_getiuservalue(L, 1, CONTEXT_ITERATOR) != LUA_TNIL)
    return;
  lua_pop(L, 1);
  lua_pushvalue(L, 1);
  context_push_iocbs(L);
  lua_pushcclosure(L, each_step, 2);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, CONTEXT_ITERATOR);
}

/* An iterator raises what its function would return as nil. */
static int raise_failure(lua_State *L, const struct wait *w, int err) {
  api_told(L, api_fail(L, "io_getevents", err, wait_cause(L, w, err)));
  return luaL_error(L, "%s", lua_tostring(L, -2));
}

/* One batch into the queue: from the ring, and from the kernel only when
 * fewer than min_nr are there. The number to hand out. */
static unsigned take_batch(lua_State *L, const struct context_object *o,
                           const struct wait *w) {
  struct context *c = to_taker(L, o);
  int err = w->nr > 0 ? take_ready(L, c, w->nr) : 0;
  if (err == 0 && (long)context_queued(c) < w->min_nr)
    err = take_waiting(L, o, w);
  if (err != 0)
    raise_failure(L, w, err);
  unsigned queued = context_queued(c);
  return (unsigned long)w->nr < queued ? (unsigned)w->nr : queued;
}

static void refuse_batch(lua_State *L, const struct wait *w) {
  if (w->min_nr < 0 || w->nr < 0 || w->min_nr > w->nr)
    raise_failure(L, w, EINVAL);
}

/**
 * for iocb, res, res2 in ctx:each([min_nr [, nr [, timeout]]]) do ... end
 *
 * One batch of events without garbage: from the ring, entering the kernel
 * only when fewer than min_nr (default 1) are there. Each step hands out the
 * oldest event, so that break, an error or destroy loses none: the rest is
 * for the next each, getevents, reap or run. The body may submit, reap, nest,
 * destroy and yield. A timeout is zero rounds. iocb is false for an event
 * that is not ours.
 * Errors: raises what ctx:getevents would return.
 * Example: ctx:submit(aio.pread(f, buf))
 * for cb, res in ctx:each() do print(cb, res) end
 */
static int context_each(lua_State *L) {
  const struct context_object *o = api_check(L, 1, &context_type);
  struct wait w = read_wait(L, o);
  refuse_batch(L, &w);
  push_iterator(L);
  unsigned n = take_batch(L, o, &w);
  lua_pushinteger(L, (lua_Integer)(context_opened(L, o)->delivered + n));
  return api_told(L, 2);
}

/* ---- run ---- */

/* A walk along the queue; it begins anew when somebody else removed from it.
 */
struct walk {
  int32_t prev, index;
  uint64_t edits;
};

static struct walk walk_start(const struct context *c) {
  struct walk w = {SLOT_NONE, c->oldest, c->edits};
  return w;
}

/* Moves to the next event with a callback and pushes that; false: none. */
static bool next_callback(lua_State *L, const struct context *c, int iocbs,
                          struct walk *w, unsigned *left) {
  while (w->index != SLOT_NONE && *left > 0) {
    lua_rawgeti(L, iocbs, (lua_Integer)w->index + 1);
    if (api_test(L, -1, &iocb_type) != NULL &&
        lua_getiuservalue(L, -1, IOCB_CALLBACK) == LUA_TFUNCTION) {
      lua_replace(L, -2);
      return true;
    }
    lua_settop(L, iocbs);
    w->prev = w->index;
    w->index = context_slot(c, w->index)->next;
    --*left;
  }
  return false;
}

/* Delivers the event at the walk and calls its callback, which is on top. */
static void call_back(lua_State *L, struct context *c, int iocbs,
                      struct walk *w) {
  int32_t next = context_slot(c, w->index)->next;
  lua_pushvalue(L, 1);
  context_hand_over_one(L, c, iocbs, w->index, w->prev);
  w->index = next;
  w->edits = c->edits;
  lua_call(L, 4, 0);
}

/* What is left of a batch that ends at that count of delivered events. */
static unsigned left_until(const struct context *c, uint64_t end) {
  return c->delivered < end ? (unsigned)(end - c->delivered) : 0;
}

/* Those of them that are ours: foreign ones come first. */
static unsigned ours_until(const struct context *c, uint64_t end) {
  unsigned left = left_until(c, end);
  return left > c->foreigns ? left - c->foreigns : 0;
}

/* Calls the callbacks in the batch that ends at end; how many. */
static unsigned run_callbacks(lua_State *L, uint64_t end, int iocbs) {
  struct context *c = context_any(L);
  struct walk w = walk_start(c);
  unsigned called = 0, left = ours_until(c, end);
  while (next_callback(L, c, iocbs, &w, &left)) {
    left--;
    called++;
    call_back(L, c, iocbs, &w);
    c = context_any(L);
    if (c->edits == w.edits)
      continue;
    w = walk_start(c);
    left = ours_until(c, end);
  }
  return called;
}

/**
 * ctx:run([min_nr [, nr [, timeout]]]) -> n, rest | nil, message, errno
 *
 * Takes a batch as ctx:each and calls iocb.callback(ctx, iocb, res, res2) for
 * each event (libaio's io_queue_run): n is how many were called, rest the
 * list of events whose iocb has no callback. A callback's error ends the run;
 * what was not handed out is for the next one.
 * Errors: as ctx:getevents.
 * Example: cb.callback = function(ctx, cb, res) print(cb, res) end
 * ctx:submit(cb)
 * ctx:run(1)
 * See: io_queue_run(3)
 */
static int context_run(lua_State *L) {
  const struct context_object *o = api_check(L, 1, &context_type);
  struct wait w = read_wait(L, o);
  refuse_batch(L, &w);
  unsigned n = take_batch(L, o, &w);
  lua_settop(L, 1);
  context_push_iocbs(L);
  luaL_checkstack(L, 8, NULL);
  uint64_t end = context_any(L)->delivered + n;
  unsigned called = run_callbacks(L, end, 2);
  context_push_events(L, (long)left_until(context_any(L), end));
  lua_pushinteger(L, called);
  lua_insert(L, -2);
  return api_told(L, 2);
}

/* ---- registration ---- */

const luaL_Reg context_takers[] = {{"getevents", context_getevents},
                                   {"pgetevents", context_pgetevents},
                                   {"reap", context_reap},
                                   {"each", context_each},
                                   {"run", context_run},
                                   {NULL, NULL}};
