/* The six calls of the kernel itself: what each answers, and its -errno. */
#include "core/kaio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "tap.h"

static struct kaio *const k = &kaio_kernel;

static void setup(aio_context_t *id) {
  aio_context_t other = 0;
  ok(k->setup(k, 0, &other) == -EINVAL, "setup of 0: EINVAL");
  other = 1;
  ok(k->setup(k, 8, &other) == -EINVAL, "setup over a context: EINVAL");
  ok(k->setup(k, 8, NULL) == -EFAULT, "setup into nowhere: EFAULT");
  ok(k->setup(k, 8, id) == 0 && *id != 0, "setup");
}

static void submit(aio_context_t id, struct iocb *poll, int fd) {
  struct iocb *list[] = {poll, NULL};
  memset(poll, 0, sizeof *poll);
  poll->aio_lio_opcode = KAIO_CMD_POLL;
  poll->aio_fildes = (uint32_t)-1;
  poll->aio_buf = 1;
  poll->aio_data = 42;
  ok(k->submit(k, id, 1, list) == -EBADF, "submit of fd -1: EBADF");
  ok(k->submit(k, id, -1, list) == -EINVAL, "submit of -1: EINVAL");
  ok(k->submit(k, id, 0, NULL) == 0, "submit of nothing: 0");
  ok(k->submit(k, id, 1, list + 1) == -EFAULT, "submit of NULL: EFAULT");
  poll->aio_fildes = (uint32_t)fd;
  ok(k->submit(k, id, 2, list) == 1, "submit up to a bad one: 1");
}

static void getevents(aio_context_t id, const struct iocb *poll, int in) {
  struct io_event e[2];
  struct timespec now = {0, 0};
  ok(k->getevents(k, id, 0, 1, e, &now) == 0, "getevents, none: 0");
  ok(k->getevents(k, id, 2, 1, e, &now) == -EINVAL, "min over nr: EINVAL");
  ok(k->getevents(k, id, -1, 1, e, &now) == -EINVAL, "negative: EINVAL");
  ok(write(in, "x", 1) == 1, "the pipe is written");
  int n = k->getevents(k, id, 1, 2, e, NULL);
  ok(n == 1 && e[0].data == 42 && e[0].obj == (uintptr_t)poll && (e[0].res & 1),
     "getevents: the event");
}

static void pgetevents(aio_context_t id, struct iocb *poll) {
  struct io_event e;
  struct iocb *list[] = {poll};
  struct timespec now = {0, 0}, later = {5, 0};
  sigset_t all, before, after;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  ok(k->pgetevents(k, id, 0, 1, &e, &now, &all) == 0, "pgetevents: none");
  ok(k->submit(k, id, 1, list) == 1, "the pipe is polled again");
  ok(k->pgetevents(k, id, 1, 1, &e, &later, &all) == 1, "pgetevents");
  ok(k->submit(k, id, 1, list) == 1, "and again");
  ok(k->pgetevents(k, id, 1, 1, &e, &later, NULL) == 1, "without a mask");
  ok(k->pgetevents(k, id, 2, 1, &e, &now, &all) == -EINVAL, "min over nr");
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  ok(memcmp(&before, &after, 8) == 0, "the mask is as it was");
}

static void cancel(aio_context_t id, struct iocb *poll, int out) {
  struct io_event e;
  struct iocb *list[] = {poll}, stranger = {0};
  struct timespec later = {5, 0};
  char c;
  ok(read(out, &c, 1) == 1, "the pipe is empty again");
  ok(k->cancel(k, id, &stranger, &e) == -EINVAL, "cancel of a stranger");
  ok(k->submit(k, id, 1, list) == 1, "a poll in flight");
  ok(k->cancel(k, id, poll, &e) == -EINPROGRESS, "cancel: EINPROGRESS");
  ok(k->getevents(k, id, 1, 1, &e, &later) == 1 && e.res == 0,
     "its event comes");
  ok(k->cancel(k, id, poll, &e) == -EINVAL, "cancel of what is over");
}

static void destroy(aio_context_t id) {
  struct io_event e;
  struct timespec now = {0, 0};
  ok(k->destroy(k, id) == 0, "destroy");
  ok(k->destroy(k, id) == -EINVAL, "twice: EINVAL");
  ok(k->destroy(k, 0) == -EINVAL, "of 0: EINVAL");
  ok(k->submit(k, id, 0, NULL) == -EINVAL, "submit afterwards: EINVAL");
  ok(k->getevents(k, id, 0, 1, &e, &now) == -EINVAL, "getevents: EINVAL");
}

int main(void) {
  aio_context_t id = 0;
  struct iocb poll;
  int fd[2];
  if (getenv("AIOSH_UNDER") != NULL)
    skip_all("valgrind takes wrong questions for mistakes");
  if (k->setup(k, 1, &id) != 0)
    skip_all("io_setup is refused here");
  k->destroy(k, id);
  id = 0;
  if (pipe2(fd, O_CLOEXEC) != 0)
    skip_all("no pipe");
  setup(&id);
  submit(id, &poll, fd[0]);
  getevents(id, &poll, fd[1]);
  pgetevents(id, &poll);
  cancel(id, &poll, fd[0]);
  destroy(id);
  return done();
}
