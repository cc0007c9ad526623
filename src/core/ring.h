/* The completion ring, which the kernel maps into the process at the address
 * that is the context's id (fs/aio.c, struct aio_ring).
 *
 * It is shared memory that anybody in the process may scribble on, so nothing
 * in it is believed: nr is read once, an index beyond it answers -EAGAIN (ask
 * the kernel instead), events are copied before they are looked at. One
 * reaper at a time: never in parallel with io_getevents. */
#ifndef CORE_RING_H
#define CORE_RING_H

#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stdint.h>

#define RING_MAGIC 0xa10a10a1u

struct ring_map {
  uint32_t id, nr, head, tail, magic, compat, incompat, header_length;
  struct io_event events[];
};

struct ring {
  struct ring_map *map; /* NULL: not usable, only io_getevents is */
  uint32_t nr;
};

/* Looks whether id is the address of a ring as we know it, and takes it out
 * of forked children (MADV_DONTFORK). False, and r->map NULL, where it is
 * not (another kernel, gVisor, AIOSH_RING=off in the environment). */
bool ring_open(struct ring *r, aio_context_t id);

/* How many events are ready: 0 when the ring is not usable, -EAGAIN when its
 * indices make no sense. */
int ring_ready(const struct ring *r);

/* As ring_ready, and where the first of them is; and the place after one. */
int ring_span(const struct ring *r, uint32_t *head);
static inline uint32_t ring_next(const struct ring *r, uint32_t at) {
  return at + 1 < r->nr ? at + 1 : 0;
}

/* The i-th ready event, a copy that leaves it there (i < ring_ready). Whatever
 * the head says, this stays within the ring. */
static inline struct io_event ring_peek(const struct ring *r, uint32_t i) {
  uint32_t head = __atomic_load_n(&r->map->head, __ATOMIC_RELAXED);
  uint32_t at = (head < r->nr ? head : 0) + i;
  return r->map->events[at < r->nr ? at : at - r->nr];
}

/* Takes up to max events. The number, or -EAGAIN as ring_ready. */
int ring_reap(struct ring *r, struct io_event *events, uint32_t max);

#endif
