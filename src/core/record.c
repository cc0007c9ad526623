#include "core/record.h"

#include <errno.h>
#include <stdlib.h>

bool record_on;
uint64_t record_requests;

static struct record_entry *ring;
static size_t room; /* a power of two */
static uint64_t written;
static uint64_t lost; /* these first ones were gone before the ring grew */
static unsigned observers, era;

_Static_assert(sizeof(struct record_entry) == 64, "an entry is a cache line");

static uint64_t oldest(void) {
  return written > lost + room ? written - room : lost;
}

/* A ring of that size, not smaller than what the old one holds, with that. */
static int resize(size_t size) {
  void *other_room = NULL;
  if (posix_memalign(&other_room, sizeof *ring, size * sizeof *ring) != 0)
    return -ENOMEM;
  struct record_entry *other = other_room;
  lost = oldest();
  for (uint64_t i = lost; i < written; i++)
    other[i & (size - 1)] = ring[i & (room - 1)];
  free(ring);
  ring = other;
  room = size;
  return 0;
}

int record_open(size_t capacity) {
  size_t size = 1;
  while (size < capacity)
    size *= 2;
  if (observers == 0)
    written = lost = 0;
  bool fits = observers > 0 ? size <= room : size == room;
  if (!fits && resize(size) != 0)
    return -ENOMEM;
  era += observers == 0;
  observers++;
  record_on = true;
  return 0;
}

void record_close(void) {
  if (observers > 0 && --observers == 0)
    record_on = false;
}

struct record_entry *record_next(void) {
  return &ring[written++ & (room - 1)];
}

uint64_t record_written(void) {
  return written;
}

unsigned record_era(void) {
  return era;
}

size_t record_read(uint64_t *cursor, struct record_entry *out, size_t max,
                   uint64_t *missed) {
  size_t n = 0;
  if (*cursor < oldest()) {
    *missed += oldest() - *cursor;
    *cursor = oldest();
  }
  while (n < max && *cursor < written)
    out[n++] = ring[(*cursor)++ & (room - 1)];
  return n;
}
