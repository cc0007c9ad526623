/* Requests for the tests of contexts: each over a block of its own. */
#ifndef TESTS_REQUESTS_H
#define TESTS_REQUESTS_H

#include <errno.h>
#include <stdlib.h>

#include "core/context.h"

enum { REQUEST_BYTES = 512 };

static inline struct request a_read(int fd) {
  struct request r = {.memory = MEMORY_BLOCK, .len = REQUEST_BYTES};
  if (mem_alloc(&r.mem, REQUEST_BYTES, 512) != 0)
    abort();
  r.iocb.aio_lio_opcode = IOCB_CMD_PREAD;
  r.iocb.aio_fildes = (uint32_t)fd;
  r.iocb.aio_nbytes = REQUEST_BYTES;
  return r;
}

static inline struct request a_poll(int fd) {
  struct request r = {.memory = MEMORY_NONE};
  r.iocb.aio_lio_opcode = KAIO_CMD_POLL;
  r.iocb.aio_fildes = (uint32_t)fd;
  r.iocb.aio_buf = 1;
  return r;
}

static inline void forget(struct request *r, unsigned n) {
  for (unsigned i = 0; i < n; i++)
    request_forget_memory(&r[i]);
}

/* Gathers and submits n; how many were taken, or -errno. */
static inline int send_off(struct context *c, struct request *r, unsigned n) {
  if (context_reserve(c, n) != 0)
    abort();
  for (unsigned i = 0; i < n; i++)
    if (context_gather(c, &r[i]) != 0)
      abort();
  return context_submit(c, (long)n);
}

/* Takes without waiting, however there is. */
static inline int take(struct context *c, unsigned nr) {
  struct wait now = {0, (long)nr, 0, false, NULL};
  if (context_reserve_events(c, nr) != 0)
    abort();
  int n = context_take(c, nr);
  return n == -EAGAIN ? context_wait(c, &now) : n;
}

/* Delivers the oldest; whose it was. As a user would, it frees the request. */
static inline struct request *deliver(struct context *c, struct request *r,
                                      unsigned n) {
  int32_t index = c->oldest;
  if (index == SLOT_NONE)
    return NULL;
  context_deliver(c, index, SLOT_NONE);
  for (unsigned i = 0; i < n; i++)
    if (r[i].context == c && r[i].slot == (uint32_t)index) {
      r[i].context = NULL;
      return &r[i];
    }
  return NULL;
}

#endif
