/* What can be read of a context: its fields, its ring, what is in flight, its
 * eventfd. */
#include "binding/context.h"

#include <errno.h>
#include <stdio.h>

#include "binding/record.h"
#include "binding/table.h"
#include "core/clock.h"

/* ---- fields ---- */

/**
 * ctx.nr_events -> integer
 *
 * How many requests in flight were asked for in aio.setup.
 */
static int get_nr_events(lua_State *L) {
  lua_pushinteger(L, context_any(L)->nr_events);
  return 1;
}

/**
 * ctx.inflight -> integer
 *
 * How many requests the kernel accepted whose events were not handed out yet.
 */
static int get_inflight(lua_State *L) {
  struct context *c = context_any(L);
  lua_pushinteger(L, context_inherited(c) ? 0 : context_inflight(c));
  return 1;
}

/**
 * ctx.last_events -> list of events | nil
 *
 * The events that were handed out last, a list or the one of ctx:each and
 * ctx:run, so that none is lost when an error comes before it is looked at.
 */
static int get_last_events(lua_State *L) {
  struct context *c = context_any(L);
  if (c->handed == SLOT_NONE) {
    lua_getiuservalue(L, 1, CONTEXT_LAST_EVENTS);
    return 1;
  }
  struct event_source e;
  event_read(&e, context_slot(c, c->handed), c->handed);
  context_push_iocbs(L);
  int iocbs = lua_gettop(L);
  event_push_one(L, iocbs, &e);
  lua_createtable(L, 1, 0);
  lua_insert(L, -2);
  lua_rawseti(L, -2, 1);
  return 1;
}

/**
 * ctx.ring -> table | nil
 *
 * The completion ring as it is now: {usable=, id=, nr=, head=, tail=, magic=,
 * compat=, incompat=, ready= (events waiting in it)}. Where the ring can't be
 * used (a kernel without it, valgrind, AIOSH_RING=off) only usable = false;
 * nil when the context is destroyed.
 * Example: print(ctx.ring.ready)
 */
static int get_ring(lua_State *L) {
  struct context *c = context_any(L);
  if (!context_usable(c))
    return 0;
  lua_createtable(L, 0, 9);
  c = context_any(L);
  const struct ring_map *map = c->ring.map;
  lua_pushboolean(L, map != NULL);
  lua_setfield(L, -2, "usable");
  if (map == NULL)
    return 1;
  set_integer(L, "id", map->id);
  set_integer(L, "nr", map->nr);
  set_integer(L, "head", map->head);
  set_integer(L, "tail", map->tail);
  set_integer(L, "magic", map->magic);
  set_integer(L, "compat", map->compat);
  set_integer(L, "incompat", map->incompat);
  set_integer(L, "ready", ring_ready(&c->ring));
  return 1;
}

/* The first request taken, with its file unless that is closed; pushed. */
static void push_first(lua_State *L, const struct submission *s, bool closed) {
  struct iocb_object *io = iocb_push(L, s->first.aio_lio_opcode);
  io->request.iocb = s->first;
  io->request.iocb.aio_buf = 0;
  if (closed)
    io->request.iocb.aio_fildes = (uint32_t)-1;
}

/* What the texts of lua/aio/verdict.lua are made of. */
static void set_batch(lua_State *L, const struct submission *s, bool closed) {
  push_first(L, s, closed);
  lua_setfield(L, -2, "first");
  set_boolean(L, "one_op", s->one_op);
  set_boolean(L, "alike", s->alike);
  set_boolean(L, "extends", s->extends);
  set_integer(L, "failed_at_return", s->failed);
  set_integer(L, "flags", s->flags);
}

/* A full ring is told by its error only where nothing was taken. Else it may
 * be another cause, unless the ring has hardly room for more. */
static bool push_stop(lua_State *L, const struct submission *s,
                      unsigned nr_events, unsigned room) {
  struct submission failed = *s;
  bool hardly = s->inflight >= room / 2;
  if (s->taken >= 0)
    failed.taken = -EAGAIN;
  bool told = context_push_refusal(L, &failed, nr_events);
  return told && (s->taken < 0 || hardly);
}

/* The request where it stopped, as it was; and why, as far as that is known
 * without looking. */
static void set_refused(lua_State *L, const struct submission *s,
                        unsigned nr_events, unsigned room) {
  lua_getiuservalue(L, 1, CONTEXT_REFUSED);
  if (api_test(L, -1, &iocb_type) == NULL) {
    lua_pop(L, 1);
    return;
  }
  iocb_push_submitted(L, lua_gettop(L), &s->refused);
  lua_setfield(L, -3, "request");
  lua_setfield(L, -2, "refused");
  bool told = push_stop(L, s, nr_events, room);
  lua_setfield(L, -2, "refusal");
  set_boolean(L, "told", told);
}

/**
 * ctx.last_submit -> table | nil
 *
 * What became of the last io_submit: {asked=, taken=, done_at_return= (how many
 * of its requests had finished when it returned; nil without the ring), ns=
 * (how long it took), switches= (voluntary context switches of the thread
 * meanwhile, while something records), verdict= ("synchronous" where all of two
 * or more were done, or the thread slept in the call; else "asynchronous", or
 * nil where it can't be told), reason= (why synchronous, where that is known),
 * refused= (the iocb where it stopped), why= (the cause, as far as it can be
 * told), errno=, err= (its error, which io_submit tells of the first only)}.
 * Its tostring is a line to read; nil before the first submit.
 * Example: print(ctx.last_submit)
 */
static int get_last_submit(lua_State *L) {
  const struct context *c = context_any(L);
  struct submission s = c->last; /* a finalizer may submit */
  unsigned nr_events = c->nr_events, room = c->room;
  bool closed = s.file != NULL && s.file->shut;
  if (!s.made)
    return 0;
  lua_createtable(L, 0, 16);
  set_integer(L, "asked", s.asked);
  set_integer(L, "taken", s.taken > 0 ? s.taken : 0);
  set_integer(L, "ns", s.ns);
  if (s.done >= 0)
    set_integer(L, "done_at_return", s.done);
  if (s.switches >= 0)
    set_integer(L, "switches", s.switches);
  if (s.taken < 0)
    set_integer(L, "errno", -s.taken);
  if (s.taken > 0)
    set_batch(L, &s, closed);
  set_refused(L, &s, nr_events, room);
  event_metatable(L, "submission");
  lua_setmetatable(L, -2);
  return 1;
}

/**
 * ctx.serial -> integer
 *
 * The number of the context in this process: its name in traces ("ctx1"),
 * records and lists.
 */
static int get_serial(lua_State *L) {
  lua_pushinteger(L, context_any(L)->serial);
  return 1;
}

const luaL_Reg context_getters[] = {{"serial", get_serial},
                                    {"nr_events", get_nr_events},
                                    {"inflight", get_inflight},
                                    {"last_events", get_last_events},
                                    {"last_submit", get_last_submit},
                                    {"ring", get_ring},
                                    {NULL, NULL}};

int context_tostring(lua_State *L) {
  struct context_object *o = api_check(L, 1, &context_type);
  struct context *c = o->context;
  if (c == NULL || c->id == 0)
    lua_pushliteral(L, "context (destroyed)");
  else if (context_inherited(c))
    lua_pushliteral(L, "context (the parent process's)");
  else
    lua_pushfstring(L, "context (%d events, %d in flight)", (int)c->nr_events,
                    (int)context_inflight(c));
  return 1;
}

/* ---- list ---- */

/* What list tells of one request, copied out of its slot. */
struct listed {
  struct iocb iocb;
  uint64_t id;
  int64_t submitted;
  bool done, block;
  unsigned context;
};

static void push_listed(lua_State *L, const struct listed *r, int iocb) {
  const char *op = opcode_name(r->iocb.aio_lio_opcode);
  lua_createtable(L, 0, 16);
  set_integer(L, "id", (lua_Integer)r->id);
  set_integer(L, "ctx", r->context);
  if (op != NULL)
    lua_pushstring(L, op);
  else
    lua_pushinteger(L, r->iocb.aio_lio_opcode);
  lua_setfield(L, -2, "op");
  set_integer(L, "fd", (int32_t)r->iocb.aio_fildes);
  set_integer(L, "offset", r->iocb.aio_offset);
  set_integer(L, "nbytes", (lua_Integer)r->iocb.aio_nbytes);
  set_integer(L, "age", clock_now() - r->submitted);
  if (r->block)
    set_integer(L, "memory", (lua_Integer)r->iocb.aio_buf);
  if (r->iocb.aio_flags & IOCB_FLAG_RESFD)
    set_integer(L, "eventfd", (int32_t)r->iocb.aio_resfd);
  entry_set_file(L, (int32_t)r->iocb.aio_fildes);
  lua_pushboolean(L, r->done);
  lua_setfield(L, -2, "done");
  lua_pushvalue(L, iocb);
  lua_setfield(L, -2, "obj");
}

/**
 * ctx:list() -> list
 *
 * What is in flight, in the order of submission: a list of tables {id=, ctx=
 * (ctx.serial), op=, fd=, path=, offset=, nbytes=, range= ("4096 @0"), bytes=
 * (that a vector holds), memory= (the address where it lands, or comes from;
 * of a vector a list of {address, length}), eventfd= (its number), age= (ns),
 * done= (taken, not handed out yet), obj= (the iocb), overlaps=}. Two requests
 * over the same bytes of a file with a write among them, or of memory with a
 * read among them, are marked: overlaps has "file", "memory" or "file and
 * memory" by the other's id. Its tostring is a table to read.
 * Example: print(ctx:list())
 */
static int context_list(lua_State *L) {
  context_any(L);
  lua_settop(L, 1);
  context_push_iocbs(L);
  lua_newtable(L);
  lua_Integer n = 0;
  for (int32_t i = 0; i < (int32_t)context_any(L)->slots; i++) {
    const struct slot *s = context_slot(context_any(L), i);
    if (s->state != SLOT_FLYING && s->state != SLOT_DONE)
      continue;
    struct listed r = {.iocb = s->iocb,
                       .id = s->id,
                       .submitted = s->submitted,
                       .done = s->state == SLOT_DONE,
                       .block = s->holds == MEMORY_BLOCK,
                       .context = context_any(L)->serial};
    lua_rawgeti(L, 2, i + 1);
    push_listed(L, &r, 4);
    lua_rawseti(L, 3, ++n);
    lua_settop(L, 3);
  }
  event_metatable(L, "list");
  if (lua_getfield(L, -1, "complete") == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, 1, 0);
  }
  lua_settop(L, 3);
  event_metatable(L, "list");
  lua_setmetatable(L, 3);
  return 1;
}

/* ---- eventfd ---- */

/* Makes the eventfd, or finds that it is still open: pushed, or nil, message
 * and errno as aio.eventfd() returned them. */
static bool push_eventfd(lua_State *L) {
  struct desc *d;
  struct context *c = context_check(L);
  lua_getiuservalue(L, 1, CONTEXT_EVENTFD);
  if (c->eventfd != NULL && !c->eventfd->shut)
    return true;
  lua_settop(L, 1);
  lua_getfield(L, LUA_REGISTRYINDEX, CONTEXT_NEW_EVENTFD);
  lua_call(L, 0, 3);
  if (lua_isnil(L, 2))
    return false;
  lua_settop(L, 2);
  api_fd(L, 2, NULL, &d);
  c = context_check(L);
  desc_ref(d);
  desc_unref(c->eventfd);
  c->eventfd = d;
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, CONTEXT_EVENTFD);
  return true;
}

/**
 * ctx:eventfd() -> eventfd | nil, message, errno
 *
 * The context's own eventfd, made when first asked for: every request that is
 * submitted from now on without an eventfd of its own adds one to it when it
 * completes. Only its user reads it.
 * Errors: EMFILE, ENFILE: no descriptor is left.
 * Example: w:add(ctx:eventfd(), "in")
 * See: eventfd(2)
 */
static int context_eventfd(lua_State *L) {
  lua_settop(L, 1);
  return push_eventfd(L) ? 1 : 3;
}

/* Whoever waits for the context would wait for these in vain. */
static void say_who_is_silent(const struct context *c) {
  unsigned n = context_silent(c);
  if (n > 0)
    fprintf(stderr,
            "aio: the events of %u requests do not wake who waits for the "
            "context: they were submitted before it was watched\n",
            n);
}

/**
 * ctx:pollfd() -> fd
 * ctx:events() -> "r"
 * ctx:timeout() -> nil
 *
 * For waiters and cqueues: the number of the context's eventfd. From the
 * first call on the context keeps it ready for as long as there are events,
 * and drains it itself when it leaves the ring empty and none undelivered.
 * Requests that were submitted before do not signal it: one line on the
 * standard error says so.
 * Errors: raises what ctx:eventfd would return.
 */
static int context_pollfd(lua_State *L) {
  lua_settop(L, 1);
  if (!push_eventfd(L))
    luaL_error(L, "%s", lua_tostring(L, 3));
  struct context *c = context_check(L);
  if (!c->drains) {
    say_who_is_silent(c);
    context_drain(c);
  }
  lua_pushinteger(L, c->eventfd->fd);
  return 1;
}

static int context_events(lua_State *L) {
  context_any(L);
  lua_pushliteral(L, "r");
  return 1;
}

static int context_timeout(lua_State *L) {
  context_any(L);
  lua_pushnil(L);
  return 1;
}

const luaL_Reg context_views[] = {
    {"list", context_list},       {"eventfd", context_eventfd},
    {"pollfd", context_pollfd},   {"events", context_events},
    {"timeout", context_timeout}, {NULL, NULL}};
