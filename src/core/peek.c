#include "core/peek.h"

#include <stddef.h>

#include "core/clock.h"

/* The slot that the i-th event of the ring belongs to, with its result, or
 * NULL when it is not ours. */
static struct slot *finished_at(const struct context *c, int i) {
  struct io_event e = ring_peek(&c->ring, (uint32_t)i);
  uint32_t index = (uint32_t)e.data;
  struct slot *s = index < c->slots ? context_slot(c, (int32_t)index) : NULL;
  if (s == NULL || s->state != SLOT_FLYING || s->generation != e.data >> 32 ||
      e.obj != (uintptr_t)&s->iocb)
    return NULL;
  s->res = e.res;
  s->res2 = e.res2;
  return s;
}

static int32_t index_of(const struct slot *s) {
  return (int32_t)(uint32_t)s->iocb.aio_data;
}

/* Each slot that is ready: taken before, and in the ring. */
static void visit(struct context *c, peek_teller *visitor, void *arg) {
  int ready = ring_ready(&c->ring);
  for (int32_t i = c->oldest; i != SLOT_NONE; i = context_slot(c, i)->next)
    visitor(arg, context_slot(c, i), i);
  for (int i = 0; i < ready; i++) {
    const struct slot *s = finished_at(c, i);
    if (s != NULL)
      visitor(arg, s, index_of(s));
  }
}

struct look {
  struct context *context;
  int64_t now;
  unsigned untold;
};

static void stamp(void *arg, const struct slot *seen, int32_t index) {
  struct look *look = arg;
  (void)seen;
  struct slot *s = context_slot(look->context, index);
  if (s->seen == 0)
    slot_see(s, look->now, -1);
  look->untold += !s->told;
}

/* Nothing came and nothing went since the last look. */
static bool unchanged(struct context *c, int ready) {
  uint64_t now = c->delivered + c->done + c->foreigns + (unsigned)ready;
  bool same = now == c->looked;
  c->looked = now;
  return same;
}

struct peek peek_look(struct context *c) {
  int ready = ring_ready(&c->ring);
  unsigned in_ring = ready > 0 ? (unsigned)ready : 0;
  struct look look = {c, clock_now(), 0};
  if (!unchanged(c, (int)in_ring)) {
    visit(c, stamp, &look);
    c->untold = look.untold;
  }
  return (struct peek){.unfinished =
                           c->flying > in_ring ? c->flying - in_ring : 0,
                       .ready = in_ring + c->done + c->foreigns,
                       .untold = c->untold,
                       .blind = c->ring.map == NULL && c->flying > 0};
}

struct telling {
  struct context *context;
  peek_teller *tell;
  void *arg;
};

static void tell_once(void *arg, const struct slot *s, int32_t index) {
  struct telling *t = arg;
  if (s->told)
    return;
  context_slot(t->context, index)->told = true;
  t->tell(t->arg, s, index);
}

void peek_tell(struct context *c, peek_teller *tell, void *arg) {
  struct telling t = {c, tell, arg};
  visit(c, tell_once, &t);
  c->untold = 0;
}
