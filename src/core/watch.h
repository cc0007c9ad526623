/* A thread that only looks at the tails of completion rings, and notes when
 * each of them moved: the kernel keeps no completion time. It is good to the
 * time between two looks, a few us while requests are in flight.
 *
 * Events are counted from when their ring was first watched: the taker tells
 * how far it is, so that the position of each is known without a lock, and a
 * note can't be mistaken for that of an older event in the same place. */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ring.h"

struct stamp {
  int64_t at;  /* the completion was in the ring */
  int64_t gap; /* and was not there so long before; -1: unknown */
};

/* Starts the thread, ends it: counted, as the record's observers are. Start
 * answers 0 or -errno. A forked child has no thread. */
int watch_start(void);
void watch_stop(void);

extern bool watch_on; /* read it before adding a ring */

/* Begins to watch a ring; NULL when it is not usable, or out of memory. remove
 * returns when nobody looks at the ring any more; NULL is allowed. */
struct watched *watch_add(const struct ring *r);
void watch_remove(struct watched *w);

/* So many requests are, or are about to be, in flight: wakes the thread. */
void watch_expect(struct watched *w, unsigned flying);

/* The taker has n events from the ring, its head is behind them: the position
 * of the first. Then stamp answers whether one was seen, and end tells that
 * they may be forgotten, and how many requests still fly. */
uint64_t watch_begin(struct watched *w, uint32_t n);
bool watch_stamp(const struct watched *w, uint64_t position, struct stamp *s);
void watch_end(struct watched *w, uint32_t n, unsigned flying);

#endif
