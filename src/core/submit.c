/* From requests to the kernel: gather, submit, and who was taken. */
#include "core/context.h"

#include <errno.h>
#include <sys/resource.h>

#include "core/clock.h"
#include "core/slot.h"
#include "core/watch.h"

/* A request's own eventfd, else the context's: not where a raw flag asks for
 * a number of the user's choice. */
static struct desc *signalled_by(const struct context *c,
                                 const struct request *r) {
  if (r->eventfd != NULL || r->iocb.aio_flags & IOCB_FLAG_RESFD)
    return r->eventfd;
  return c->eventfd != NULL && !c->eventfd->shut ? c->eventfd : NULL;
}

/* All segments, also where nbytes names fewer: the kernel may not, we may. */
static void pin_segs(struct segs *s, bool writes) {
  segs_ref(s);
  for (unsigned i = 0; i < s->n; i++)
    mem_pin(&s->seg[i].pin, s->seg[i].mem, s->seg[i].off, s->seg[i].len,
            writes);
}

static void slot_hold(struct slot *s, const struct request *r) {
  s->holds = (uint8_t)r->memory;
  if (r->memory == MEMORY_BLOCK)
    mem_pin(&s->pin, r->mem, r->off,
            r->iocb.aio_nbytes < r->len ? r->iocb.aio_nbytes : r->len,
            request_writes(r));
  else if (r->memory == MEMORY_SEGS)
    pin_segs(s->segs = r->segs, request_writes(r));
  if (s->file != NULL)
    desc_hold(s->file);
  if (s->eventfd != NULL)
    desc_hold(s->eventfd);
}

static void fill_iocb(struct slot *s, const struct request *r, uint32_t index) {
  s->iocb = r->iocb;
  s->iocb.aio_data = (uint64_t)s->generation << 32 | index;
  s->iocb.aio_buf = request_address(r);
  if (s->file != NULL)
    s->iocb.aio_fildes = (uint32_t)s->file->fd;
  if (s->eventfd != NULL)
    s->iocb.aio_resfd = (uint32_t)s->eventfd->fd;
  if (s->eventfd != r->eventfd)
    s->iocb.aio_flags |= IOCB_FLAG_RESFD;
}

int context_gather(struct context *c, struct request *r) {
  if (r->context != NULL)
    return -EBUSY;
  r->context = c;
  r->slot = (uint32_t)c->free;
  struct slot *s = context_slot(c, c->free);
  c->free = s->next;
  c->free_slots--;
  s->state = SLOT_FLYING;
  s->id = record_requests + c->gathered + 1;
  s->seen = 0;
  s->told = false;
  s->file = r->file;
  s->eventfd = signalled_by(c, r);
  fill_iocb(s, r, r->slot);
  slot_hold(s, r);
  c->opcodes |= opcode_bit(r->iocb.aio_lio_opcode);
  c->list[c->gathered] = &s->iocb;
  c->asked[c->gathered++] = r;
  return 0;
}

/* The request never flew. */
static void ground(struct context *c, struct request *r) {
  slot_let_go(context_slot(c, (int32_t)r->slot));
  slot_free(c, (int32_t)r->slot);
  r->context = NULL;
}

void context_scatter(struct context *c) {
  while (c->gathered > 0)
    ground(c, c->asked[--c->gathered]);
  c->opcodes = 0;
}

/* The ring's entries that belong to this submit, which returned now after ns:
 * by slot, for the tail alone counts strangers too. Its ids are not counted
 * yet. */
static int done_already(const struct context *c, int64_t now, int64_t ns,
                        int *failed) {
  uint32_t at = 0;
  int done = 0, ready = ring_span(&c->ring, &at);
  if (c->ring.map == NULL || ready < 0)
    return -1;
  for (; ready > 0; ready--, at = ring_next(&c->ring, at)) {
    struct io_event e = c->ring.map->events[at];
    uint32_t index = (uint32_t)e.data;
    if (index >= c->slots)
      continue;
    struct slot *s = context_slot(c, (int32_t)index);
    if (s->state != SLOT_FLYING || s->id <= record_requests ||
        s->generation != e.data >> 32)
      continue;
    slot_see(s, now, ns);
    done++;
    *failed += e.res < 0;
  }
  return done;
}

static long voluntary_switches(void) {
  struct rusage u;
  return record_on && getrusage(RUSAGE_THREAD, &u) == 0 ? u.ru_nvcsw : -1;
}

/* What a vector holds stands in the place of its address. */
static uint64_t memory_of(const struct slot *s) {
  uint64_t sum = 0;
  if (s->holds != MEMORY_SEGS)
    return s->iocb.aio_buf;
  for (unsigned i = 0; i < s->segs->n && i < s->iocb.aio_nbytes; i++)
    sum += s->segs->seg[i].len;
  return sum;
}

static void record_request(const struct context *c, enum record_kind kind,
                           const struct slot *s, int64_t at) {
  const struct iocb *k = &s->iocb;
  *record_next() =
      (struct record_entry){.kind = (uint16_t)kind,
                            .opcode = k->aio_lio_opcode,
                            .context = c->serial,
                            .at = at,
                            .id = kind == RECORD_REQUEST ? s->id : 0,
                            .request = {.nbytes = k->aio_nbytes,
                                        .offset = k->aio_offset,
                                        .memory = memory_of(s),
                                        .fd = (int32_t)k->aio_fildes,
                                        .resfd = (int32_t)k->aio_resfd,
                                        .rw_flags = (uint32_t)k->aio_rw_flags,
                                        .reqprio = k->aio_reqprio,
                                        .flags = (uint16_t)k->aio_flags}};
}

/* The slot of the i-th gathered: it begins with its iocb. */
static struct slot *listed(const struct context *c, unsigned i) {
  return (struct slot *)c->list[i];
}

static void record_requests_of(const struct context *c, unsigned taken,
                               int64_t end) {
  for (unsigned i = 0; i < taken; i++)
    record_request(c, RECORD_REQUEST, listed(c, i), end);
  if (taken < c->gathered)
    record_request(c, RECORD_REFUSED, listed(c, taken), end);
}

/* The first taken ones fly, the others never did. */
static void settle(struct context *c, unsigned taken, int64_t start,
                   int64_t end) {
  if (record_on)
    record_requests_of(c, taken, end);
  for (unsigned i = 0; i < taken; i++) {
    struct slot *s = listed(c, i);
    s->submitted = end;
    s->slat = end - start;
  }
  for (unsigned i = taken; i < c->gathered; i++)
    ground(c, c->asked[i]);
  record_requests += taken;
  c->flying += taken;
}

static void record_submit(const struct context *c, int64_t start) {
  const struct submission *s = &c->last;
  *record_next() =
      (struct record_entry){.kind = RECORD_SUBMIT,
                            .context = c->serial,
                            .at = start,
                            .id = s->taken > 0 ? record_requests + 1 : 0,
                            .call = {.ns = s->ns,
                                     .res = s->taken,
                                     .n = (int32_t)s->asked,
                                     .done = s->done,
                                     .switches = (int32_t)s->switches}};
}

int context_submit(struct context *c, long nr) {
  long asked = c->gathered > 0 ? (long)c->gathered : nr;
  bool extends = batch_extends(c);
  long before = voluntary_switches();
  c->batch++;
  watch_expect(c->watched, c->flying + c->gathered);
  int64_t start = clock_now();
  int res = c->kaio->submit(c->kaio, c->id, asked, c->list);
  int64_t end = clock_now();
  long after = voluntary_switches();
  struct submission *last = &c->last;
  last->made = true;
  last->asked = asked;
  last->taken = res;
  last->failed = 0;
  last->ns = end - start;
  last->done = res > 0 ? done_already(c, end, last->ns, &last->failed) : 0;
  last->switches = before < 0 ? -1 : after - before;
  last->extends = extends;
  batch_note(c, res > 0 ? (unsigned)res : 0);
  if (record_on)
    record_submit(c, start);
  settle(c, res > 0 ? (unsigned)res : 0, start, end);
  watch_expect(c->watched, c->flying);
  c->gathered = 0;
  c->opcodes = 0;
  return res;
}
