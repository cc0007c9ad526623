/* From a context's queue to tables of events: they are built without removing
 * anything, and leave the queue when they are complete (invariant 3). */
#include "binding/context.h"

/* Whether the context is still as it was when its queue was looked at. */
static bool unchanged(const struct context_object *o, const struct context *c,
                      uint64_t edits) {
  return o->context == c && c->edits == edits;
}

/* Sets the events of the first n in the queue into the table on top; false
 * when a finalizer changed the queue meanwhile. */
static bool fill_events(lua_State *L, const struct context_object *o, int iocbs,
                        struct event_batch *b, unsigned n) {
  struct context *c = o->context;
  uint64_t edits = c->edits;
  int list = lua_gettop(L);
  unsigned i = 0;
  for (; i < n && i < c->foreigns; i++) {
    struct io_event e = c->foreign[i];
    event_push_foreign(L, &e);
    lua_rawseti(L, list, (lua_Integer)i + 1);
    if (!unchanged(o, c, edits))
      return false;
  }
  for (int32_t index = c->oldest; i < n; i++) {
    struct event_source e;
    event_read(&e, context_slot(c, index), index);
    event_push(L, b, iocbs, &e);
    lua_rawseti(L, list, (lua_Integer)i + 1);
    if (!unchanged(o, c, edits))
      return false;
    index = context_slot(c, index)->next;
  }
  return true;
}

/* Removes the first n of the queue, which the batch is of; cannot fail. */
static void remove_events(lua_State *L, struct context *c, int iocbs,
                          const struct event_batch *b, unsigned n) {
  unsigned foreign = n < c->foreigns ? n : c->foreigns;
  event_release(b, c);
  context_deliver_foreign(c, foreign);
  for (unsigned i = foreign; i < n; i++)
    context_remove(L, c, iocbs, c->oldest, SLOT_NONE);
}

int context_push_events(lua_State *L, long nr) {
  const struct context_object *o = api_check(L, 1, &context_type);
  lua_settop(L, 1);
  context_push_iocbs(L);
  for (;;) {
    struct context *c = context_opened(L, o);
    unsigned n = context_queued(c);
    if (nr >= 0 && (unsigned long)nr < n)
      n = (unsigned)nr;
    struct event_batch b;
    event_begin(L, &b, n);
    lua_createtable(L, (int)n, 0);
    c = context_opened(L, o);
    if (context_queued(c) >= n && fill_events(L, o, 2, &b, n)) {
      lua_pushvalue(L, -1);
      lua_setiuservalue(L, 1, CONTEXT_LAST_EVENTS);
      context_forget(L, c, 2);
      remove_events(L, c, 2, &b, n);
      return 1;
    }
    lua_settop(L, 2);
  }
}

void context_push_event(lua_State *L, int32_t index) {
  struct context *c = context_any(L);
  struct event_source e;
  event_read(&e, context_slot(c, index), index);
  context_push_iocbs(L);
  int iocbs = lua_gettop(L);
  event_push_one(L, iocbs, &e);
  c = context_any(L);
  int32_t prev = SLOT_NONE;
  for (int32_t i = c->oldest; i != SLOT_NONE; i = context_slot(c, i)->next) {
    if (i == index) {
      context_hand_out(L, c, iocbs, index, prev);
      break;
    }
    prev = i;
  }
}
