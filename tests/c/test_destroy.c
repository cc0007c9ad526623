/* How contexts and requests end, over the scripted kernel: cancel, destroy,
 * the eventfd, and the end of the process. */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/context.h"
#include "core/poison.h"
#include "fake.h"
#include "requests.h"
#include "tap.h"

enum { N = 4 };

static struct fake f;
static struct context *c;
static struct request r[N]; /* two reads, two polls */

static void begin(bool ring) {
  fake_open(&f, ring);
  int err = context_open(&c, &f.kaio, 64);
  if (err != 0)
    abort();
  r[0] = a_read(0);
  r[1] = a_read(0);
  r[2] = a_poll(0);
  r[3] = a_poll(0);
}

static void free_all(void) {
  context_free(c);
  forget(r, N);
  fake_close(&f);
}

/* ---- open ---- */

static void opening(void) {
  struct context *none = NULL;
  fake_open(&f, true);
  fake_fail(&f, FAKE_SETUP, 1, EAGAIN);
  ok(context_open(&none, &f.kaio, 8) == -EAGAIN && none == NULL, "refused");
  ok(context_open(&none, &f.kaio, 0) == -EINVAL, "of no events");
  ok(context_open(&c, &f.kaio, 8) == 0 && c->ring.map == f.ring, "opened");
  ok(context_usable(c) && !context_inherited(c), "usable");
  ok(context_destroy(c) == 0 && !context_usable(c) && c->ring.map == NULL,
     "destroyed");
  context_free(c);
  fake_close(&f);
  fake_open(&f, false);
  ok(context_open(&c, &f.kaio, 1) == 0 && c->ring.map == NULL, "no ring");
  ok(c->room > 16, "room for what the kernel may hold");
  context_destroy_idle(c);
  ok(!f.alive && c->id == 0, "destroyed idle");
  context_free(c);
  fake_close(&f);
}

/* ---- cancel ---- */

static void cancelling(void) {
  struct request stranger = a_poll(0);
  begin(true);
  send_off(c, r, N);
  context_reserve_events(c, 4);
  ok(context_cancel(c, &r[0]) == -EINVAL, "a read");
  ok(context_cancel(c, &stranger) == -EINVAL, "not submitted");
  ok(context_cancel(c, &r[2]) == -EINPROGRESS && c->flying == N, "accepted");
  ok(take(c, 4) == 1 && c->oldest == (int32_t)r[2].slot, "its event comes");
  ok(context_cancel(c, &r[2]) == -EINVAL, "done, not delivered");
  f.hands_over = true;
  ok(context_cancel(c, &r[3]) == 0 && c->newest == (int32_t)r[3].slot,
     "handed over: it is the newest in the queue");
  ok(c->flying == 2 && c->done == 2, "counted");
  fake_fail(&f, FAKE_CANCEL, 1, ENOSYS);
  ok(context_cancel(c, &r[0]) == -ENOSYS, "any errno");
  ok(context_destroy(c) == 0, "destroyed");
  free_all();
}

/* ---- destroy ---- */

static void destroying(void) {
  begin(true);
  send_off(c, r, 3);
  fake_complete(&f, 0, FAKE_FULL);
  take(c, 1);
  struct mem *lost = r[1].mem;
  ok(lost->pins != NULL, "in flight");
  ok(context_destroy(c) == 0 && c->flying == 0 && c->done == 1, "destroy");
  ok(lost->pins == NULL && r[0].mem->pins != NULL, "pins of the lost go");
  ok(context_slot(c, (int32_t)r[1].slot)->state == SLOT_LOST, "they are lost");
  context_free_lost(c, (int32_t)r[1].slot);
  context_free_lost(c, (int32_t)r[2].slot);
  ok(deliver(c, r, N) == &r[0] && r[0].mem->pins == NULL,
     "what was taken is delivered");
  ok(context_submit(c, 0) == -EINVAL, "a dead handle");
  free_all();
}

static void failing(void) {
  begin(true);
  send_off(c, r, 2);
  struct mem *m = r[0].mem;
  fake_fail(&f, FAKE_DESTROY, 1, EAGAIN);
  ok(context_destroy(c) == -EAGAIN && c->id == 0, "destroy fails");
  ok(m->pins != NULL && c->flying == 2, "all it holds is kept");
  context_free(c);
  forget(r, N);
  fake_touch(&f);
  ok(m->refs == 1 && m->base[0] == 0x5a, "for the life of the process");
  fake_close(&f);
}

/* ---- the eventfd ---- */

static bool readable(int fd) {
  uint64_t n = 0;
  bool good = read(fd, &n, sizeof n) == sizeof n && n > 0;
  return good && write(fd, &n, sizeof n) == sizeof n;
}

static void draining(bool ring) {
  const char *how = ring ? "ring" : "no ring";
  begin(ring);
  struct desc *d = NULL;
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (desc_new(&d, fd) != 0)
    abort();
  c->eventfd = d;
  send_off(c, r, 1);
  fake_complete_all(&f);
  ok(take(c, 4) == 1 && readable(fd), "%s: not drained unless asked to", how);
  deliver(c, r, N);
  uint64_t n;
  ok(read(fd, &n, sizeof n) == sizeof n, "%s: read by its user", how);
  c->drains = true;
  send_off(c, r, 3);
  fake_complete(&f, 0, FAKE_FULL);
  ok(take(c, 4) == 1 && readable(fd), "%s: readable until it is delivered",
     how);
  deliver(c, r, N);
  ok(!readable(fd), "%s: drained when left empty", how);
  fake_complete_all(&f);
  take(c, 1);
  deliver(c, r, N);
  ok(readable(fd), "%s: readable as long as more is there", how);
  take(c, 4);
  deliver(c, r, N);
  ok(!readable(fd), "%s: and drained at the end", how);
  send_off(c, r + 3, 1);
  desc_shut(d);
  fake_complete_all(&f);
  ok(take(c, 4) == 1, "%s: closed by its user", how);
  while (deliver(c, r, N) != NULL)
    ;
  context_destroy(c);
  free_all();
}

/* ---- the end of the process ---- */

static unsigned noticed;
static int64_t notice_at;

static void notice(unsigned pending) {
  noticed = pending;
  notice_at = clock_now();
}

static void quitting(bool hands_over) {
  begin(true);
  f.hands_over = hands_over;
  send_off(c, r + 2, 2);
  ok(context_pending() == 2, "pending");
  noticed = 0;
  context_quit(notice);
  ok(context_pending() == 0 && f.n == 0 && noticed == 0, "polls are cancelled");
  ok(f.calls[FAKE_CANCEL] == 2, "each of them");
  send_off(c, r, 2);
  int64_t start = clock_now();
  context_quit(notice);
  ok(noticed == 2 && notice_at - start >= INT64_C(200000000),
     "reads are waited for, with a notice after 200 ms");
  ok(context_pending() == 0 && f.stuck == 0, "until they are done");
  context_quit(notice);
  ok(noticed == 2, "nothing is pending: no notice");
  ok(context_destroy(c) == 0, "destroyed");
  free_all();
}

/* A kernel that fails ends the wait. */
static void quit_failing(void) {
  begin(true);
  send_off(c, r, 1);
  fake_fail(&f, FAKE_GETEVENTS, 1, EINTR);
  fake_fail(&f, FAKE_GETEVENTS, 2, EINVAL);
  fake_fail(&f, FAKE_GETEVENTS, 3, EINVAL);
  context_quit(notice);
  ok(noticed == 1 && f.calls[FAKE_GETEVENTS] == 3,
     "EINTR goes on, another errno does not");
  noticed = 0;
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) {
    bool none = context_pending() == 0 && !context_usable(c);
    context_quit(notice);
    _exit(none && noticed == 0 ? 0 : 1);
  }
  waitpid(pid, &status, 0);
  ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
     "a forked child has nothing to wait for");
  context_destroy(c);
  free_all();
}

int main(void) {
  poison_enabled = false;
  unsetenv("AIOSH_RING");
  opening();
  cancelling();
  destroying();
  failing();
  draining(true);
  draining(false);
  quitting(false);
  quitting(true);
  quit_failing();
  ok(!context_leaving(), "the end is not near");
  context_leave();
  ok(context_leaving(), "but now");
  return done();
}
