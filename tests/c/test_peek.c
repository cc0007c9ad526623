/* Looking at what has finished without taking it, over the scripted kernel. */
#include "core/peek.h"

#include <stdlib.h>

#include "core/poison.h"
#include "fake.h"
#include "requests.h"
#include "tap.h"

enum { N = 6 };

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

static void end(void) {
  fake_complete_all(&f);
  take(c, N);
  while (deliver(c, r, N) != NULL)
    continue;
  context_destroy(c);
  context_free(c);
  fake_close(&f);
  forget(r, N);
}

static bool stands(unsigned unfinished, unsigned ready, unsigned untold) {
  struct peek p = peek_look(c);
  return p.unfinished == unfinished && p.ready == ready && p.untold == untold;
}

static uint64_t ids[N + 1];
static unsigned told;

static void note(void *arg, const struct slot *s, int32_t index) {
  (void)arg;
  (void)index;
  ids[told++ % (N + 1)] = s->id;
}

static unsigned tell(void) {
  told = 0;
  peek_tell(c, note, NULL);
  return told;
}

static void looking(void) {
  begin(true);
  send_off(c, r, 4);
  ok(stands(4, 0, 0), "in flight");
  fake_complete(&f, 1, 100);
  fake_complete(&f, 0, -5);
  unsigned entered = f.calls[FAKE_GETEVENTS];
  ok(stands(2, 2, 2), "two have finished");
  ok(stands(2, 2, 2), "and are untold until they are told");
  ok(tell() == 2 && ids[0] == ids[1] + 1, "in the order of completion");
  ok(stands(2, 2, 0) && tell() == 0, "once");
  fake_complete(&f, 0, 100);
  ok(stands(1, 3, 1) && tell() == 1, "one more");
  ok(f.calls[FAKE_GETEVENTS] == entered && fake_ready(&f) == 3,
     "nothing was taken, the kernel not entered");
  end();
}

static void taking(void) {
  begin(true);
  send_off(c, r, 3);
  fake_complete_all(&f);
  ok(stands(0, 3, 3), "three have finished");
  take(c, 2);
  ok(stands(0, 3, 3), "taken and not handed out, they are ready as well");
  deliver(c, r, N);
  ok(tell() == 2, "what was handed out is not told");
  deliver(c, r, N);
  ok(stands(0, 1, 0), "one is left");
  send_off(c, r, 1);
  ok(stands(1, 1, 0), "a slot that is used again");
  fake_complete_all(&f);
  ok(stands(0, 2, 1) && tell() == 1, "is told again");
  end();
}

static void stamping(void) {
  begin(true);
  send_off(c, r, 2);
  fake_complete(&f, 0, 100);
  peek_look(c);
  int64_t seen = context_slot(c, (int32_t)r[0].slot)->seen;
  ok(seen != 0, "the look is the time of completion");
  fake_complete_all(&f);
  take(c, 2);
  ok(context_slot(c, (int32_t)r[0].slot)->seen == seen,
     "which taking leaves alone");
  ok(context_slot(c, (int32_t)r[1].slot)->seen >= seen,
     "another's is when it was taken");
  end();
}

static void strangers(void) {
  begin(true);
  send_off(c, r, 1);
  fake_post(&f, (struct io_event){.data = 7, .obj = 8, .res = 9});
  ok(tell() == 0, "an event that is not ours is not told");
  f.ring->tail = UINT32_MAX;
  ok(peek_look(c).ready == 0 && tell() == 0, "a ring that makes no sense");
  f.ring->tail = 1;
  end();
}

static void blind(void) {
  begin(false);
  ok(!peek_look(c).blind, "without a ring, and nothing in flight");
  send_off(c, r, 2);
  fake_complete_all(&f);
  ok(peek_look(c).blind && stands(2, 0, 0), "nothing can be seen");
  take(c, 2);
  ok(stands(0, 2, 2) && tell() == 2, "but what was taken");
  end();
}

int main(void) {
  unsetenv("AIOSH_RING");
  poison_enabled = false;
  looking();
  taking();
  stamping();
  strangers();
  blind();
  return done();
}
