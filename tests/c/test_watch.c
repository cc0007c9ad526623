/* The watcher of completion rings, over rings in plain memory. */
#include "core/watch.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/epoch.h"
#include "tap.h"

enum { NR = 8 };

static struct ring ring;

static void make_ring(void) {
  ring.map = calloc(1, sizeof *ring.map + NR * sizeof ring.map->events[0]);
  if (ring.map == NULL)
    abort();
  ring.nr = NR;
}

/* The kernel's part: n more events. */
static void complete(uint32_t n) {
  __atomic_store_n(&ring.map->tail, (ring.map->tail + n) % NR,
                   __ATOMIC_RELEASE);
}

/* The taker's part, of which the head is. */
static void move_head(uint32_t n) {
  ring.map->head = (ring.map->head + n) % NR;
}

/* Until there is a note of that position, or 10 s are over; the watcher may
 * have to be let onto the only CPU. */
static bool noted(struct watched *w, uint64_t position, struct stamp *s) {
  int64_t deadline = clock_now() + INT64_C(10000000000);
  struct timespec pause = clock_timespec(20000);
  while (!watch_stamp(w, position, s)) {
    if (clock_left(deadline) == 0)
      return false;
    nanosleep(&pause, NULL);
  }
  return true;
}

static void off(void) {
  ok(!watch_on && watch_add(&ring) == NULL, "off at first");
  watch_stop();
  ok(!watch_on, "to stop it is harmless");
  watch_remove(NULL);
  watch_expect(NULL, 3);
}

static void notes(struct watched *w) {
  struct stamp a, b;
  ok(!watch_stamp(w, 0, &a), "nothing is noted at first");
  watch_expect(w, 5);
  int64_t before = clock_now();
  complete(1);
  ok(noted(w, 0, &a), "an event is noted");
  ok(a.at >= before && a.at <= clock_now(), "when it came");
  complete(2);
  ok(noted(w, 1, &b) && noted(w, 2, &b) && b.at >= a.at, "then two more");
  ok(b.gap >= 0 && b.gap <= b.at - before, "with the time between two looks");
  ok(!watch_stamp(w, 3, &b), "and no other");
  move_head(3);
  ok(watch_begin(w, 3) == 0, "the taker begins at the first");
  watch_end(w, 3, 2);
}

/* Around the ring many times: a place's old note is never taken for a new
 * event's. */
static void around(struct watched *w) {
  bool good = true, stale = false;
  struct stamp s, last = {0, 0};
  for (uint64_t i = 3; i < 100; i++) {
    watch_expect(w, 1);
    stale |= watch_stamp(w, i, &s);
    complete(1);
    good &= noted(w, i, &s) && s.at >= last.at;
    last = s;
    move_head(1);
    good &= watch_begin(w, 1) == i;
    watch_end(w, 1, 0);
  }
  ok(good, "each event has its note, around the ring");
  ok(!stale, "and none before it came");
}

/* What was taken before the thread looked has no note, nor has its place's
 * next event before it comes. */
static void overtaken(struct watched *w) {
  struct stamp s;
  watch_expect(w, 0);
  complete(3);
  move_head(3);
  ok(watch_begin(w, 3) == 100, "taken unseen");
  watch_end(w, 3, 0);
  watch_expect(w, 1);
  complete(1);
  ok(noted(w, 103, &s), "the next one is noted");
  ok(!watch_stamp(w, 103 + NR, &s), "and not the one after it there");
  move_head(1);
  watch_end(w, 1, 0);
}

/* The thread sleeps by now. */
static void rested(struct watched *w) {
  struct timespec rest = {.tv_nsec = 60000000};
  struct stamp s;
  nanosleep(&rest, NULL);
  watch_expect(w, 1);
  complete(1);
  ok(noted(w, 104, &s), "it wakes up when something is expected");
  move_head(1);
  watch_end(w, 1, 0);
}

static void garbage(struct watched *w) {
  struct stamp s;
  uint32_t tail = ring.map->tail;
  watch_expect(w, 1);
  __atomic_store_n(&ring.map->tail, 0xdeadbeef, __ATOMIC_RELEASE);
  ok(!watch_stamp(w, 105, &s), "a tail beyond the ring");
  __atomic_store_n(&ring.map->tail, tail, __ATOMIC_RELEASE);
  complete(1);
  ok(noted(w, 105, &s), "is waited out");
}

static int in_child(void) {
  epoch_now();
  if (watch_add(&ring) != NULL || watch_on)
    return 1;
  watch_stop();
  if (watch_start() != 0 || !watch_on)
    return 2;
  struct watched *w = watch_add(&ring);
  watch_remove(w);
  watch_stop();
  return w == NULL ? 3 : 0;
}

static void forked(struct watched *w) {
  pid_t pid = fork();
  int status = -1;
  if (pid == 0) {
    int failed = in_child();
    watch_remove(w); /* the parent's */
    _exit(failed);
  }
  waitpid(pid, &status, 0);
  ok(status == 0, "a forked child has a watcher of its own (%d)", status);
}

int main(void) {
  make_ring();
  off();
  ok(watch_start() == 0 && watch_on, "on");
  ok(watch_start() == 0, "twice");
  watch_stop();
  ok(watch_on, "is on until it is stopped twice");
  struct watched *w = watch_add(&ring);
  ok(w != NULL, "a ring is watched");
  notes(w);
  around(w);
  overtaken(w);
  rested(w);
  garbage(w);
  forked(w);
  watch_stop();
  ok(!watch_on, "off");
  watch_remove(w);
  free(ring.map);
  return done();
}
