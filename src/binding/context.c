/* AIO contexts: what is submitted to one is in flight until its event is taken
 * from there. */
#include "binding/context.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "core/clock.h"
#include "core/kaio.h"

static struct desc *context_desc(void *object) {
  struct context *c = ((struct context_object *)object)->context;
  return c != NULL ? c->eventfd : NULL;
}

const struct api_type context_type = {.name = "context",
                                      .size = sizeof(struct context_object),
                                      .desc = context_desc,
                                      .lazy = true};

/* ---- checks ---- */

static struct context_object *to_object(lua_State *L) {
  return api_check(L, 1, &context_type);
}

struct context *context_opened(lua_State *L, const struct context_object *o) {
  if (o->context == NULL)
    api_bad(L, 1, NULL, "the context is destroyed");
  return o->context;
}

struct context *context_any(lua_State *L) {
  return context_opened(L, to_object(L));
}

struct context *context_live(lua_State *L, const struct context_object *o) {
  struct context *c = o->context;
  if (c == NULL || c->id == 0)
    api_bad(L, 1, NULL, "the context is destroyed");
  if (context_inherited(c))
    api_bad(L, 1, NULL,
            "the context belongs to the parent process: AIO "
            "contexts do not survive fork");
  return c;
}

struct context *context_check(lua_State *L) {
  return context_live(L, to_object(L));
}

void context_push_iocbs(lua_State *L) {
  if (lua_getiuservalue(L, 1, CONTEXT_IOCBS) != LUA_TTABLE)
    luaL_error(L, "the context has lost its iocbs");
}

/* ---- setup ---- */

/* Why io_setup failed, or NULL; may push it. */
static const char *setup_cause(lua_State *L, int err, unsigned nr) {
  const char *about_nr =
      nr == 0 ? "at least 1 is needed" : "more than the kernel can count";
  switch (err) {
  case ENOSYS:
    return "the kernel is built without CONFIG_AIO, or a sandbox hides AIO";
  case EPERM:
    return "a sandbox (a seccomp filter, as containers have) forbids AIO";
  case EAGAIN:
    about_nr = "over fs.aio-max-nr, the system's limit for all contexts "
               "together";
    break;
  case EINVAL:
    break;
  default:
    return NULL;
  }
  return lua_pushfstring(L, "nr_events %I: %s", (LUAI_UACINT)nr, about_nr);
}

/* Pushes the table of all contexts' objects, by their serial numbers. It is
 * weak. */
static void push_objects(lua_State *L) {
  static const char key;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) == LUA_TTABLE)
    return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

static unsigned count_contexts(void) {
  unsigned n = 0;
  for (struct context *c = context_first(); c != NULL; c = c->next)
    n++;
  return n;
}

/* The table may not change while it is walked, so nothing is allocated then: a
 * finalizer might make another context. */
void context_push_list(lua_State *L) {
  push_objects(L);
  int objects = lua_gettop(L), list = objects + 1;
  unsigned room, n = 0;
  do {
    lua_settop(L, objects);
    room = count_contexts();
    lua_createtable(L, (int)room, 0);
  } while (count_contexts() > room);
  lua_pushnil(L);
  while (lua_next(L, objects) != 0) {
    const struct context_object *o = api_test(L, -1, &context_type);
    if (n < room && o != NULL && o->context != NULL &&
        context_usable(o->context))
      lua_rawseti(L, list, (lua_Integer)++n);
    else
      lua_pop(L, 1);
  }
  lua_remove(L, objects);
}

/* Into push_objects' table; the context is on top. */
static void enlist(lua_State *L, unsigned serial) {
  push_objects(L);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, serial);
  lua_pop(L, 1);
}

int context_push(lua_State *L, struct kaio *kaio, unsigned nr_events) {
  struct context_object *o = api_new(L, &context_type, CONTEXT_VALUES);
  lua_newtable(L);
  lua_setiuservalue(L, -2, CONTEXT_IOCBS);
  int err = context_open(&o->context, kaio, nr_events);
  if (err < 0)
    return api_fail(L, "io_setup", -err, setup_cause(L, -err, nr_events));
  enlist(L, o->context->serial);
  return 1;
}

/**
 * aio.contexts() -> list
 *
 * All contexts of this process that are not destroyed, in no order.
 * Example: for _, ctx in ipairs(aio.contexts()) do print(ctx) end
 */
static int aio_contexts(lua_State *L) {
  context_push_list(L);
  return 1;
}

/**
 * aio.setup(nr_events) -> context | nil, message, errno
 *
 * A new AIO context with room for at least nr_events requests in flight. The
 * kernel charges nr_events to fs.aio-nr, a limit of the whole system.
 * Errors: EAGAIN: over fs.aio-max-nr (see aio.limits()). EINVAL: 0, or far
 * too many. ENOSYS, EPERM: no AIO here, or a sandbox forbids it. ENOMEM.
 * Example: ctx = aio.setup(64)
 * See: io_setup(2)
 */
static int aio_setup(lua_State *L) {
  lua_Integer nr = api_int(L, 1, NULL, 0, UINT32_MAX);
  return api_told(L, context_push(L, &kaio_kernel, (unsigned)nr));
}

/* ---- cancel ---- */

static bool finished_here(const struct context *c, const struct request *r) {
  return r->context == c &&
         context_slot(c, (int32_t)r->slot)->state == SLOT_DONE;
}

/* Why io_cancel refused, where that can be seen from here. */
static const char *cancel_cause(lua_State *L, const struct context *c,
                                const struct request *r, int err) {
  unsigned op = r->iocb.aio_lio_opcode;
  if (err != EINVAL)
    return NULL;
  if (r->context == NULL)
    return "the iocb is not in flight";
  if (r->context != c)
    return "the iocb is in flight in another context";
  if (finished_here(c, r))
    return "it has finished: its event was taken already";
  if (op == KAIO_CMD_POLL)
    return "it has finished: its event is in the ring";
  return lua_pushfstring(L, "%s: the kernel can cancel polls only",
                         opcode_name(op) != NULL ? opcode_name(op) : "it");
}

/**
 * ctx:cancel(iocb) -> true | event | nil, message, errno
 *
 * Asks the kernel to cancel a request. true: it is being cancelled, and its
 * event arrives the normal way (a cancelled poll has res 0). The kernel can
 * cancel only polls; for anything else, and for what is not in flight in this
 * context, it answers EINVAL. An old kernel may hand over the event itself.
 * Example: p = aio.poll(r, "in")
 * ctx:submit(p)
 * ctx:cancel(p)
 * See: io_cancel(2)
 */
static int context_cancel_method(lua_State *L) {
  struct context *c = context_check(L);
  struct iocb_object *io = api_check(L, 2, &iocb_type);
  if (context_reserve_events(c, 1) != 0)
    return luaL_error(L, "not enough memory");
  int res = context_cancel(c, &io->request);
  if (res < 0 && res != -EINPROGRESS)
    return api_told(L, api_fail(L, "io_cancel", -res,
                                cancel_cause(L, c, &io->request, -res)));
  if (res == 0 && finished_here(c, &io->request))
    context_push_event(L, (int32_t)io->request.slot);
  else
    lua_pushboolean(L, 1);
  return api_told(L, 1);
}

/* ---- destroy ---- */

/* Pushes the slot's iocb, which is not in flight any more. Where debug
 * functions have put another one there, that keeps its state. */
static void release_iocb(lua_State *L, const struct context *c, int iocbs,
                         int32_t index) {
  lua_rawgeti(L, iocbs, (lua_Integer)index + 1);
  struct iocb_object *io = api_test(L, -1, &iocb_type);
  if (io != NULL && io->request.context == c &&
      io->request.slot == (uint32_t)index)
    io->request.context = NULL;
}

/* The slot's place in the array is free; it exists, so nothing is allocated.
 */
static void clear_place(lua_State *L, int iocbs, int32_t index) {
  lua_pushboolean(L, 0);
  lua_rawseti(L, iocbs, (lua_Integer)index + 1);
}

void context_remove(lua_State *L, struct context *c, int iocbs, int32_t index,
                    int32_t prev) {
  clear_place(L, iocbs, index);
  context_deliver(c, index, prev);
}

void context_hand_out(lua_State *L, struct context *c, int iocbs, int32_t index,
                      int32_t prev) {
  release_iocb(L, c, iocbs, index);
  lua_pop(L, 1);
  context_remove(L, c, iocbs, index, prev);
}

void context_forget(lua_State *L, struct context *c, int iocbs) {
  if (c->handed == SLOT_NONE)
    return;
  clear_place(L, iocbs, c->handed);
  context_forget_handed(c);
}

inline void context_hand_over_one(lua_State *L, struct context *c, int iocbs,
                                  int32_t index, int32_t prev) {
  context_forget(L, c, iocbs);
  release_iocb(L, c, iocbs, index);
  const struct slot *s = context_hand_over(c, index, prev);
  lua_pushinteger(L, s->res);
  lua_pushinteger(L, s->res2);
}

/* Requests whose events nobody will take: their iocbs are free again. */
static void free_lost(lua_State *L, struct context *c) {
  lua_getiuservalue(L, 1, CONTEXT_IOCBS);
  int iocbs = lua_gettop(L);
  for (int32_t i = 0; i < (int32_t)c->slots; i++) {
    if (context_slot(c, i)->state != SLOT_LOST)
      continue;
    if (lua_istable(L, iocbs)) {
      release_iocb(L, c, iocbs, i);
      clear_place(L, iocbs, i);
    }
    lua_settop(L, iocbs);
    context_free_lost(c, i);
  }
  lua_pop(L, 1);
}

/* io_destroy can't be interrupted: for 200 ms this waits in its place, and
 * can be; then one line says what comes (invariant 11). */
static void say_before_waiting(lua_State *L) {
  int64_t end = clock_now() + INT64_C(200000000);
  struct timespec pause = clock_timespec(500000);
  unsigned n;
  while ((n = context_unfinished(context_check(L))) > 0 &&
         clock_left(end) > 0) {
    api_interrupt(L);
    nanosleep(&pause, NULL);
  }
  if (n > 0)
    fprintf(stderr,
            "aio: io_destroy waits for %u requests in flight and can't be "
            "interrupted\n",
            n);
}

/**
 * ctx:destroy() -> n | nil, message, errno
 *
 * Destroys the context: cancels polls and waits for all other requests. This
 * can't be interrupted, and takes some 30 ms even when idle. n is the number
 * of requests whose events nobody had taken: they are lost. Events that were
 * taken but not handed out are still handed out, by the loop that is running
 * or by ctx:reap(). A waiter that watches the context lets go of it.
 * Errors: if io_destroy fails, the memory of requests in flight is kept for
 * the life of the process.
 * See: io_destroy(2)
 */
static int context_destroy_method(lua_State *L) {
  say_before_waiting(L);
  struct context *c = context_check(L);
  unsigned untaken = c->flying;
  int err = context_destroy(c);
  if (err < 0) {
    lua_warning(L,
                "context: io_destroy failed, so what its requests use is "
                "kept for the life of the process",
                0);
    return api_told(L, api_fail(L, "io_destroy", -err, NULL));
  }
  free_lost(L, c);
  if (c->drains)
    desc_shut(c->eventfd);
  lua_pushinteger(L, untaken);
  return api_told(L, 1);
}

/**
 * ctx:close()
 *
 * As ctx:destroy(), but harmless on a context that is destroyed already or
 * belongs to the parent process. `local ctx <close>` calls it.
 */
static int context_close(lua_State *L) {
  struct context *c = to_object(L)->context;
  if (c == NULL || !context_usable(c))
    return 0;
  return context_destroy_method(L);
}

/* Drops what nobody can take any more. */
static void drop_queue(lua_State *L, struct context *c) {
  lua_getiuservalue(L, 1, CONTEXT_IOCBS);
  int iocbs = lua_gettop(L);
  while (c->oldest != SLOT_NONE && lua_istable(L, iocbs))
    context_hand_out(L, c, iocbs, c->oldest, SLOT_NONE);
  lua_settop(L, 1);
}

/* Takes what the kernel has finished, without waiting. */
static void take_finished(struct context *c) {
  unsigned n = context_clamp(c, c->flying);
  struct wait now = {0, (long)n, 0, false, NULL};
  if (context_reserve_events(c, n) == 0 && context_take(c, n) == -EAGAIN)
    context_wait(c, &now);
}

/* The collector's: an idle context goes without a stall, one with requests in
 * flight is looked at again in the next cycle (its metatable is set anew, so
 * that it is finalized once more), and one that the process's end or a fork
 * made void is left alone. */
static int context_gc(lua_State *L) {
  struct context_object *o = to_object(L);
  struct context *c = o->context;
  if (c == NULL)
    return 0;
  if (context_usable(c) && !context_leaving()) {
    if (c->flying > 0)
      take_finished(c);
    if (c->flying > 0) {
      luaL_setmetatable(L, context_type.name);
      return 0;
    }
    context_destroy_idle(c);
  }
  drop_queue(L, c);
  o->context = NULL;
  if (!context_leaving())
    context_free(c);
  return 0;
}

/* ---- registration ---- */

static const luaL_Reg methods[] = {{"submit", context_submit_method},
                                   {"cancel", context_cancel_method},
                                   {"destroy", context_destroy_method},
                                   {"close", context_close},
                                   {NULL, NULL}};

static const luaL_Reg meta[] = {{"__gc", context_gc},
                                {"__close", context_close},
                                {"__tostring", context_tostring},
                                {NULL, NULL}};

void setup_open(lua_State *L) {
  api_register(L, &context_type,
               &(struct api_methods){.methods = methods,
                                     .more = {context_takers, context_views},
                                     .getters = context_getters,
                                     .meta = meta});
  lua_pushcfunction(L, aio_setup);
  lua_setfield(L, -2, "setup");
  lua_pushcfunction(L, aio_contexts);
  lua_setfield(L, -2, "contexts");
  lua_getfield(L, -1, "eventfd");
  lua_setfield(L, LUA_REGISTRYINDEX, CONTEXT_NEW_EVENTFD);
}
