#include "core/context.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/epoch.h"
#include "core/record.h"
#include "core/slot.h"
#include "core/watch.h"

static unsigned contexts; /* serial numbers */

/* ---- shared with submit.c and take.c ---- */

void context_record(const struct context *c, enum record_kind kind, int64_t at,
                    struct record_call call) {
  call.ns = clock_now() - at;
  *record_next() = (struct record_entry){
      .kind = (uint16_t)kind, .context = c->serial, .at = at, .call = call};
}

/* ---- open ---- */

/* The kernel makes room for max(nr, 4 * cpus) * 2 + 2 events and fills the
 * last page (fs/aio.c, aio_setup_ring): the bound where there is no ring. */
static unsigned room_without_ring(unsigned nr) {
  long cpus = sysconf(_SC_NPROCESSORS_CONF);
  unsigned least = 4 * (unsigned)(cpus > 0 ? cpus : 1);
  return (nr > least ? nr : least) * 2 + 2 + 128;
}

int context_open(struct context **out, struct kaio *kaio, unsigned nr_events) {
  struct context *c = calloc(1, sizeof *c);
  if (c == NULL)
    return -ENOMEM;
  int64_t start = record_on ? clock_now() : 0;
  int err = kaio->setup(kaio, nr_events, &c->id);
  c->serial = err < 0 ? 0 : ++contexts;
  if (record_on)
    context_record(c, RECORD_SETUP, start,
                   (struct record_call){.n = (int32_t)nr_events, .res = err});
  if (err < 0) {
    free(c);
    return err;
  }
  c->kaio = kaio;
  c->epoch = epoch_now();
  c->nr_events = nr_events;
  c->room =
      ring_open(&c->ring, c->id) ? c->ring.nr : room_without_ring(nr_events);
  c->free = c->oldest = c->newest = c->handed = SLOT_NONE;
  context_enlist(c);
  *out = c;
  return 0;
}

bool context_inherited(const struct context *c) {
  return c->epoch != epoch_now();
}

bool context_usable(const struct context *c) {
  return c->id != 0 && !context_inherited(c);
}

/* ---- slots ---- */

void slot_free(struct context *c, int32_t index) {
  struct slot *s = context_slot(c, index);
  s->state = SLOT_FREE;
  s->generation++;
  s->next = c->free;
  c->free = index;
  c->free_slots++;
}

static void unpin_segs(struct segs *s) {
  for (unsigned i = 0; i < s->n; i++)
    mem_unpin(&s->seg[i].pin);
  segs_unref(s);
}

inline void slot_let_go(struct slot *s) {
  if (s->holds == MEMORY_BLOCK)
    mem_unpin(&s->pin);
  else if (s->holds == MEMORY_SEGS)
    unpin_segs(s->segs);
  s->holds = MEMORY_NONE;
  if (s->file != NULL)
    desc_release(s->file);
  if (s->eventfd != NULL)
    desc_release(s->eventfd);
  s->file = s->eventfd = NULL;
}

/* Slots never move, for pins are linked by address: they come in chunks. */
static int add_chunk(struct context *c) {
  unsigned n = c->slots;
  struct slot **slot = realloc(c->slot, (n + SLOTS_PER_CHUNK) * sizeof *slot);
  if (slot == NULL)
    return -ENOMEM;
  c->slot = slot;
  size_t size = SLOTS_PER_CHUNK * sizeof **slot;
  struct slot *chunk = aligned_alloc(SLOT_ALIGN, size);
  if (chunk == NULL)
    return -ENOMEM;
  memset(chunk, 0, size);
  c->slots += SLOTS_PER_CHUNK;
  for (unsigned i = SLOTS_PER_CHUNK; i-- > 0;) {
    slot[n + i] = &chunk[i];
    slot_free(c, (int32_t)(n + i));
  }
  return 0;
}

static int grow_list(struct context *c, unsigned n) {
  struct iocb **list = realloc(c->list, n * sizeof(struct iocb *));
  if (list == NULL)
    return -ENOMEM;
  c->list = list;
  struct request **asked = realloc(c->asked, n * sizeof(struct request *));
  if (asked == NULL)
    return -ENOMEM;
  c->asked = asked;
  c->list_room = n;
  return 0;
}

int context_reserve(struct context *c, unsigned n) {
  int err = n > c->list_room ? grow_list(c, n) : 0;
  while (err == 0 && c->free_slots < n)
    err = add_chunk(c);
  if (watch_on && c->watched == NULL)
    c->watched = watch_add(&c->ring); /* without it: less precise times */
  return err;
}

/* ---- cancel, destroy ---- */

/* As context_record; s is the slot that is asked for, or NULL. */
static void record_cancel(const struct context *c, int64_t at,
                          const struct slot *s, int res) {
  *record_next() =
      (struct record_entry){.kind = RECORD_CANCEL,
                            .context = c->serial,
                            .at = at,
                            .id = s != NULL ? s->id : 0,
                            .call = {.ns = clock_now() - at, .res = res}};
}

int context_cancel(struct context *c, const struct request *r) {
  static struct iocb stranger; /* never submitted: the kernel says EINVAL */
  struct io_event e = {0};
  int64_t now = 0;
  bool ours = r->context == c && r->slot < c->slots;
  struct slot *s = ours ? context_slot(c, (int32_t)r->slot) : NULL;
  struct iocb *iocb =
      s != NULL && s->state == SLOT_FLYING ? &s->iocb : &stranger;
  int64_t start = record_on ? clock_now() : 0;
  int res = c->kaio->cancel(c->kaio, c->id, iocb, &e);
  if (record_on)
    record_cancel(c, start, s, res);
  if (res == 0)
    slot_done(c, &e, &now);
  return res;
}

static bool waited_for(const struct slot *s, unsigned unused) {
  (void)unused;
  return s->iocb.aio_lio_opcode != KAIO_CMD_POLL;
}

static bool has_opcode(const struct slot *s, unsigned opcode) {
  return s->iocb.aio_lio_opcode == opcode;
}

static bool silent(const struct slot *s, unsigned unused) {
  (void)unused;
  return s->eventfd == NULL && (s->iocb.aio_flags & IOCB_FLAG_RESFD) == 0;
}

/* How many fly, are like that, and have no event in the ring. */
static unsigned count_slots(const struct context *c,
                            bool (*like)(const struct slot *, unsigned),
                            unsigned opcode) {
  unsigned n = 0;
  for (unsigned i = 0; c->flying > 0 && i < c->slots; i++) {
    const struct slot *s = context_slot(c, (int32_t)i);
    n += s->state == SLOT_FLYING && like(s, opcode);
  }
  int ready = ring_ready(&c->ring);
  for (int i = 0; n > 0 && i < ready; i++) {
    uint32_t index = (uint32_t)ring_peek(&c->ring, (uint32_t)i).data;
    const struct slot *s =
        index < c->slots ? context_slot(c, (int32_t)index) : NULL;
    n -= s != NULL && s->state == SLOT_FLYING && like(s, opcode);
  }
  return n;
}

unsigned context_unfinished(const struct context *c) {
  return count_slots(c, waited_for, 0);
}

unsigned context_unfinished_of(const struct context *c, unsigned opcode) {
  return count_slots(c, has_opcode, opcode);
}

unsigned context_silent(const struct context *c) {
  return count_slots(c, silent, 0);
}

static void lose_flying(struct context *c) {
  for (unsigned i = 0; i < c->slots; i++) {
    struct slot *s = context_slot(c, (int32_t)i);
    if (s->state != SLOT_FLYING)
      continue;
    slot_let_go(s);
    s->state = SLOT_LOST;
  }
  c->flying = 0;
}

/* Nobody looks at the ring any more. */
static void leave_ring(struct context *c) {
  watch_remove(c->watched);
  c->watched = NULL;
  c->ring.map = NULL;
  c->id = 0;
}

int context_destroy(struct context *c) {
  aio_context_t id = c->id;
  leave_ring(c);
  int64_t start = record_on ? clock_now() : 0;
  int err = c->kaio->destroy(c->kaio, id);
  if (record_on)
    context_record(c, RECORD_DESTROY, start,
                   (struct record_call){.n = (int32_t)c->flying, .res = err});
  if (err == 0)
    lose_flying(c);
  return err;
}

void context_free_lost(struct context *c, int32_t index) {
  slot_free(c, index);
}

static void *destroy_thread(void *id) {
  kaio_kernel.destroy(&kaio_kernel, (aio_context_t)(uintptr_t)id);
  return NULL;
}

/* With every signal blocked: handlers belong to the threads of the host. */
static bool destroy_aside(aio_context_t id) {
  sigset_t all, old;
  pthread_attr_t attr;
  pthread_t thread;
  if (pthread_attr_init(&attr) != 0)
    return false;
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int err =
      pthread_create(&thread, &attr, destroy_thread, (void *)(uintptr_t)id);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  pthread_attr_destroy(&attr);
  return err == 0;
}

void context_destroy_idle(struct context *c) {
  watch_remove(c->watched);
  c->watched = NULL;
  if (c->kaio != &kaio_kernel || !destroy_aside(c->id)) {
    context_destroy(c);
    return;
  }
  leave_ring(c);
  if (record_on)
    context_record(c, RECORD_COLLECT, clock_now(), (struct record_call){0});
}

void context_free(struct context *c) {
  if (c->flying > 0)
    return;
  for (unsigned i = 0; i < c->slots; i++)
    slot_let_go(context_slot(c, (int32_t)i));
  context_delist(c);
  watch_remove(c->watched);
  desc_unref(c->eventfd);
  desc_unref(c->last.file);
  for (unsigned i = 0; i < c->slots; i += SLOTS_PER_CHUNK)
    free(c->slot[i]);
  free(c->slot);
  free(c->list);
  free(c->asked);
  free(c->events);
  free(c->foreign);
  free(c);
}
