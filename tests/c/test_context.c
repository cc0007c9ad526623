/* Contexts over the scripted kernel: gather and submit, take and deliver. */
#include "core/context.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/poison.h"
#include "core/record.h"
#include "fake.h"
#include "requests.h"
#include "tap.h"

enum { N = 8 };

static struct fake f;
static struct context *c;
static struct request r[N];

static void begin(bool ring) {
  fake_open(&f, ring);
  if (context_open(&c, &f.kaio, 64) != 0)
    abort();
  for (int i = 0; i < N; i++)
    r[i] = a_read(0);
}

static void end(const char *what) {
  bool free_again = true;
  for (int i = 0; i < N; i++)
    free_again &= r[i].mem->refs == 1 && r[i].mem->pins == NULL;
  ok(free_again, "%s: no pin is left", what);
  if (f.alive)
    context_destroy(c);
  context_free(c);
  fake_close(&f);
  forget(r, N);
}

static unsigned pinned(void) {
  unsigned n = 0;
  for (int i = 0; i < N; i++)
    n += mem_in_flight(r[i].mem, 0, REQUEST_BYTES, false);
  return n;
}

static unsigned flying_requests(void) {
  unsigned n = 0;
  for (int i = 0; i < N; i++)
    n += r[i].context != NULL;
  return n;
}

/* ---- submit ---- */

static void gathering(void) {
  begin(true);
  struct desc *d = NULL;
  if (desc_new(&d, dup(0)) != 0 || context_reserve(c, 3) != 0)
    abort();
  r[0].file = d;
  ok(context_gather(c, &r[0]) == 0 && context_gather(c, &r[1]) == 0, "gather");
  ok(context_gather(c, &r[0]) == -EBUSY, "twice in a list: EBUSY");
  context_scatter(c);
  ok(c->gathered == 0 && flying_requests() == 0 && pinned() == 0, "scatter");
  ok(d->busy == 0 && d->refs == 1, "nothing was held");
  ok(send_off(c, r, 2) == 2 && d->busy == 1 && pinned() == 2, "submit");
  ok(context_reserve(c, 1) == 0 && context_gather(c, &r[1]) == -EBUSY,
     "in flight: EBUSY");
  fake_complete_all(&f);
  ok(take(c, 8) == 2 && d->busy == 1, "taken is not delivered");
  ok(context_gather(c, &r[0]) == -EBUSY, "done, not delivered: EBUSY");
  ok(deliver(c, r, N) == &r[0] && d->busy == 0, "released");
  ok(d->refs == 2 && c->last.file == d, "the last submit remembers it");
  deliver(c, r, N);
  r[0].file = NULL;
  ok(context_submit(c, 0) == 0 && context_submit(c, -1) == -EINVAL,
     "wrong questions reach the kernel");
  r[0].file = d;
  if (context_reserve(c, 1) != 0 || context_gather(c, &r[0]) != 0)
    abort();
  context_scatter(c);
  r[0].file = NULL;
  end("gathering");
  ok(d->busy == 0 && d->refs == 1, "nor is it dropped with the context");
  desc_unref(d);
}

static void partial(void) {
  begin(true);
  f.take = 3;
  ok(send_off(c, r, N) == 3, "three are taken");
  ok(flying_requests() == 3 && pinned() == 3, "only those are in flight");
  ok(c->flying == 3 && c->last.asked == N && c->last.taken == 3, "counted");
  ok(c->asked[3] == &r[3], "where it stopped");
  fake_fail(&f, FAKE_SUBMIT, 1, EAGAIN);
  ok(send_off(c, r + 3, 2) == -EAGAIN, "EAGAIN");
  ok(flying_requests() == 3 && c->last.taken == -EAGAIN, "nothing changed");
  ok(send_off(c, r + 3, N - 3) == N - 3, "the rest");
  unsigned slots = c->slots;
  fake_complete_all(&f);
  ok(take(c, N) == N, "all events");
  bool order = true;
  for (int i = 0; i < N; i++)
    order &= deliver(c, r, N) == &r[i];
  ok(order && c->oldest == SLOT_NONE, "in order");
  ok(c->slots == slots && c->free_slots == slots, "all slots are free");
  end("partial");
}

static void done_at_return(void) {
  begin(true);
  f.synchronous = true;
  send_off(c, r, 2);
  ok(c->last.done == 2, "all were done at return");
  f.synchronous = false;
  send_off(c, r + 2, 2);
  ok(c->last.done == 0, "those in the ring are another submit's");
  fake_post(&f, (struct io_event){.data = 1 << 20, .obj = 7});
  f.synchronous = true;
  f.take = 1;
  send_off(c, r + 4, 3);
  ok(c->last.done == 1 && c->last.taken == 1, "strangers do not count");
  f.ring->head = 0xffffffff;
  send_off(c, r + 5, 1);
  ok(c->last.done == -1, "unknown when the ring makes no sense");
  f.ring->head = 0;
  int n = take(c, 20);
  ok(n == 7 && c->foreigns == 1, "all are there");
  while (deliver(c, r, N) != NULL)
    ;
  end("done at return");
  begin(false);
  f.synchronous = true;
  send_off(c, r, 2);
  ok(c->last.done == -1, "unknown without a ring");
  take(c, 2);
  while (deliver(c, r, N) != NULL)
    ;
  end("done at return");
}

/* ---- take and deliver ---- */

static void foreign(bool ring) {
  begin(ring);
  send_off(c, r, 2);
  struct io_event e = {.data = 0, .obj = 0x10, .res = 5};
  e.obj = (uintptr_t)f.held[0].obj + 1;
  e.data = f.held[0].iocb.aio_data;
  fake_post(&f, e);
  fake_complete(&f, 0, 100);
  fake_post(&f, f.last);
  e.data = UINT64_MAX;
  fake_post(&f, e);
  ok(take(c, 20) == 4 && c->foreigns == 3 && c->done == 1, "three of four");
  ok(context_slot(c, c->oldest)->res == 100, "the one whose all is right");
  ok(deliver(c, r, N) == &r[0], "it is delivered");
  ok(context_queued(c) == 3 && context_inflight(c) == 1, "counted apart");
  ok(send_off(c, r, 1) == 1, "the same slot again");
  fake_post(&f, f.last);
  take(c, 4);
  ok(c->foreigns == 4 && c->done == 0, "the old generation is foreign");
  context_deliver_foreign(c, 3);
  ok(c->foreigns == 1 && c->foreign[0].data == f.last.data, "oldest first");
  context_deliver_foreign(c, 1);
  fake_complete_all(&f);
  take(c, 4);
  ok(c->done == 2 && c->foreigns == 0, "and both come");
  while (deliver(c, r, N) != NULL)
    ;
  end(ring ? "foreign" : "foreign, no ring");
}

/* Completed in any order, delivered from the middle. */
static void queue(void) {
  static const unsigned held[] = {5, 0, 3, 3, 1, 0, 1, 0};
  static const int order[] = {5, 0, 4, 6, 2, 1, 7, 3};
  begin(true);
  send_off(c, r, N);
  for (int i = 0; i < N; i++)
    fake_complete(&f, held[i], FAKE_FULL);
  ok(take(c, 3) == 3 && take(c, 20) == 5 && take(c, 1) == 0, "taken in parts");
  bool good = true;
  int32_t at = c->oldest;
  for (int i = 0; i < N; i++) {
    good &= at == (int32_t)r[order[i]].slot;
    at = context_slot(c, at)->next;
  }
  ok(good && at == SLOT_NONE, "the queue is in the order of completion");
  context_deliver(c, (int32_t)r[0].slot, (int32_t)r[5].slot);
  context_deliver(c, (int32_t)r[3].slot, (int32_t)r[7].slot);
  context_deliver(c, (int32_t)r[5].slot, SLOT_NONE);
  r[0].context = r[3].context = r[5].context = NULL;
  ok(c->newest == (int32_t)r[7].slot && c->oldest == (int32_t)r[4].slot,
     "from the middle and both ends");
  ok(pinned() == 5 && c->delivered == 3 && c->edits == 3, "counted");
  good = true;
  for (int i = 2; i < 7; i++)
    good &= deliver(c, r, N) == &r[order[i]];
  ok(good && c->newest == SLOT_NONE, "the rest in order");
  end("queue");
}

/* The slot handed over last keeps what its event told, and nothing else. */
static void handed_over(void) {
  begin(true);
  send_off(c, r, 2);
  fake_complete(&f, 0, 7);
  fake_complete(&f, 0, 8);
  take(c, 2);
  unsigned spare = c->free_slots;
  int32_t first = (int32_t)r[0].slot, second = (int32_t)r[1].slot;
  ok(c->handed == SLOT_NONE, "none at first");
  context_hand_over(c, first, SLOT_NONE);
  r[0].context = NULL;
  ok(c->handed == first && context_slot(c, first)->res == 7, "kept");
  ok(pinned() == 1 && c->done == 1 && c->delivered == 1, "but delivered");
  ok(c->free_slots == spare, "its slot is not free yet");
  context_hand_over(c, second, SLOT_NONE);
  r[1].context = NULL;
  ok(c->handed == second && c->free_slots == spare + 1, "it is now");
  context_forget_handed(c);
  context_forget_handed(c);
  ok(c->handed == SLOT_NONE && c->free_slots == spare + 2, "and both are");
  end("handed over");
}

static void waits(bool ring) {
  begin(ring);
  ok(context_clamp(c, -1) == 0 && context_clamp(c, 5) == 5, "clamp");
  ok(context_clamp(c, LONG_MAX) == c->room && c->room >= 127, "to the room");
  send_off(c, r, 4);
  struct wait w = {1, 4, -1, false, NULL};
  context_reserve_events(c, 2);
  ok(context_wait(c, &w) == 1, "a wait for one");
  w.min_nr = 3;
  ok(context_wait(c, &w) == 2, "cut to what is reserved");
  w = (struct wait){2, 1, 0, false, NULL};
  ok(context_wait(c, &w) == -EINVAL, "min over nr");
  fake_fail(&f, FAKE_GETEVENTS, 1, EINTR);
  w = (struct wait){0, 4, 0, true, NULL};
  ok(context_wait(c, &w) == -EINTR && c->flying == 1, "EINTR");
  fake_complete_all(&f);
  ok(context_wait(c, &w) == 1 && c->flying == 0, "and the last");
  while (deliver(c, r, N) != NULL)
    ;
  end("waits");
}

static void nonsense(void) {
  begin(true);
  send_off(c, r, 2);
  fake_complete_all(&f);
  f.ring->tail = 0xffff;
  ok(context_reserve_events(c, 4) == 0 && context_take(c, 4) == -EAGAIN,
     "more than the ring holds: ask the kernel");
  ok(take(c, 4) == 2, "which has them");
  while (deliver(c, r, N) != NULL)
    ;
  f.ring->tail = f.tail;
  end("nonsense");
}

static void recorded(void) {
  struct record_entry e[32];
  uint64_t cursor = 0, missed = 0;
  unsigned seen[RECORD_TAKEN + 1] = {0};
  record_open(32);
  begin(true);
  f.synchronous = true;
  send_off(c, r, 3);
  take(c, 3);
  while (deliver(c, r, N) != NULL)
    ;
  ok(c->last.switches >= 0, "switches are counted");
  end("recorded");
  size_t n = record_read(&cursor, e, 32, &missed);
  for (size_t i = 0; i < n; i++)
    seen[e[i].kind]++;
  ok(seen[RECORD_SETUP] == 1 && seen[RECORD_SUBMIT] == 1 &&
         seen[RECORD_REQUEST] == 3 && seen[RECORD_REAP] == 1 &&
         seen[RECORD_TAKEN] == 3 && seen[RECORD_DESTROY] == 1,
     "every call and request is recorded");
  record_close();
}

/* How long before it was seen an event was not there. */
static void gaps(void) {
  static const int64_t exact[] = {-1, 0, 1, 999, 16000000};
  struct slot s = {.seen = 0};
  for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
    slot_see(&s, 5, exact[i]);
    ok(s.seen == 5 && slot_gap(&s) == exact[i], "gap %lld",
       (long long)exact[i]);
  }
  const int64_t hour = INT64_C(3600000000000);
  slot_see(&s, 5, hour);
  ok(llabs(slot_gap(&s) - hour) < 1000000, "of an hour, to the ms");
}

int main(void) {
  gaps();
  poison_enabled = false;
  unsetenv("AIOSH_RING");
  gathering();
  partial();
  done_at_return();
  foreign(true);
  foreign(false);
  queue();
  handed_over();
  waits(true);
  waits(false);
  nonsense();
  recorded();
  return done();
}
