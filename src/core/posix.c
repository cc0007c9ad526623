#include "core/posix.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/clock.h"
#include "core/epoch.h"
#include "core/kaio.h"
#include "core/record.h"

static struct posix_request *flying;
static unsigned orphans;             /* among those */
static struct posix_request *landed; /* orphans that have ended */
static unsigned born;                /* the epoch of the process that began */
static bool used;

void posix_begin(void) {
  if (born == 0)
    born = epoch_now();
}

bool posix_inherited(void) {
  return born != epoch_now();
}

bool posix_used(void) {
  return used;
}

/* ---- requests ---- */

static void ask_by_pin(struct pin *p) {
  posix_unfinished((
      struct posix_request *)((char *)p - offsetof(struct posix_request, pin)));
}

struct posix_request *posix_new(void) {
  struct posix_request *r = calloc(1, sizeof *r);
  if (r == NULL)
    return NULL;
  r->cb.aio_fildes = -1;
  r->cb.aio_sigevent.sigev_notify = SIGEV_NONE;
  r->pin.asks = true;
  mem_ask = ask_by_pin;
  return r;
}

static void posix_free(struct posix_request *r) {
  request_forget_memory(&r->what);
  desc_unref(r->what.file);
  bell_let_go(r->bell);
  free(r);
}

void posix_let_go(struct posix_request *r) {
  if (!posix_unfinished(r)) {
    posix_free(r);
    return;
  }
  r->orphan = true;
  orphans++;
}

void posix_sweep(void) {
  struct posix_request *r, *next;
  for (r = flying; r != NULL && orphans > 0; r = next) {
    next = r->next;
    if (r->orphan)
      posix_unfinished(r);
  }
  while (landed != NULL) {
    r = landed;
    landed = r->next;
    posix_free(r);
  }
}

/* ---- the record ---- */

static void record_posix(enum record_kind kind, unsigned opcode, uint64_t id,
                         int64_t start, struct record_call call) {
  call.ns = clock_now() - start;
  *record_next() = (struct record_entry){.kind = (uint16_t)kind,
                                         .opcode = (uint16_t)opcode,
                                         .at = start,
                                         .id = id,
                                         .call = call};
}

static void record_what(const struct posix_request *r, bool accepted) {
  const struct iocb *k = &r->what.iocb;
  *record_next() = (struct record_entry){
      .kind = accepted ? RECORD_REQUEST : RECORD_REFUSED,
      .opcode = k->aio_lio_opcode,
      .at = clock_now(),
      .id = accepted ? r->id : 0,
      .request = {.nbytes = k->aio_nbytes,
                  .offset = k->aio_offset,
                  .memory = (uintptr_t)r->cb.aio_buf,
                  .fd = r->cb.aio_fildes,
                  .reqprio = (int16_t)r->cb.aio_reqprio,
                  .flags = r->cb.aio_reqprio != 0 ? IOCB_FLAG_IOPRIO : 0}};
}

/* A call for one, and what it asked for; err: 0 or negative. */
static void record_one(const struct posix_request *r, int64_t start, int err) {
  unsigned op = r->what.iocb.aio_lio_opcode;
  uint64_t id = err == 0 ? r->id : 0;
  record_posix(RECORD_POSIX, op, id, start,
               (struct record_call){.n = 1, .res = err == 0 ? 1 : err});
  record_what(r, err == 0);
}

/* glibc keeps no time: it was seen when somebody asked. */
static void record_end(const struct posix_request *r, int err) {
  struct aiocb copy = r->cb;
  int64_t now = clock_now();
  *record_next() = (struct record_entry){
      .kind = RECORD_TAKEN,
      .opcode = r->what.iocb.aio_lio_opcode,
      .at = now,
      .id = r->id,
      .event = {
          .res = err == 0 ? aio_return(&copy) : -err, .seen = now, .gap = -1}};
}

/* ---- the way there ---- */

/* glibc looks at seven bits where it reads and writes, at all for the rest. */
static int meaning(int op) {
  int low = op & 127;
  return low == LIO_READ || low == LIO_WRITE ? low : op;
}

static bool transfers(int op) {
  return meaning(op) == LIO_READ || meaning(op) == LIO_WRITE;
}

static uint16_t kernel_opcode(int op) {
  switch (meaning(op)) {
  case LIO_WRITE:
    return IOCB_CMD_PWRITE;
  case POSIX_DSYNC:
    return IOCB_CMD_FDSYNC;
  case POSIX_SYNC:
    return IOCB_CMD_FSYNC;
  default:
    return IOCB_CMD_PREAD;
  }
}

bool posix_valid(struct posix_request *r, int op, struct request_fault *fault) {
  struct request what = r->what;
  what.iocb = (struct iocb){.aio_lio_opcode = kernel_opcode(op),
                            .aio_nbytes = transfers(op) ? r->cb.aio_nbytes : 0,
                            .aio_offset = transfers(op) ? r->cb.aio_offset : 0,
                            .aio_fildes = (uint32_t)r->cb.aio_fildes};
  r->what.iocb = what.iocb;
  if (!transfers(op))
    what.memory = MEMORY_NONE;
  return request_valid(&what, fault);
}

/* From here on glibc may touch it. */
static void take_off(struct posix_request *r) {
  const struct request *w = &r->what;
  if (w->file != NULL)
    desc_hold(w->file);
  if (w->memory == MEMORY_BLOCK && w->iocb.aio_nbytes <= w->len)
    mem_pin(&r->pin, w->mem, w->off, w->iocb.aio_nbytes, request_writes(w));
  if (r->bell != NULL)
    bell_expect(r->bell, &r->cb.aio_sigevent);
  r->cb.aio_buf = (volatile void *)(uintptr_t)request_address(w);
  r->epoch = epoch_now();
  r->submitted = clock_now();
  r->id = ++record_requests;
  r->submissions++;
  r->returned = false;
  r->flying = true;
  used = true;
  r->next = flying;
  r->link = &flying;
  if (flying != NULL)
    flying->link = &r->next;
  flying = r;
}

/* glibc is done with it. */
static void land(struct posix_request *r) {
  r->flying = false;
  *r->link = r->next;
  if (r->next != NULL)
    r->next->link = r->link;
  mem_unpin(&r->pin);
  if (r->what.file != NULL)
    desc_release(r->what.file);
  if (r->orphan) {
    orphans--;
    r->next = landed;
    landed = r;
  }
}

/* glibc has not taken it. */
static void turn_back(struct posix_request *r) {
  r->submissions--;
  if (r->bell != NULL)
    bell_expect_not(r->bell);
  land(r);
}

static int submitted(struct posix_request *r, int err) {
  if (record_on)
    record_one(r, r->submitted, err);
  if (err != 0)
    turn_back(r);
  return err;
}

int posix_submit(struct posix_request *r, int op) {
  take_off(r);
  int ret = op == LIO_WRITE ? aio_write(&r->cb) : aio_read(&r->cb);
  return submitted(r, ret == 0 ? 0 : -errno);
}

int posix_submit_sync(struct posix_request *r, int sync) {
  take_off(r);
  return submitted(r, aio_fsync(sync, &r->cb) == 0 ? 0 : -errno);
}

/* ---- lists ---- */

static bool listed(const struct posix_request *r) {
  return r != NULL && r->cb.aio_lio_opcode != LIO_NOP;
}

/* lio_listio does not say which it took: those whose priority it takes. */
static bool acceptable(const struct posix_request *r) {
  return r->cb.aio_reqprio >= 0 && r->cb.aio_reqprio <= POSIX_PRIO_MAX;
}

/* POSIX_LIST_MAX pointers at the most: glibc has more on its stack. */
static int call_listio(int mode, struct posix_request *const *r, int n,
                       struct sigevent *ev) {
  struct aiocb *list[POSIX_LIST_MAX];
  for (int i = 0; i < n; i++)
    list[i] = r[i] != NULL ? &r[i]->cb : NULL;
  return lio_listio(mode, list, n, ev) == 0 ? 0 : -errno;
}

/* The accepted ones, and the first that was not. */
static void record_list(struct posix_request *const *r, int n, bool wanted,
                        int64_t start) {
  const struct posix_request *refused = NULL;
  struct record_call call = {0};
  for (int i = 0; i < n; i++) {
    bool good = listed(r[i]) && wanted && acceptable(r[i]);
    call.n += listed(r[i]);
    call.res += good;
    if (listed(r[i]) && !good && refused == NULL)
      refused = r[i];
  }
  record_posix(RECORD_LISTIO, 0, 0, start, call);
  for (int i = 0; i < n; i++)
    if (listed(r[i]) && wanted && acceptable(r[i]))
      record_what(r[i], true);
  if (refused != NULL)
    record_what(refused, false);
}

int posix_listio(int mode, struct posix_request *const *r, int n,
                 struct bell *group, struct sigevent *ev) {
  bool wanted = mode == LIO_NOWAIT;
  for (int i = 0; wanted && i < n; i++)
    if (listed(r[i]))
      take_off(r[i]);
  if (wanted && group != NULL)
    bell_expect(group, ev);
  int64_t start = record_on ? clock_now() : 0;
  int err = call_listio(mode, r, n, ev);
  if (record_on)
    record_list(r, n, wanted, start);
  for (int i = 0; wanted && i < n; i++)
    if (listed(r[i]) && !acceptable(r[i]))
      turn_back(r[i]);
  return err;
}

/* ---- the way back ---- */

bool posix_unfinished(struct posix_request *r) {
  return r->flying &&
         (r->epoch != epoch_now() || posix_error(r) == EINPROGRESS);
}

int posix_error(struct posix_request *r) {
  int err = aio_error(&r->cb);
  if (!r->flying || err == EINPROGRESS)
    return err;
  if (record_on)
    record_end(r, err);
  land(r);
  return err;
}

ssize_t posix_return(struct posix_request *r) {
  if (!posix_unfinished(r))
    r->returned = true;
  return aio_return(&r->cb);
}

int posix_suspend(const struct aiocb *const *list, int n,
                  const struct timespec *timeout) {
  return aio_suspend(list, n, timeout) == 0 ? 0 : -errno;
}

int posix_cancel(int fd, struct posix_request *r) {
  int answer = aio_cancel(fd, r != NULL ? &r->cb : NULL);
  return answer >= 0 ? answer : -errno;
}

/* ---- all of them ---- */

struct posix_request *posix_next(const struct posix_request *after) {
  struct posix_request *r = after != NULL ? after->next : flying, *next;
  for (; r != NULL; r = next) {
    next = r->next;
    if (r->epoch == epoch_now() && posix_unfinished(r))
      return r;
  }
  return NULL;
}

unsigned posix_busy(const struct desc *d) {
  unsigned n = 0;
  if (d->busy == 0)
    return 0;
  for (const struct posix_request *r = posix_next(NULL); r != NULL;
       r = posix_next(r))
    n += r->what.file == d;
  return n;
}

static bool changes(const struct posix_request *r) {
  return r->what.iocb.aio_lio_opcode != IOCB_CMD_PREAD;
}

unsigned posix_pending(void) {
  unsigned n = 0;
  for (const struct posix_request *r = posix_next(NULL); r != NULL;
       r = posix_next(r))
    n += changes(r);
  return n;
}

bool posix_settle(int64_t deadline) {
  const struct posix_request *r = posix_next(NULL);
  while (r != NULL) {
    const struct aiocb *const list[] = {&r->cb};
    struct timespec left = clock_timespec(clock_left(deadline));
    int err =
        changes(r) ? -posix_suspend(list, 1, deadline > 0 ? &left : NULL) : 0;
    if (err != 0)
      return false;
    r = changes(r) ? posix_next(NULL) : posix_next(r);
  }
  return true;
}

/* ---- causes ---- */

static const char *cause_of_einval(const struct posix_request *r) {
  const struct sigevent *ev = &r->cb.aio_sigevent;
  if (!acceptable(r))
    return "reqprio is not 0 to 20";
  if (ev->sigev_notify == SIGEV_SIGNAL &&
      (ev->sigev_signo < 0 || ev->sigev_signo > SIGRTMAX))
    return "the notification has no such signal";
  int op = meaning(r->cb.aio_lio_opcode);
  if (op > POSIX_SYNC || op < 0)
    return "lio_opcode is none";
  if (transfers(r->cb.aio_lio_opcode) && r->cb.aio_offset < 0)
    return "offset is negative";
  return NULL;
}

static const char *cause_of_efault(const struct request *w) {
  if (w->memory != MEMORY_BLOCK)
    return "buf is no memory";
  if (w->iocb.aio_nbytes > w->len)
    return "nbytes is negative";
  if (!(w->mem->prot & (request_writes(w) ? PROT_WRITE : PROT_READ)))
    return "the buffer's prot forbids it";
  return NULL;
}

const char *posix_cause(const struct posix_request *r, int err) {
  switch (err) {
  case EINVAL:
    return cause_of_einval(r);
  case EBADF:
    return r->cb.aio_fildes < 0 ? "fd is negative"
                                : "fd is not open, or not for this";
  case EFAULT:
    return cause_of_efault(&r->what);
  case ECANCELED:
    return "aio_cancel took it from the queue";
  default:
    return NULL;
  }
}
