/* The ring: what is taken for one, reaping around its end, and nonsense. */
#include "core/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake.h"
#include "tap.h"

static struct fake f;

static bool opens(void) {
  struct ring r;
  bool good = ring_open(&r, (uintptr_t)f.ring);
  return good && r.map == f.ring && r.nr == FAKE_RING;
}

static bool refused(void) {
  struct ring r;
  return !ring_open(&r, (uintptr_t)f.ring) && r.map == NULL &&
         ring_ready(&r) == 0 && ring_reap(&r, NULL, 4) == 0;
}

static void recognition(void) {
  struct ring r;
  ok(opens(), "a ring as we know it");
  ok(!ring_open(&r, 0) && r.map == NULL, "no context");
  f.ring->magic++;
  ok(refused(), "another magic");
  f.ring->magic--;
  f.ring->incompat = 1;
  ok(refused(), "an incompatible feature");
  f.ring->incompat = 0;
  f.ring->compat = 0xffff;
  ok(opens(), "compatible features do not matter");
  f.ring->header_length++;
  ok(refused(), "another header");
  f.ring->header_length--;
  f.ring->nr = 0;
  ok(refused(), "no room");
  f.ring->nr = FAKE_RING;
  setenv("AIOSH_RING", "off", 1);
  ok(refused(), "AIOSH_RING=off");
  setenv("AIOSH_RING", "on", 1);
  ok(opens(), "AIOSH_RING=on");
  unsetenv("AIOSH_RING");
}

static void post(unsigned n, unsigned *next) {
  for (unsigned i = 0; i < n; i++)
    fake_post(&f, (struct io_event){.data = (*next)++});
}

/* Many times around, in steps of every size. */
static void wrap_around(struct ring *r) {
  struct io_event e[FAKE_RING];
  unsigned posted = 0, seen = 0;
  bool good = true;
  for (unsigned step = 1; step < FAKE_RING; step++) {
    post(step, &posted);
    good &= ring_ready(r) == (int)step;
    for (unsigned i = 0; i < step; i++)
      good &= ring_peek(r, i).data == seen + i;
    unsigned first = step / 3;
    good &= ring_reap(r, e, first) == (int)first;
    good &= ring_reap(r, e + first, FAKE_RING) == (int)(step - first);
    for (unsigned i = 0; i < step; i++)
      good &= e[i].data == seen++;
    good &= ring_ready(r) == 0 && ring_reap(r, e, 8) == 0;
  }
  ok(good, "every event once, in order, around the end");
  ok(seen == posted, "all of them");
}

static bool nonsense(struct ring *r, uint32_t head, uint32_t tail) {
  struct io_event e[2] = {{.data = 7}};
  f.ring->head = head;
  f.ring->tail = tail;
  return ring_ready(r) == -EAGAIN && ring_reap(r, e, 2) == -EAGAIN &&
         f.ring->head == head && e[0].data == 7;
}

static void scribbled(struct ring *r) {
  uint32_t head = f.ring->head, tail = f.ring->tail;
  ok(nonsense(r, FAKE_RING, 0), "head at nr");
  ok(nonsense(r, 0, FAKE_RING), "tail at nr");
  ok(nonsense(r, 0xdeadbeef, 1), "head far beyond");
  ok(nonsense(r, 1, UINT32_MAX), "tail far beyond");
  ring_peek(r, FAKE_RING - 1);
  f.ring->head = 0xdeadbeef;
  ring_peek(r, 5);
  ok(true, "a peek stays within");
  f.ring->head = head;
  f.ring->tail = tail;
  f.ring->nr = 1 << 30;
  ok(ring_ready(r) == 0, "nr is read once");
  f.ring->head = FAKE_RING + 5;
  ok(ring_ready(r) == -EAGAIN, "also if it grows");
  f.ring->head = head;
  f.ring->nr = FAKE_RING;
}

/* MADV_DONTFORK: msync(2) says ENOMEM where nothing is mapped. */
static bool mapped(void) {
  return msync(f.ring, (size_t)sysconf(_SC_PAGESIZE), MS_ASYNC) == 0;
}

static void forked(void) {
  int status = -1;
  pid_t pid = fork();
  if (pid == 0)
    _exit(mapped() ? 1 : 0);
  waitpid(pid, &status, 0);
  ok(mapped(), "this process has it");
  ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a forked child has not");
}

int main(void) {
  struct ring r;
  unsetenv("AIOSH_RING");
  fake_open(&f, true);
  recognition();
  ok(ring_open(&r, (uintptr_t)f.ring), "opened");
  ok(ring_ready(&r) == 0, "empty");
  wrap_around(&r);
  scribbled(&r);
  forked();
  fake_close(&f);
  return done();
}
