/* Contexts over the kernel itself: what the scripted one takes for granted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/context.h"
#include "requests.h"
#include "tap.h"

enum { N = 40 };

static struct context *c;
static struct request r[N];
static int zero;

static bool refused(void) {
  int err = context_open(&c, &kaio_kernel, 64);
  return err == -ENOSYS || err == -EPERM || err == -EAGAIN;
}

static void reads(void) {
  for (int i = 0; i < N; i++) {
    r[i] = a_read(zero);
    memset(r[i].mem->base, 0xff, REQUEST_BYTES);
  }
  ok(send_off(c, r, N) == N, "%d reads", N);
  ok(c->ring.map == NULL || c->last.done == N, "done at return, if known");
  ok(mem_in_flight(r[5].mem, 0, 1, false), "in flight until delivered");
  int n = take(c, N);
  ok(n == N && c->foreigns == 0, "all are taken");
  bool good = true;
  for (int i = 0; i < N; i++) {
    const struct slot *s = context_slot(c, c->oldest);
    good &= s->res == REQUEST_BYTES && s->res2 == 0 && s->seen >= s->submitted;
    good &= deliver(c, r, N) == &r[i];
    good &= r[i].mem->base[REQUEST_BYTES - 1] == 0;
  }
  ok(good, "in order, with their results");
}

/* The ring goes round many times, with the two ways to take mixed. */
static void around(void) {
  bool good = true;
  for (int round = 0; round < 50; round++) {
    good &= send_off(c, r, N) == N;
    struct wait w = {3, 3, -1, false, NULL};
    good &= context_wait(c, &w) == 3;
    good &= take(c, 10) == 10 && take(c, N) == N - 13;
    for (int i = 0; i < N; i++)
      good &= deliver(c, r, N) == &r[i];
  }
  ok(good && c->done == 0 && c->flying == 0, "many times around the ring");
}

static void refusals(void) {
  struct request bad[3] = {a_read(zero), a_read(-1), a_read(zero)};
  ok(send_off(c, bad, 3) == 1 && bad[1].context == NULL, "up to the bad one");
  ok(send_off(c, bad + 1, 2) == -EBADF, "its error, when it is the first");
  ok(bad[2].mem->pins == NULL, "the others are free");
  ok(take(c, 4) == 1 && deliver(c, bad, 3) == &bad[0], "the first is done");
  forget(bad, 3);
}

static void wild(void) {
  struct request bad = {.memory = MEMORY_WILD};
  if (getenv("AIOSH_UNDER") != NULL) {
    ok(true, "wild # SKIP valgrind takes wrong questions for mistakes");
    return;
  }
  bad.iocb.aio_fildes = (uint32_t)zero;
  bad.iocb.aio_nbytes = 512;
  int n = send_off(c, &bad, 1);
  if (n == 1 && take(c, 1) == 1)
    n = (int)context_slot(c, c->oldest)->res;
  ok(n == -EFAULT, "the kernel's half of memory: EFAULT");
  deliver(c, &bad, 1);
}

static void vectors(void) {
  struct request v = {.memory = MEMORY_SEGS, .segs = segs_new(2)};
  segs_add(v.segs, r[0].mem, 0, 16);
  segs_add(v.segs, r[1].mem, 500, 12);
  memset(r[1].mem->base, 0xff, REQUEST_BYTES);
  v.iocb.aio_lio_opcode = KAIO_CMD_PREADV;
  v.iocb.aio_fildes = (uint32_t)zero;
  v.iocb.aio_nbytes = 2;
  ok(send_off(c, &v, 1) == 1, "a vector");
  request_forget_memory(&v);
  ok(mem_in_flight(r[1].mem, 500, 12, false) &&
         !mem_in_flight(r[1].mem, 0, 500, false),
     "its segments are in flight, though it was forgotten");
  ok(take(c, 1) == 1 && context_slot(c, c->oldest)->res == 28, "28 bytes");
  deliver(c, &v, 1);
  ok(r[1].mem->base[499] == 0xff && r[1].mem->base[500] == 0, "in its place");
}

static void polls(void) {
  int fd[2];
  struct request p[2];
  struct wait w = {1, 2, INT64_C(5000000000), false, NULL};
  if (pipe2(fd, O_CLOEXEC) != 0)
    abort();
  p[0] = a_poll(fd[0]);
  p[1] = a_poll(fd[0]);
  ok(send_off(c, p, 2) == 2 && take(c, 2) == 0, "two polls");
  ok(context_cancel(c, &p[0]) == -EINPROGRESS, "one is cancelled");
  ok(context_wait(c, &w) == 1 && deliver(c, p, 2) == &p[0], "its event");
  ok(context_pending() == 1, "the other is pending");
  pid_t pid = fork();
  if (pid == 0) {
    struct context *own = NULL;
    aio_context_t id = c->id;
    bool dead = context_inherited(c) && context_pending() == 0;
    bool good = context_open(&own, &kaio_kernel, 64) == 0;
    printf("# %s address in the child\n", own->id == id ? "the same" : "other");
    fflush(stdout);
    good = good && send_off(own, r, 2) == 2 && take(own, 2) == 2;
    _exit(good && dead && context_destroy(own) == 0 ? 0 : 1);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
     "a child has contexts of its own");
  ok(write(fd[1], "x", 1) == 1 && context_wait(c, &w) == 1 &&
         deliver(c, p, 2) == &p[1],
     "and the parent its event");
  close(fd[0]);
  close(fd[1]);
}

static void ends(void) {
  int fd[2];
  struct request p;
  if (pipe2(fd, O_CLOEXEC) != 0)
    abort();
  p = a_poll(fd[0]);
  ok(send_off(c, &p, 1) == 1, "a poll in flight");
  aio_context_t id = c->id;
  ok(context_destroy(c) == 0 && c->flying == 0, "destroy cancels it");
  ok(kaio_kernel.submit(&kaio_kernel, id, 0, NULL) == -EINVAL, "it is gone");
  context_free(c);
  ok(context_open(&c, &kaio_kernel, 1) == 0, "another");
  context_destroy_idle(c);
  ok(c->id == 0 && c->ring.map == NULL, "destroyed aside");
  context_free(c);
  close(fd[0]);
  close(fd[1]);
}

int main(void) {
  if (refused())
    skip_all("io_setup is refused here");
  zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  reads();
  around();
  refusals();
  wild();
  vectors();
  polls();
  ends();
  forget(r, N);
  return done();
}
