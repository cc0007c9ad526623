/* POSIX AIO in the core: what a request holds while glibc has it, when it lets
 * go, and bells. */
#include "core/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "tap.h"

static const int64_t patience = INT64_C(20000000000);

static struct desc *adopt(int fd) {
  struct desc *d = NULL;
  if (fd < 0 || desc_new(&d, fd) != 0)
    abort();
  return d;
}

/* The end of a pipe to read; the other's number goes to *out. */
static struct desc *pipe_in(int *out) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    abort();
  *out = ends[1];
  return adopt(ends[0]);
}

/* A request for len bytes of m, which it references, over d. */
static struct posix_request *request(struct desc *d, struct mem *m,
                                     size_t len) {
  struct posix_request *r = posix_new();
  if (r == NULL)
    abort();
  desc_ref(d);
  mem_ref(m);
  r->what.file = d;
  r->cb.aio_fildes = d->fd;
  r->what.memory = MEMORY_BLOCK;
  r->what.mem = m;
  r->what.len = m->size;
  r->cb.aio_nbytes = len;
  return r;
}

static int submit(struct posix_request *r, int op) {
  struct request_fault fault;
  return posix_valid(r, op, &fault) ? posix_submit(r, op) : -ENOEXEC;
}

static bool finish(struct posix_request *r) {
  const struct aiocb *list[] = {&r->cb};
  struct timespec limit = clock_timespec(patience);
  return posix_suspend(list, 1, &limit) == 0 && !posix_unfinished(r);
}

static struct mem *memory(size_t size) {
  struct mem *m = NULL;
  if (mem_alloc(&m, size, 512) != 0)
    abort();
  return m;
}

static bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

static void life(void) {
  int w;
  struct desc *d = pipe_in(&w);
  struct mem *m = memory(512);
  struct posix_request *r = request(d, m, 8);
  ok(!posix_used() && posix_pending() == 0, "nothing was submitted yet");
  ok(submit(r, LIO_READ) == 0 && r->flying && posix_used(), "accepted");
  ok(posix_error(r) == EINPROGRESS && posix_unfinished(r), "in flight");
  ok(mem_in_flight(m, 0, 8, false), "its bytes are");
  ok(!mem_in_flight(m, 8, 8, true), "those beside it are not");
  ok(posix_busy(d) == 1, "its file is busy");
  ok(posix_pending() == 0, "a read is not waited for at the end");
  ok(write(w, "12345678", 8) == 8 && finish(r), "it ends");
  ok(!mem_in_flight(m, 0, 8, false) && posix_busy(d) == 0, "and lets go");
  ok(posix_return(r) == 8 && r->returned && r->submissions == 1, "result");
  ok(memcmp(m->base, "12345678", 8) == 0, "the bytes");
  posix_let_go(r);
  desc_unref(d);
  mem_unref(m);
  close(w);
}

/* Nobody asks but who wants the bytes. */
static void pins_ask(void) {
  int w;
  struct desc *d = pipe_in(&w);
  struct mem *m = memory(512);
  struct posix_request *r = request(d, m, 8);
  submit(r, LIO_READ);
  ok(write(w, "x", 1) == 1, "something to read");
  int64_t end = clock_now() + patience;
  while (mem_in_flight(m, 0, 8, false) && clock_left(end) > 0)
    usleep(1000);
  ok(!r->flying, "asking for the bytes settles the request");
  submit(r, LIO_READ);
  ok(write(w, "x", 1) == 1, "once more");
  while (mem_pinned(m, 0, 8) > 0 && clock_left(end) > 0)
    usleep(1000);
  ok(!r->flying, "counting does");
  posix_let_go(r);
  desc_unref(d);
  mem_unref(m);
  close(w);
}

static void orphans(void) {
  int w;
  struct desc *d = pipe_in(&w);
  int fd = d->fd;
  struct mem *m = memory(512);
  struct posix_request *r = request(d, m, 8);
  submit(r, LIO_READ);
  posix_let_go(r);
  mem_ref(m);
  mem_shut(m);
  mem_unref(m);
  desc_shut(d);
  desc_unref(d);
  posix_sweep();
  ok(m->base != NULL && is_open(fd), "all let go in flight: memory and file");
  ok(write(w, "x", 1) == 1, "something to read");
  mem_ref(m);
  mem_unref(m);
  int64_t end = clock_now() + patience;
  while (is_open(fd) && clock_left(end) > 0) {
    usleep(1000);
    posix_sweep();
  }
  ok(!is_open(fd), "both go when it has ended");
  mem_unref(m);
  close(w);
}

static void refused(void) {
  int w;
  struct desc *d = pipe_in(&w);
  struct mem *m = memory(512);
  struct posix_request *r = request(d, m, 8);
  struct request_fault fault;
  r->cb.aio_reqprio = 21;
  ok(submit(r, LIO_READ) == -EINVAL, "reqprio 21");
  ok(!r->flying && d->busy == 0 && m->pins == NULL, "nothing is held");
  ok(r->submissions == 0, "nor counted");
  ok(strcmp(posix_cause(r, EINVAL), "reqprio is not 0 to 20") == 0, "cause");
  r->cb.aio_reqprio = 0;
  r->cb.aio_nbytes = 513;
  ok(!posix_valid(r, LIO_READ, &fault) && strcmp(fault.field, "nbytes") == 0,
     "a range outside the buffer");
  ok(posix_valid(r, POSIX_SYNC, &fault), "which a sync does not look at");
  r->cb.aio_nbytes = 8;
  desc_shut(d);
  ok(!posix_valid(r, LIO_WRITE, &fault) && strcmp(fault.field, "fd") == 0,
     "a file that is shut");
  ok(posix_cause(r, EIO) == NULL, "no cause");
  posix_let_go(r);
  desc_unref(d);
  mem_unref(m);
  close(w);
}

/* A write of more than a pipe takes is pending until somebody reads. */
static void pending(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    abort();
  struct desc *d = adopt(ends[1]);
  struct mem *m = memory(1 << 20), *n = memory(1 << 20);
  struct posix_request *r = request(d, m, m->size);
  ok(submit(r, LIO_WRITE) == 0 && posix_pending() == 1, "a write is pending");
  ok(!posix_settle(clock_now() + 1000000), "not settled in a millisecond");
  for (size_t got = 0; got < m->size;) {
    ssize_t more = read(ends[0], n->base, n->size);
    got += more > 0 ? (size_t)more : m->size;
  }
  ok(posix_settle(0) && posix_pending() == 0, "settled when it was read");
  ok(posix_return(r) == 1 << 20, "all was written");
  posix_let_go(r);
  desc_unref(d);
  mem_unref(m);
  mem_unref(n);
  close(ends[0]);
}

/* ---- bells ---- */

static bool rings(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  uint64_t n = 0;
  return poll(&p, 1, 20000) == 1 && read(fd, &n, 8) == 8 && n == 1;
}

/* As glibc's thread does. */
static void notify(const struct sigevent *ev) {
  if (ev->sigev_notify_function != NULL)
    ev->sigev_notify_function(ev->sigev_value);
}

static void bells(void) {
  struct desc *efd = adopt(eventfd(0, EFD_CLOEXEC));
  struct bell *b = NULL, *same = NULL;
  struct sigevent ev;
  ok(bell_hold(&b, efd) == 0 && bell_hold(&same, efd) == 0 && b == same,
     "one bell for one eventfd");
  bell_let_go(same);
  bell_expect(b, &ev);
  ok(ev.sigev_notify == SIGEV_THREAD && ev.sigev_notify_function != NULL,
     "it asks for a thread");
  notify(&ev);
  ok(rings(efd->fd), "which adds 1");
  bell_expect(b, &ev);
  bell_expect_not(b);
  bell_expect(b, &ev);
  bell_let_go(b);
  bell_let_go(NULL);
  int fd = dup(efd->fd);
  desc_shut(efd);
  desc_unref(efd);
  int other = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  notify(&ev);
  uint64_t n;
  ok(rings(fd), "it rings when everybody has let go");
  ok(read(other, &n, 8) < 0, "but not what has the number now");
  close(fd);
  close(other);
}

static void told(void) {
  int w;
  struct desc *d = pipe_in(&w), *efd = adopt(eventfd(0, EFD_CLOEXEC));
  struct mem *m = memory(512);
  struct posix_request *r = request(d, m, 8);
  if (bell_hold(&r->bell, efd) != 0)
    abort();
  for (int i = 0; i < 3; i++) {
    submit(r, LIO_READ);
    ok(write(w, "x", 1) == 1 && rings(efd->fd), "told by thread");
    finish(r);
  }
  posix_let_go(r);
  desc_unref(d);
  desc_unref(efd);
  mem_unref(m);
  close(w);
}

/* ---- in a child ---- */

/* With a deadline: aio_error there might never answer. */
static void fork_off(struct posix_request *r, struct desc *d, struct mem *m) {
  int status = -1;
  pid_t pid = fork();
  if (pid == 0) {
    alarm(20);
    bool good = posix_inherited() && posix_unfinished(r) &&
                posix_busy(d) == 0 && posix_pending() == 0 &&
                !mem_in_flight(m, 0, 8, true);
    posix_let_go(r);
    posix_sweep();
    mem_shut(m);
    desc_shut(d);
    _exit(good ? 0 : 1);
  }
  waitpid(pid, &status, 0);
  ok(status == 0, "in a child nothing is in flight, and nobody asks");
}

static void forked(void) {
  int w;
  struct desc *d = pipe_in(&w);
  struct mem *m = memory(512);
  struct posix_request *r = request(d, m, 8);
  posix_begin();
  ok(!posix_inherited(), "not inherited");
  submit(r, LIO_READ);
  fork_off(r, d, m);
  ok(write(w, "x", 1) == 1 && finish(r), "the parent's goes on");
  posix_let_go(r);
  desc_unref(d);
  mem_unref(m);
  close(w);
}

int main(void) {
  life();
  pins_ask();
  orphans();
  refused();
  pending();
  bells();
  told();
  forked();
  return done();
}
