#include "core/ring.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool ring_allowed(void) {
  const char *env = getenv("AIOSH_RING");
  return env == NULL || strcmp(env, "off") != 0;
}

/* compat is not looked at: its bits may grow without changing the layout. */
static bool ring_known(const struct ring_map *map) {
  return map->magic == RING_MAGIC && map->incompat == 0 &&
         map->header_length == sizeof *map && map->nr > 0;
}

bool ring_open(struct ring *r, aio_context_t id) {
  struct ring_map *map = (struct ring_map *)(uintptr_t)id;
  r->map = NULL;
  r->nr = 0;
  if (id == 0 || !ring_allowed() || !ring_known(map))
    return false;
  r->map = map;
  r->nr = map->nr;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t len = sizeof *map + r->nr * sizeof map->events[0];
  madvise(map, (len + page - 1) / page * page, MADV_DONTFORK);
  return true;
}

/* The tail is acquired: the events before it were written before it (the
 * kernel's smp_wmb in aio_complete). The head is ours alone. */
int ring_span(const struct ring *r, uint32_t *head) {
  if (r->map == NULL)
    return 0;
  uint32_t tail = __atomic_load_n(&r->map->tail, __ATOMIC_ACQUIRE);
  *head = __atomic_load_n(&r->map->head, __ATOMIC_RELAXED);
  if (*head >= r->nr || tail >= r->nr)
    return -EAGAIN;
  return (int)(tail >= *head ? tail - *head : tail + r->nr - *head);
}

int ring_ready(const struct ring *r) {
  uint32_t head;
  return ring_span(r, &head);
}

int ring_reap(struct ring *r, struct io_event *events, uint32_t max) {
  uint32_t head;
  int ready = ring_span(r, &head);
  if (ready <= 0)
    return ready;
  uint32_t n = (uint32_t)ready < max ? (uint32_t)ready : max;
  for (uint32_t i = 0; i < n; i++) {
    events[i] = r->map->events[head];
    head = ring_next(r, head);
  }
  /* Released: the kernel may reuse the slots once it sees the new head. */
  __atomic_store_n(&r->map->head, head, __ATOMIC_RELEASE);
  return (int)n;
}
