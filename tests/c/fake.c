#include "fake.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct fake *fake_of(struct kaio *k) {
  return (struct fake *)k;
}

static void insist(bool good, const char *what) {
  if (good)
    return;
  fprintf(stderr, "fake: %s\n", what);
  abort();
}

/* ---- the ring ---- */

static size_t ring_bytes(void) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t len = sizeof(struct ring_map) + FAKE_RING * sizeof(struct io_event);
  return (len + page - 1) / page * page;
}

/* As the kernel does: an index beyond the ring is taken modulo its size. */
static uint32_t ring_head(const struct fake *f) {
  return f->ring->head % FAKE_RING;
}

unsigned fake_ready(const struct fake *f) {
  return (f->tail + FAKE_RING - ring_head(f)) % FAKE_RING;
}

void fake_post(struct fake *f, struct io_event e) {
  insist(fake_ready(f) < FAKE_RING - 1, "the ring is full");
  f->ring->events[f->tail] = e;
  f->tail = (f->tail + 1) % FAKE_RING;
  __atomic_store_n(&f->ring->tail, f->tail, __ATOMIC_RELEASE);
}

static unsigned ring_take(struct fake *f, long nr, struct io_event *events) {
  unsigned n = fake_ready(f), head = ring_head(f);
  if (nr < (long)n)
    n = (unsigned)nr;
  for (unsigned i = 0; i < n; i++) {
    events[i] = f->ring->events[head];
    head = (head + 1) % FAKE_RING;
  }
  f->ring->head = head;
  return n;
}

/* ---- memory ---- */

/* Reads or writes as the request would; bad addresses are left alone. */
static void touch_bytes(void *base, size_t len, bool writes) {
  volatile unsigned char *p = base;
  if (p == NULL || (uintptr_t)p >> 63 != 0 || len >> 63 != 0)
    return;
  if (writes)
    memset(base, 0x5a, len);
  for (size_t i = 0; !writes && i < len; i++)
    (void)p[i];
}

static size_t held_bytes(const struct fake_held *h) {
  size_t sum = 0;
  if (!h->vector)
    return h->iocb.aio_nbytes;
  for (size_t i = 0; i < h->iocb.aio_nbytes; i++)
    sum += h->iov[i].iov_len;
  return sum;
}

static bool moves_bytes(const struct iocb *k) {
  unsigned op = k->aio_lio_opcode;
  return op == IOCB_CMD_PREAD || op == IOCB_CMD_PWRITE ||
         op == KAIO_CMD_PREADV || op == KAIO_CMD_PWRITEV;
}

static void touch_held(const struct fake_held *h, size_t most) {
  unsigned op = h->iocb.aio_lio_opcode;
  bool writes = op == IOCB_CMD_PREAD || op == KAIO_CMD_PREADV;
  if (!moves_bytes(&h->iocb))
    return;
  if (!h->vector) {
    size_t len = h->iocb.aio_nbytes < most ? h->iocb.aio_nbytes : most;
    touch_bytes((void *)(uintptr_t)h->iocb.aio_buf, len, writes);
    return;
  }
  for (size_t i = 0; i < h->iocb.aio_nbytes && most > 0; i++) {
    size_t len = h->iov[i].iov_len < most ? h->iov[i].iov_len : most;
    touch_bytes(h->iov[i].iov_base, len, writes);
    most -= len;
  }
}

void fake_touch(struct fake *f) {
  for (unsigned i = 0; i < f->n; i++)
    touch_held(&f->held[i], SIZE_MAX);
}

/* ---- requests ---- */

static void hold(struct fake *f, struct iocb *obj) {
  struct fake_held *h = &f->held[f->n++];
  *h = (struct fake_held){.iocb = *obj, .obj = obj};
  unsigned op = obj->aio_lio_opcode;
  if (op != KAIO_CMD_PREADV && op != KAIO_CMD_PWRITEV)
    return;
  insist(obj->aio_nbytes <= FAKE_SEGMENTS, "too many segments");
  h->vector = true;
  if (obj->aio_nbytes > 0)
    memcpy(h->iov, (const void *)(uintptr_t)obj->aio_buf,
           obj->aio_nbytes * sizeof *h->iov);
}

static struct fake_held unhold(struct fake *f, unsigned i) {
  insist(i < f->n, "no such request is held");
  struct fake_held h = f->held[i];
  f->n--;
  memmove(&f->held[i], &f->held[i + 1], (f->n - i) * sizeof h);
  return h;
}

static int64_t full_result(const struct fake_held *h) {
  if (h->iocb.aio_lio_opcode == KAIO_CMD_POLL)
    return (int64_t)h->iocb.aio_buf;
  return moves_bytes(&h->iocb) ? (int64_t)held_bytes(h) : 0;
}

static struct io_event finish(struct fake *f, unsigned i, int64_t res) {
  struct fake_held h = unhold(f, i);
  if (res == FAKE_FULL)
    res = full_result(&h);
  if (res > 0)
    touch_held(&h, (size_t)res);
  f->last = (struct io_event){
      .data = h.iocb.aio_data, .obj = (uintptr_t)h.obj, .res = res};
  return f->last;
}

static void signal_eventfd(const struct iocb *k) {
  uint64_t one = 1;
  if ((k->aio_flags & IOCB_FLAG_RESFD) != 0 &&
      write((int)k->aio_resfd, &one, sizeof one) != sizeof one)
    insist(errno == EAGAIN || errno == EBADF, "eventfd");
}

void fake_complete(struct fake *f, unsigned i, int64_t res) {
  insist(i < f->n, "no such request is held");
  struct iocb k = f->held[i].iocb;
  fake_post(f, finish(f, i, res));
  signal_eventfd(&k);
}

void fake_complete_all(struct fake *f) {
  while (f->n > 0)
    fake_complete(f, 0, FAKE_FULL);
}

/* ---- the calls ---- */

void fake_fail(struct fake *f, enum fake_call call, unsigned nth, int err) {
  for (unsigned i = 0; i < FAKE_RULES; i++)
    if (f->rules[i].nth == 0) {
      f->rules[i] = (struct fake_rule){call, nth, err};
      return;
    }
  insist(false, "too many rules");
}

/* What a call does first: 0, or the -errno that a rule wants. */
static int enter(struct fake *f, enum fake_call call) {
  int err = 0;
  f->calls[call]++;
  if (f->hook != NULL)
    f->hook(f, call);
  for (unsigned i = 0; i < FAKE_RULES; i++) {
    struct fake_rule *r = &f->rules[i];
    if (r->nth > 0 && r->call == call && --r->nth == 0)
      err = -r->err;
  }
  return err;
}

static bool known(const struct fake *f, aio_context_t id) {
  return f->alive && id == (uintptr_t)f->ring;
}

static int call_setup(struct kaio *k, unsigned nr, aio_context_t *id) {
  struct fake *f = fake_of(k);
  int err = enter(f, FAKE_SETUP);
  if (err == 0 && (nr == 0 || *id != 0))
    err = -EINVAL;
  if (err != 0)
    return err;
  insist(!f->alive, "serves a context already");
  f->alive = true;
  *id = (uintptr_t)f->ring;
  return 0;
}

/* As the kernel: waits for all requests, whose events are lost. */
static int call_destroy(struct kaio *k, aio_context_t id) {
  struct fake *f = fake_of(k);
  int err = enter(f, FAKE_DESTROY);
  if (err != 0 || !known(f, id))
    return err != 0 ? err : -EINVAL;
  while (f->n > 0)
    finish(f, 0, FAKE_FULL);
  f->ring->head = f->ring->tail = f->tail = 0;
  f->alive = false;
  return 0;
}

static int call_submit(struct kaio *k, aio_context_t id, long nr,
                       struct iocb **list) {
  struct fake *f = fake_of(k);
  int err = enter(f, FAKE_SUBMIT), n = 0;
  if (err != 0 || !known(f, id) || nr < 0)
    return err != 0 ? err : -EINVAL;
  long most = f->take >= 0 && f->take < nr ? f->take : nr;
  f->take = -1;
  for (; n < most && f->n + fake_ready(f) < FAKE_RING - 1; n++)
    hold(f, list[n]);
  while (f->synchronous && f->n > 0)
    fake_complete(f, 0, FAKE_FULL);
  return n > 0 || nr == 0 ? n : -EAGAIN;
}

/* Polls only, as in the kernel. */
static int call_cancel(struct kaio *k, aio_context_t id, struct iocb *iocb,
                       struct io_event *event) {
  struct fake *f = fake_of(k);
  int err = enter(f, FAKE_CANCEL);
  unsigned i = 0;
  while (i < f->n && f->held[i].obj != iocb)
    i++;
  if (err == 0 &&
      (!known(f, id) || i == f->n || iocb->aio_lio_opcode != KAIO_CMD_POLL))
    err = -EINVAL;
  if (err != 0)
    return err;
  if (f->hands_over) {
    *event = finish(f, i, 0);
    return 0;
  }
  fake_complete(f, i, 0);
  return -EINPROGRESS;
}

/* A wait without a timeout ends because the oldest requests complete. */
static void let_time_pass(struct fake *f, long min_nr, struct timespec *left) {
  if (left != NULL) {
    if ((long)fake_ready(f) < min_nr && (left->tv_sec > 0 || left->tv_nsec > 0))
      usleep(1000);
    return;
  }
  while (f->n > 0 && (long)fake_ready(f) < min_nr)
    fake_complete(f, 0, FAKE_FULL);
  f->stuck += (long)fake_ready(f) < min_nr;
}

static int call_getevents(struct kaio *k, aio_context_t id, long min_nr,
                          long nr, struct io_event *events,
                          struct timespec *timeout) {
  struct fake *f = fake_of(k);
  int err = enter(f, FAKE_GETEVENTS);
  if (err == 0 && (!known(f, id) || min_nr < 0 || min_nr > nr))
    err = -EINVAL;
  if (err != 0)
    return err;
  let_time_pass(f, min_nr, timeout);
  return (int)ring_take(f, nr, events);
}

static int call_pgetevents(struct kaio *k, aio_context_t id, long min_nr,
                           long nr, struct io_event *events,
                           struct timespec *timeout, const sigset_t *blocked) {
  (void)blocked;
  return call_getevents(k, id, min_nr, nr, events, timeout);
}

/* ---- life ---- */

void fake_open(struct fake *f, bool with_ring) {
  void *ring = NULL;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  insist(posix_memalign(&ring, page, ring_bytes()) == 0, "out of memory");
  memset(ring, 0, ring_bytes());
  memset(f, 0, sizeof *f);
  f->kaio = (struct kaio){call_setup,  call_destroy,   call_submit,
                          call_cancel, call_getevents, call_pgetevents};
  f->take = -1;
  f->ring = ring;
  f->ring->nr = FAKE_RING;
  f->ring->magic = with_ring ? RING_MAGIC : 0;
  f->ring->header_length = sizeof *f->ring;
}

/* ring_open took the pages out of forked children; the heap wants them back.
 */
void fake_close(struct fake *f) {
  madvise(f->ring, ring_bytes(), MADV_DOFORK);
  free(f->ring);
  f->ring = NULL;
}
