/* What the kernel answers where safe Lua cannot ask: bad addresses, wrong
 * keys, scribbled rings (kernel.md, sections 1 to 8, 13). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/kaio.h"
#include "core/ring.h"
#include "tap.h"

static struct kaio *const k = &kaio_kernel;
static aio_context_t ctx;
static int zero, pipe_in, pipe_out;
static char bytes[64];
static struct timespec second = {10, 0};

static bool under_valgrind(void) {
  const char *under = getenv("AIOSH_UNDER");
  return under != NULL && strcmp(under, "valgrind") == 0;
}

static void is(int got, int want, const char *name) {
  ok(got == want, "%s: %d (got %d)", name, want, got);
}

static struct iocb read_zero(void) {
  return (struct iocb){.aio_lio_opcode = IOCB_CMD_PREAD,
                       .aio_fildes = (uint32_t)zero,
                       .aio_buf = (uintptr_t)bytes,
                       .aio_nbytes = sizeof bytes};
}

static struct iocb poll_on(int fd) {
  return (struct iocb){.aio_lio_opcode = KAIO_CMD_POLL,
                       .aio_fildes = (uint32_t)fd,
                       .aio_buf = POLLIN};
}

static int submit(struct iocb *iocb) {
  return k->submit(k, ctx, 1, &iocb);
}

static struct io_event next_event(void) {
  struct io_event e = {.res = -ETIME};
  k->getevents(k, ctx, 1, 1, &e, &second);
  return e;
}

static void *page(int prot) {
  void *p = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    abort();
  return p;
}

/* ---- io_setup, io_destroy ---- */

static void setup_destroy(void) {
  aio_context_t set = 1;
  is(k->setup(k, 1, &set), -EINVAL, "setup: *ctxp is not 0");
  is(k->setup(k, 1, NULL), -EFAULT, "setup: ctxp NULL");
  is(k->setup(k, 1, page(PROT_READ)), -EFAULT, "setup: ctxp read-only");
  set = 0;
  k->setup(k, 1, &set);
  is(k->destroy(k, set), 0, "destroy");
  is(k->destroy(k, set), -EINVAL, "destroy: again");
  is(k->destroy(k, 0), -EINVAL, "destroy: of 0");
  is(k->destroy(k, 0x12345678), -EINVAL, "destroy: of garbage");
  is(k->submit(k, set, 0, NULL), -EINVAL, "submit: destroyed, nr 0");
  struct io_event e;
  struct iocb poll = poll_on(pipe_in);
  is(k->getevents(k, set, 0, 1, &e, &second), -EINVAL, "getevents: destroyed");
  is(k->cancel(k, set, &poll, &e), -EINVAL, "cancel: destroyed");
}

/* ---- io_submit ---- */

static void bad_lists(void) {
  struct iocb *list[] = {NULL}, *bad[] = {(struct iocb *)16};
  is(k->submit(k, ctx, 0, NULL), 0, "submit: nr 0, list NULL");
  is(k->submit(k, ctx, -1, list), -EINVAL, "submit: nr -1");
  is(k->submit(k, ctx, 1, NULL), -EFAULT, "submit: list NULL");
  is(k->submit(k, ctx, 1, list), -EFAULT, "submit: iocb NULL");
  is(k->submit(k, ctx, 1, bad), -EFAULT, "submit: iocb at a bad address");
}

static void keys(void) {
  struct iocb cb = read_zero();
  cb.aio_key = 77;
  is(submit(&cb), 1, "submit: a garbage key is ignored");
  ok(cb.aio_key == 0, "and overwritten with 0");
  is((int)next_event().res, (int)sizeof bytes, "and read");
  struct iocb *constant = page(PROT_READ | PROT_WRITE);
  *constant = read_zero();
  mprotect(constant, 4096, PROT_READ);
  is(submit(constant), -EFAULT, "submit: an iocb in read-only memory");
  struct io_event e;
  is(k->getevents(k, ctx, 0, 1, &e, NULL), 0, "nothing was started");
}

static void reuse(void) {
  char place[sizeof(struct iocb) + 1];
  struct iocb cb = read_zero();
  memcpy(place + 1, &cb, sizeof cb);
  void *misaligned = place + 1;
  is(submit(misaligned), 1, "submit: a misaligned iocb");
  next_event();
  struct iocb poll = poll_on(pipe_in), *twice[] = {&poll, &poll};
  poll.aio_data = 5;
  is(k->submit(k, ctx, 2, twice), 2, "submit: one iocb twice");
  memset(&poll, 0xff, sizeof poll);
  ssize_t put = write(pipe_out, "x", 1);
  struct io_event e = next_event(), f = next_event();
  ok(put == 1 && e.obj == f.obj && e.obj == (uintptr_t)&poll && e.data == 5 &&
         (e.res & POLLIN) != 0 && (f.res & POLLIN) != 0,
     "two events of the iocb that was scribbled over meanwhile");
  put = read(pipe_in, place, 1);
}

static void vectors(void) {
  struct iovec v[] = {{bytes, 8}, {bytes, SIZE_MAX}};
  struct iocb cb = {.aio_lio_opcode = KAIO_CMD_PREADV,
                    .aio_fildes = (uint32_t)zero,
                    .aio_buf = (uintptr_t)v,
                    .aio_nbytes = 2};
  is(submit(&cb), -EINVAL, "preadv: a segment of length -1");
  v[1].iov_len = 8;
  is(submit(&cb), 1, "preadv");
  memset(v, 0xff, sizeof v);
  is((int)next_event().res, 16, "the list is copied by io_submit");
  cb.aio_buf = 16;
  is(submit(&cb), -EFAULT, "preadv: the list at a bad address");
}

static void bad_buffers(void) {
  struct iocb cb = read_zero();
  cb.aio_buf = 8;
  is(submit(&cb), 1, "pread into address 8: accepted");
  is((int)next_event().res, -EFAULT, "EFAULT in the event");
  char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(two + 4096, 4096);
  cb.aio_buf = (uintptr_t)two;
  cb.aio_nbytes = 8192;
  is(submit(&cb), 1, "pread into a half-mapped buffer: accepted");
  is((int)next_event().res, 4096, "a short count in the event");
}

/* ---- io_getevents, io_pgetevents ---- */

static void getevents(void) {
  struct iocb cb = read_zero();
  struct timespec odd = {0, 1000000000}, negative = {0, -1};
  struct io_event e[4];
  submit(&cb);
  is(k->getevents(k, ctx, 1, 1, NULL, &second), -EFAULT,
     "getevents: events NULL, 1 there");
  is(k->getevents(k, ctx, 1, 1, e, (void *)16), -EFAULT,
     "getevents: timeout at a bad address");
  is(k->getevents(k, ctx, 1, 1, e, &odd), 1,
     "the event is kept; tv_nsec 1e9 is accepted");
  is(k->getevents(k, ctx, 0, 1, e, &negative), 0,
     "a negative timeout with min 0");
  is(k->getevents(k, ctx, 1, 0, e, &second), -EINVAL, "min over nr");
  submit(&cb);
  is(k->getevents(k, ctx, 1, 1L << 40, e, &second), 1, "nr over the ring's");
}

struct sigset_argument {
  const sigset_t *mask;
  size_t size;
};

static int pgetevents(const sigset_t *mask, size_t size) {
  struct sigset_argument a = {mask, size};
  struct io_event e;
  long n = syscall(SYS_io_pgetevents, ctx, 0L, 1L, &e, NULL, &a);
  return n < 0 ? -errno : (int)n;
}

static void sigsets(void) {
  sigset_t mask;
  sigemptyset(&mask);
  is(pgetevents(&mask, 8), 0, "pgetevents: a sigset of 8 bytes");
  is(pgetevents(&mask, 16), -EINVAL, "pgetevents: of 16");
  is(pgetevents(&mask, sizeof mask), -EINVAL, "pgetevents: of 128");
  is(pgetevents(&mask, 0), -EINVAL, "pgetevents: of 0");
  is(pgetevents(NULL, 128), 0, "pgetevents: no mask, any size");
}

static volatile sig_atomic_t handled;

static void count_signal(int signo) {
  (void)signo;
  handled = handled + 1;
}

static void pending_signal(void) {
  struct io_event e;
  struct iocb cb = read_zero();
  sigset_t usr1, old, now;
  signal(SIGUSR1, count_signal);
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, &old);
  raise(SIGUSR1);
  is(k->pgetevents(k, ctx, 1, 1, &e, &second, &old), -EINTR,
     "pgetevents: a pending signal that the mask lets through");
  sigprocmask(SIG_SETMASK, NULL, &now);
  ok(sigismember(&now, SIGUSR1) == 1, "the mask is restored");
  ok(handled == 1, "the handler ran");
  raise(SIGUSR1);
  submit(&cb);
  is(k->pgetevents(k, ctx, 1, 1, &e, &second, &old), 1,
     "pgetevents: with an event there, the event");
  sigprocmask(SIG_SETMASK, &old, NULL);
  ok(handled == 2, "and the handler ran");
}

/* ---- several threads, several processes ---- */

static aio_context_t shared;

static void *wait_for_one(void *res) {
  struct io_event e;
  *(int *)res = k->getevents(k, shared, 1, 1, &e, &second);
  return NULL;
}

static void two_waiters(int want, const char *name, void (*act)(void)) {
  pthread_t thread[2];
  int res[2] = {0, 0};
  for (int i = 0; i < 2; i++)
    if (pthread_create(&thread[i], NULL, wait_for_one, &res[i]) != 0)
      abort();
  act();
  for (int i = 0; i < 2; i++)
    pthread_join(thread[i], NULL);
  ok(res[0] == want && res[1] == want, "%s: %d and %d", name, res[0], res[1]);
}

static void complete_two(void) {
  struct iocb a = read_zero(), b = read_zero(), *list[] = {&a, &b};
  k->submit(k, shared, 2, list);
}

static void destroy_shared(void) {
  k->destroy(k, shared);
}

static void threads(void) {
  k->setup(k, 8, &shared);
  two_waiters(1, "two waiters: each event wakes one", complete_two);
  two_waiters(-EINVAL, "waiters of a destroyed context", destroy_shared);
}

/* In a child: what the parent's context answers, as bits. */
static int inherited(void) {
  struct iocb cb = read_zero(), *list[] = {&cb};
  struct io_event e;
  return (k->submit(k, ctx, 1, list) == -EINVAL) |
         (k->getevents(k, ctx, 0, 1, &e, &second) == -EINVAL) << 1 |
         (k->cancel(k, ctx, &cb, &e) == -EINVAL) << 2 |
         (k->destroy(k, ctx) == -EINVAL) << 3;
}

static void forked(void) {
  int status = 0;
  pid_t child = fork();
  if (child == 0)
    _exit(inherited());
  waitpid(child, &status, 0);
  is(WEXITSTATUS(status), 15,
     "in a child: EINVAL of submit, getevents, cancel and destroy");
}

/* ---- io_cancel ---- */

static void cancel(void) {
  struct iocb poll = poll_on(pipe_in), copy;
  struct io_event e;
  submit(&poll);
  copy = poll;
  is(k->cancel(k, ctx, &copy, &e), -EINVAL, "cancel: a copy");
  is(k->cancel(k, ctx, NULL, &e), -EFAULT, "cancel: NULL");
  is(k->cancel(k, ctx, (struct iocb *)16, &e), -EFAULT,
     "cancel: a bad address");
  poll.aio_key = 1;
  is(k->cancel(k, ctx, &poll, &e), -EINVAL, "cancel: a wrong key");
  memset(&poll, 0, sizeof poll);
  is(k->cancel(k, ctx, &poll, NULL), -EINPROGRESS,
     "cancel: the address counts, not what is there; no result");
  is((int)next_event().res, 0, "the event's res");
}

/* ---- what can be polled ---- */

static void poll_waits(int fd, const char *name) {
  struct iocb poll = poll_on(fd);
  struct io_event e;
  int taken = submit(&poll);
  int canceled = taken == 1 ? k->cancel(k, ctx, &poll, &e) : 0;
  ok(taken == 1 && canceled == -EINPROGRESS && next_event().res == 0,
     "poll waits for %s", name);
  close(fd);
}

static void pollable(void) {
  sigset_t usr2;
  int pair[2];
  sigemptyset(&usr2);
  sigaddset(&usr2, SIGUSR2);
  poll_waits(signalfd(-1, &usr2, SFD_CLOEXEC), "a signalfd");
  poll_waits(inotify_init1(IN_CLOEXEC), "inotify");
  poll_waits(eventfd(0, EFD_CLOEXEC), "an eventfd");
  poll_waits((int)syscall(SYS_pidfd_open, getpid(), 0), "a pidfd");
  poll_waits(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "a UDP socket");
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0) {
    struct iocb cb = read_zero();
    cb.aio_fildes = (uint32_t)pair[0];
    cb.aio_offset = 1;
    is(submit(&cb), 1, "a Unix socket, read at an offset: accepted");
    is((int)next_event().res, -ESPIPE, "ESPIPE in the event");
    cb = (struct iocb){.aio_lio_opcode = IOCB_CMD_FSYNC,
                       .aio_fildes = (uint32_t)pair[0]};
    is(submit(&cb), -EINVAL, "a Unix socket: fsync");
    poll_waits(pair[0], "a Unix socket");
    close(pair[1]);
  }
}

/* ---- the ring ---- */

static void scribble(void) {
  struct ring_map *map = (struct ring_map *)(uintptr_t)ctx;
  struct io_event e[4];
  uint32_t id = map->id, head = map->head;
  if (map->magic != RING_MAGIC) {
    ok(true, "no ring that we know # SKIP");
    return;
  }
  map->id = 0xffffff;
  is(k->submit(k, ctx, 0, NULL), -EINVAL, "a wrong id in the ring: submit");
  map->id = id;
  is(k->submit(k, ctx, 0, NULL), 0, "the id restored");
  map->head = 0xdeadbeef;
  int n = k->getevents(k, ctx, 0, 4, e, NULL);
  ok(n >= 0 && n <= 4, "a garbage head: no crash (%d events)", n);
  map->head = head;
}

static void moved(void) {
  aio_context_t c = 0;
  k->setup(k, 1, &c);
  void *old = (void *)(uintptr_t)c;
  void *map =
      mremap(old, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, page(PROT_NONE));
  if (map == MAP_FAILED) {
    ok(true, "this kernel does not move rings # SKIP");
    return;
  }
  is(k->submit(k, c, 0, NULL), -EINVAL, "a moved ring: the old address");
  c = (uintptr_t)map;
  is(k->submit(k, c, 0, NULL), 0, "a moved ring: the new address");
  munmap(map, 4096);
  is(k->submit(k, c, 0, NULL), -EINVAL, "an unmapped ring");
}

int main(void) {
  int fds[2];
  if (under_valgrind())
    skip_all("valgrind looks at the bad addresses before the kernel does");
  if (k->setup(k, 32, &ctx) != 0)
    skip_all("no AIO here");
  zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
  if (zero < 0 || pipe(fds) != 0)
    return 1;
  pipe_in = fds[0];
  pipe_out = fds[1];
  setup_destroy();
  bad_lists();
  keys();
  reuse();
  vectors();
  bad_buffers();
  getevents();
  sigsets();
  pending_signal();
  threads();
  forked();
  cancel();
  pollable();
  scribble();
  moved();
  return done();
}
