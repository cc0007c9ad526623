/* From the kernel into the queue, and from the queue to the user. */
#include "core/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/slot.h"
#include "core/watch.h"

int context_reserve_events(struct context *c, unsigned n) {
  if (n > c->events_room) {
    struct io_event *events = realloc(c->events, n * sizeof *events);
    if (events == NULL)
      return -ENOMEM;
    c->events = events;
    c->events_room = n;
  }
  if (c->foreigns + n > c->foreign_room) {
    unsigned room = c->foreigns + n;
    struct io_event *foreign = realloc(c->foreign, room * sizeof *foreign);
    if (foreign == NULL)
      return -ENOMEM;
    c->foreign = foreign;
    c->foreign_room = room;
  }
  return 0;
}

unsigned context_clamp(const struct context *c, long n) {
  if (n <= 0)
    return 0;
  return (unsigned long)n < c->room ? (unsigned)n : c->room;
}

static void enqueue(struct context *c, struct slot *s, int32_t index) {
  s->next = SLOT_NONE;
  if (c->newest == SLOT_NONE)
    c->oldest = index;
  else
    context_slot(c, c->newest)->next = index;
  c->newest = index;
  c->flying--;
  c->done++;
}

static void record_taken(const struct context *c, const struct slot *s,
                         int64_t now) {
  *record_next() = (struct record_entry){
      .kind = RECORD_TAKEN,
      .opcode = s->iocb.aio_lio_opcode,
      .context = c->serial,
      .at = now,
      .id = s->id,
      .event = {
          .res = s->res, .res2 = s->res2, .seen = s->seen, .gap = slot_gap(s)}};
}

static void take_foreign(struct context *c, const struct io_event *e,
                         int64_t now) {
  c->foreign[c->foreigns++] = *e;
  if (record_on)
    *record_next() = (struct record_entry){
        .kind = RECORD_TAKEN,
        .context = c->serial,
        .at = now,
        .event = {.res = e->res, .res2 = e->res2, .seen = now, .gap = -1}};
}

/* The time of a batch, which is asked for once, and only if that matters. */
static int64_t time_of(int64_t *now) {
  if (*now == 0)
    *now = clock_now();
  return *now;
}

void slot_done(struct context *c, const struct io_event *e, int64_t *now) {
  uint32_t index = (uint32_t)e->data;
  struct slot *s = index < c->slots ? context_slot(c, (int32_t)index) : NULL;
  if (s == NULL || s->state != SLOT_FLYING || s->generation != e->data >> 32 ||
      e->obj != (uintptr_t)&s->iocb) {
    take_foreign(c, e, time_of(now));
    return;
  }
  s->state = SLOT_DONE;
  s->res = e->res;
  s->res2 = e->res2;
  if (s->seen == 0)
    slot_see(s, time_of(now), -1);
  enqueue(c, s, (int32_t)index);
  if (record_on)
    record_taken(c, s, time_of(now));
}

/* It was not there before its io_submit either. */
static int64_t gap_of(const struct slot *s, int64_t seen, struct stamp stamp) {
  int64_t most = seen - (s->submitted - s->slat);
  return stamp.gap < 0 || stamp.gap > most ? most : stamp.gap;
}

/* What the watcher knows about the n events that were taken last. */
static void apply_watch(const struct context *c, int n) {
  struct stamp stamp;
  uint64_t first = watch_begin(c->watched, (uint32_t)n);
  for (int i = 0; i < n; i++) {
    uint32_t index = (uint32_t)c->events[i].data;
    struct slot *s = index < c->slots ? context_slot(c, (int32_t)index) : NULL;
    if (s == NULL || s->seen != 0 ||
        !watch_stamp(c->watched, first + (uint64_t)i, &stamp))
      continue;
    int64_t seen = stamp.at > s->submitted ? stamp.at : s->submitted;
    slot_see(s, seen, gap_of(s, seen, stamp));
  }
}

static void accept_all(struct context *c, int n) {
  if (n <= 0)
    return;
  int64_t now = 0;
  if (c->watched != NULL)
    apply_watch(c, n);
  for (int i = 0; i < n; i++)
    slot_done(c, &c->events[i], &now);
  if (c->watched != NULL)
    watch_end(c->watched, (uint32_t)n, c->flying);
}

static void record_wait(const struct context *c, int64_t start,
                        const struct wait *w, int n) {
  struct record_call call = {.timeout = w->timeout,
                             .res = n,
                             .n = (int32_t)w->nr,
                             .min_nr = (int32_t)w->min_nr,
                             .blocked = UINT64_MAX};
  if (w->blocked != NULL)
    memcpy(&call.blocked, w->blocked, sizeof call.blocked);
  context_record(c, w->pwait ? RECORD_PGETEVENTS : RECORD_GETEVENTS, start,
                 call);
}

/* Whether the kernel has no event for us. Without a ring that is known when it
 * gave fewer than it was asked for (dry), or when nothing is in flight. */
static bool left_empty(const struct context *c, bool dry) {
  return c->ring.map != NULL ? ring_ready(&c->ring) == 0
                             : dry || c->flying == 0;
}

/* Whether an event came since; without a ring it is taken to see that, into
 * the room that the first look left. */
static bool came_meanwhile(struct context *c, long room) {
  struct timespec now = {0, 0};
  if (c->ring.map != NULL)
    return ring_ready(&c->ring) != 0;
  if (c->flying == 0)
    return false;
  int64_t start = record_on ? clock_now() : 0;
  int n = c->kaio->getevents(c->kaio, c->id, 0, room, c->events, &now);
  accept_all(c, n);
  if (record_on)
    record_wait(c, start, &(struct wait){.nr = room}, n);
  return n > 0;
}

/* Fails only when the count is full: readable all the same. */
static void make_ready(const struct context *c) {
  const uint64_t one = 1;
  ssize_t put = write(c->eventfd->fd, &one, sizeof one);
  (void)put;
}

static bool drains(const struct context *c) {
  return c->drains && !c->eventfd->shut;
}

/* The context's own eventfd, watched by a waiter, is drained when the ring is
 * left empty; room is what was asked for beyond what came. An event may come
 * between the look and the read: then the eventfd is made ready again. */
static void drain(struct context *c, long room) {
  uint64_t count = 0;
  if (!drains(c) || !left_empty(c, room > 0))
    return;
  if (read(c->eventfd->fd, &count, sizeof count) == sizeof count &&
      came_meanwhile(c, room))
    make_ready(c);
  c->owed = context_queued(c) > 0;
  if (c->owed)
    make_ready(c);
}

/* What is in the queue keeps the eventfd ready: drain added one for that, which
 * goes with the last. More than that one are signals that came since. */
static void settle(struct context *c) {
  uint64_t count = 0;
  if (!c->owed || context_queued(c) > 0)
    return;
  c->owed = false;
  if (drains(c) && read(c->eventfd->fd, &count, sizeof count) > 0 && count > 1)
    make_ready(c);
}

void context_drain(struct context *c) {
  c->drains = true;
  drain(c, 0);
  if (!left_empty(c, false))
    make_ready(c);
}

int context_take(struct context *c, unsigned nr) {
  if (c->ring.map == NULL)
    return -EAGAIN;
  int64_t start = record_on ? clock_now() : 0;
  int n = ring_reap(&c->ring, c->events, nr);
  accept_all(c, n);
  if (n > 0 && record_on)
    context_record(c, RECORD_REAP, start,
                   (struct record_call){.n = (int32_t)nr, .res = n});
  drain(c, 0);
  return n;
}

int context_wait(struct context *c, const struct wait *w) {
  struct timespec ts = clock_timespec(w->timeout < 0 ? 0 : w->timeout);
  struct timespec *timeout = w->timeout < 0 ? NULL : &ts;
  long room = (long)c->events_room;
  long nr = w->nr > room ? room : w->nr;
  long min_nr = w->min_nr > nr && w->min_nr <= w->nr ? nr : w->min_nr;
  int64_t start = record_on ? clock_now() : 0;
  struct kaio *k = c->kaio;
  int n = w->pwait ? k->pgetevents(k, c->id, min_nr, nr, c->events, timeout,
                                   w->blocked)
                   : k->getevents(k, c->id, min_nr, nr, c->events, timeout);
  accept_all(c, n);
  if (record_on)
    record_wait(c, start, w, n);
  drain(c, n >= 0 ? nr - n : 0);
  return n;
}

/* ---- deliver ---- */

unsigned context_queued(const struct context *c) {
  return c->done + c->foreigns;
}

unsigned context_inflight(const struct context *c) {
  return c->flying + c->done;
}

/* Out of the queue, with its pins gone. */
static struct slot *dequeue(struct context *c, int32_t index, int32_t prev) {
  struct slot *s = context_slot(c, index);
  if (prev == SLOT_NONE)
    c->oldest = s->next;
  else
    context_slot(c, prev)->next = s->next;
  if (c->newest == index)
    c->newest = prev;
  slot_let_go(s);
  c->done--;
  c->delivered++;
  c->edits++;
  return s;
}

void context_deliver(struct context *c, int32_t index, int32_t prev) {
  dequeue(c, index, prev);
  slot_free(c, index);
  settle(c);
}

const struct slot *context_hand_over(struct context *c, int32_t index,
                                     int32_t prev) {
  context_forget_handed(c);
  struct slot *s = dequeue(c, index, prev);
  s->state = SLOT_HANDED;
  c->handed = index;
  settle(c);
  return s;
}

void context_forget_handed(struct context *c) {
  if (c->handed == SLOT_NONE)
    return;
  slot_free(c, c->handed);
  c->handed = SLOT_NONE;
}

void context_deliver_foreign(struct context *c, unsigned n) {
  c->foreigns -= n;
  for (unsigned i = 0; i < c->foreigns; i++)
    c->foreign[i] = c->foreign[i + n];
  c->delivered += n;
  c->edits++;
  settle(c);
}
