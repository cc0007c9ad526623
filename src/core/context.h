/* An AIO context and its requests in flight.
 *
 * Each request in flight has a slot: what the kernel was given, what keeps
 * its memory and descriptors alive, and later its event. aio_data carries the
 * slot's number and generation, so that an event that is not ours is known as
 * foreign without following any pointer (invariant 4).
 *
 * Every entry into the kernel has two phases here: reserve may fail and must
 * come first; gather, submit, take, wait and deliver allocate nothing. */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/kaio.h"
#include "core/request.h"
#include "core/ring.h"

enum { SLOT_NONE = -1 };
enum { SLOTS_PER_CHUNK = 64, SLOT_ALIGN = 64 };

enum slot_state {
  SLOT_FREE,
  SLOT_FLYING, /* the kernel has it, or gets it with this submit */
  SLOT_DONE,   /* its event was taken and waits in the queue */
  SLOT_HANDED, /* the event handed out last: see context_hand_over */
  SLOT_LOST    /* its context was destroyed before anybody took its event */
};

/* In the order of use, by cache lines: what the kernel reads at submit; what
 * becomes of the request; what it holds. */
struct slot {
  struct iocb iocb; /* as submitted; its address is the event's obj */
  uint8_t state;    /* enum slot_state */
  uint8_t holds;    /* enum request_memory: pin, segs, or neither */
  bool told;        /* see peek_tell */
  uint32_t generation;
  int32_t next;      /* free list, or queue of done ones */
  float gap;         /* see slot_see */
  uint64_t id;       /* unique in the process */
  int64_t submitted; /* when its io_submit returned, clock_now */
  int64_t slat;      /* how long that took, ns */
  int64_t seen;      /* when the completion was first seen; 0: not yet */
  int64_t res, res2;
  union {
    struct pin pin;    /* MEMORY_BLOCK */
    struct segs *segs; /* MEMORY_SEGS */
  };
  struct desc *file, *eventfd;
} __attribute__((aligned(SLOT_ALIGN)));

_Static_assert(sizeof(struct slot) == 3 * SLOT_ALIGN, "three cache lines");

/* The completion was seen then; it was not there gap ns before (-1: unknown),
 * which is kept to the ns below 16 ms, and to seven digits above. */
static inline void slot_see(struct slot *s, int64_t at, int64_t gap) {
  s->seen = at;
  s->gap = (float)gap;
}
static inline int64_t slot_gap(const struct slot *s) {
  return (int64_t)s->gap;
}

/* What the last submit was told. */
struct submission {
  bool made; /* false: there was no submit yet */
  long asked;
  int taken;  /* or -errno */
  int done;   /* of its own requests, when it returned; -1: unknown */
  int failed; /* of these, with an error */
  int64_t ns;
  long switches;     /* voluntary context switches; -1 while not recording */
  unsigned inflight; /* after it */
  struct iocb first, refused; /* the first taken; where it stopped */
  uint64_t refused_bytes;     /* see request_bytes */
  struct desc *file;          /* of the first, referenced, or NULL */
  int flags;                  /* it was opened with these, or -1 */
  bool one_op;                /* all taken are of the first one's kind */
  bool alike;                 /* and its file and rw_flags */
  bool extends;               /* a direct write went beyond its file's end */
};

struct context {
  struct kaio *kaio;
  aio_context_t id; /* 0: destroyed */
  unsigned epoch, serial, nr_events;
  unsigned room; /* events that the kernel can hold at the most */
  struct ring ring;
  struct watched *watched; /* for precise times, or NULL */

  struct slot **slot; /* by number */
  unsigned slots, free_slots;
  int32_t free; /* list of free slots */
  unsigned flying, done;
  int32_t oldest, newest; /* queue of done ones */
  int32_t handed;         /* the slot that is HANDED, or SLOT_NONE */
  uint64_t delivered;     /* events handed out so far, foreign ones too */
  uint64_t edits;         /* counts removals from the queue */
  uint32_t batch;

  struct iocb **list; /* gathered, in order */
  struct request **asked;
  unsigned gathered, list_room;
  uint32_t opcodes; /* of these, see opcode_bit */

  struct io_event *events; /* scratch for taking */
  unsigned events_room;
  struct io_event *foreign; /* taken, not ours, not delivered yet */
  unsigned foreigns, foreign_room;

  struct desc *eventfd; /* for requests without one of their own, or NULL */
  bool drains;          /* the eventfd is read when the ring is left empty */
  bool owed;            /* the queue has added one to it */
  struct submission last;
  uint64_t looked; /* what peek_look counted last */
  unsigned untold; /* and how many were ready, and not told */

  struct context *next, **link; /* all contexts of the process */
};

/* io_setup(2). 0 or -errno. */
int context_open(struct context **out, struct kaio *kaio, unsigned nr_events);

/* False when destroyed, or inherited by a forked child. */
bool context_usable(const struct context *c);
bool context_inherited(const struct context *c);

/* ---- submit ---- */

/* Makes sure of n free slots and room in the list. 0 or -ENOMEM. */
int context_reserve(struct context *c, unsigned n);

/* Adds a valid request to the list (reserve first), and holds what it refers
 * to: 0, or -EBUSY when it is in flight or in the list already. scatter empties
 * the list again and lets go. */
int context_gather(struct context *c, struct request *r);
void context_scatter(struct context *c);

/* io_submit(2) of the list; nr is what the kernel is told when the list is
 * empty (0, or a negative wrong question). How many it took, or -errno; the
 * others are as if never gathered. asked[] stays readable. */
int context_submit(struct context *c, long nr);

/* ---- take: from the kernel into the queue ---- */

/* Makes sure that n events can be taken. 0 or -ENOMEM. */
int context_reserve_events(struct context *c, unsigned n);

/* The largest n that makes sense: what the kernel can hold. */
unsigned context_clamp(const struct context *c, long n);

/* From the ring, without entering the kernel: the number taken (at most nr,
 * reserved), or -EAGAIN: ask the kernel. */
int context_take(struct context *c, unsigned nr);

/* io_getevents(2), or io_pgetevents(2) where pwait: the number taken, or
 * -errno. nr above what is reserved is cut. timeout in ns, below 0: none. */
struct wait {
  long min_nr, nr;
  int64_t timeout;
  bool pwait;
  const sigset_t *blocked; /* NULL: the mask stays */
};
int context_wait(struct context *c, const struct wait *w);

/* From now on the context's eventfd is ready for as long as there are events,
 * in the ring or in the queue: it is read whenever both are left empty, and now
 * as well, since what it counted may have been taken before. */
void context_drain(struct context *c);

/* ---- deliver: from the queue to the user ---- */

static inline struct slot *context_slot(const struct context *c,
                                        int32_t index) {
  return c->slot[index];
}
unsigned context_queued(const struct context *c);   /* foreign ones included */
unsigned context_inflight(const struct context *c); /* ours, not delivered */

/* Removes a done slot from the queue: its pins go, the slot is free. prev is
 * the one before it in the queue, or SLOT_NONE. */
void context_deliver(struct context *c, int32_t index, int32_t prev);

/* As deliver, but the slot keeps what its event told until the next one is
 * handed over, or it is forgotten (harmless when there is none). */
const struct slot *context_hand_over(struct context *c, int32_t index,
                                     int32_t prev);
void context_forget_handed(struct context *c);

/* Removes n foreign events, the oldest first. */
void context_deliver_foreign(struct context *c, unsigned n);

/* ---- the rest ---- */

/* io_cancel(2). -EINPROGRESS: accepted, its event comes the normal way; 0: an
 * old kernel handed the event over, it is the newest in the queue now. */
int context_cancel(struct context *c, const struct request *r);

/* io_destroy(2): the handle is dead whatever it answers. On success the
 * requests in flight are LOST (let go with context_free_lost); otherwise all
 * they hold is kept for the life of the process. */
int context_destroy(struct context *c);
void context_free_lost(struct context *c, int32_t index);

/* How many requests io_destroy would have to wait for: it cancels polls, and
 * what has its event in the ring is finished. */
unsigned context_unfinished(const struct context *c);

/* How many with that opcode the kernel has still, polls too. */
unsigned context_unfinished_of(const struct context *c, unsigned opcode);

/* How many requests will signal no eventfd when they finish. */
unsigned context_silent(const struct context *c);

/* As destroy, for the collector: an idle context, in a thread of its own, so
 * that nothing stalls for io_destroy's 30 ms. */
void context_destroy_idle(struct context *c);

/* Frees the struct, unless requests in flight still need it. */
void context_free(struct context *c);

/* ---- all of them (quit.c) ---- */

/* The newest context of the process, then by `next`; NULL: there is none. */
struct context *context_first(void);

void context_enlist(struct context *c);
void context_delist(struct context *c);

/* Requests in flight in this process; 0 in a forked child. */
unsigned context_pending(void);

/* At exit: cancels polls and waits for the rest, taking their events. notice
 * is called once if that takes longer than 200 ms. */
void context_quit(void (*notice)(unsigned pending));

/* The first half of that. */
void context_cancel_polls(void);

/* From now on contexts are left to process exit, io_destroy is skipped. */
void context_leave(void);
bool context_leaving(void);

#endif
