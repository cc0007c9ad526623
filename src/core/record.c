#include "core/record.h"

#include <errno.h>
#include <stdlib.h>

bool record_on;

static struct record_entry *ring;
static size_t room; /* a power of two */
static uint64_t written;
static unsigned observers;

int record_open(size_t capacity) {
  if (observers == 0) {
    room = 1;
    while (room < capacity)
      room *= 2;
    ring = calloc(room, sizeof *ring);
    if (ring == NULL)
      return -ENOMEM;
    written = 0;
  }
  observers++;
  record_on = true;
  return 0;
}

void record_close(void) {
  if (observers == 0 || --observers > 0)
    return;
  record_on = false;
  free(ring);
  ring = NULL;
}

void record_add(const struct record_entry *e) {
  if (record_on)
    ring[written++ & (room - 1)] = *e;
}

size_t record_read(uint64_t *cursor, struct record_entry *out, size_t max,
                   uint64_t *missed) {
  size_t n = 0;
  if (!record_on)
    return 0;
  uint64_t oldest = written > room ? written - room : 0;
  if (*cursor < oldest) {
    *missed += oldest - *cursor;
    *cursor = oldest;
  }
  while (n < max && *cursor < written)
    out[n++] = ring[(*cursor)++ & (room - 1)];
  return n;
}
