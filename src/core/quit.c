/* The contexts of this process, and what becomes of them at its end. */
#include "core/context.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include "core/clock.h"
#include "core/slot.h"

static struct context *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool leaving;

void context_enlist(struct context *c) {
  pthread_mutex_lock(&lock);
  c->next = all;
  c->link = &all;
  if (c->next != NULL)
    c->next->link = &c->next;
  all = c;
  pthread_mutex_unlock(&lock);
}

struct context *context_first(void) {
  return all;
}

void context_delist(struct context *c) {
  pthread_mutex_lock(&lock);
  *c->link = c->next;
  if (c->next != NULL)
    c->next->link = c->link;
  pthread_mutex_unlock(&lock);
}

unsigned context_pending(void) {
  unsigned n = 0;
  for (struct context *c = all; c != NULL; c = c->next)
    if (context_usable(c))
      n += c->flying;
  return n;
}

static bool poll_flying(const struct slot *s) {
  return s->state == SLOT_FLYING && s->iocb.aio_lio_opcode == KAIO_CMD_POLL;
}

/* An old kernel hands the event over instead of putting it into the ring. */
static void cancel_polls(struct context *c) {
  struct io_event e = {0};
  int64_t now = 0;
  for (unsigned i = 0; i < c->slots; i++) {
    struct slot *s = context_slot(c, (int32_t)i);
    if (poll_flying(s) && context_reserve_events(c, 1) == 0 &&
        c->kaio->cancel(c->kaio, c->id, &s->iocb, &e) == 0)
      slot_done(c, &e, &now);
  }
}

/* Takes events into the queue until none is in flight or the time is over.
 * False: time is over, or the kernel does not answer. */
static bool settle(struct context *c, int64_t deadline) {
  while (c->flying > 0) {
    struct wait w = {c->flying, c->flying, -1, false, NULL};
    if (deadline > 0)
      w.timeout = clock_left(deadline);
    if (context_reserve_events(c, context_clamp(c, w.nr)) != 0)
      return false;
    int n = context_wait(c, &w);
    if (n < 0 && n != -EINTR)
      return false;
    if (c->flying > 0 && deadline > 0 && clock_left(deadline) == 0)
      return false;
  }
  return true;
}

static void settle_all(int64_t deadline) {
  for (struct context *c = all; c != NULL; c = c->next)
    if (context_usable(c))
      settle(c, deadline);
}

void context_cancel_polls(void) {
  for (struct context *c = all; c != NULL; c = c->next)
    if (context_usable(c))
      cancel_polls(c);
}

void context_quit(void (*notice)(unsigned pending)) {
  if (context_pending() == 0)
    return;
  context_cancel_polls();
  settle_all(clock_now() + INT64_C(200000000));
  if (context_pending() == 0)
    return;
  notice(context_pending());
  settle_all(0);
}

void context_leave(void) {
  leaving = true;
}

bool context_leaving(void) {
  return leaving;
}
