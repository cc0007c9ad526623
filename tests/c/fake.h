/* A scripted kernel: the table of the six calls (core/kaio.h), which holds
 * what is submitted until it is told to complete it, and then writes the
 * buffers from C, where sanitizers see it; set poison_enabled = false, since
 * they would take its writes for a user's.
 *
 * One fake serves one context at a time. Its ring is a page-aligned block:
 * the context's id is its address. Without a ring its magic is wrong. */
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/kaio.h"
#include "core/ring.h"

enum fake_call {
  FAKE_SETUP,
  FAKE_DESTROY,
  FAKE_SUBMIT,
  FAKE_CANCEL,
  FAKE_GETEVENTS, /* pgetevents as well */
  FAKE_CALLS
};

enum { FAKE_RULES = 8, FAKE_RING = 127, FAKE_SEGMENTS = 8 };

/* As res: all of the request's bytes, or the events of a poll. */
#define FAKE_FULL INT64_MIN

/* A request that was submitted and is not complete. */
struct fake_held {
  struct iocb iocb, *obj;
  bool vector;
  struct iovec iov[FAKE_SEGMENTS]; /* the kernel's copy of a vector */
};

struct fake {
  struct kaio kaio; /* first: the table is the fake */
  struct ring_map *ring;
  bool alive;       /* between setup and destroy */
  bool synchronous; /* completes inside of submit */
  bool hands_over;  /* cancel answers 0 and the event, as before 4.18 */
  int take;         /* the most that the next submit takes; -1: all */
  void (*hook)(struct fake *f, enum fake_call call); /* on entry, or NULL */

  struct fake_held held[FAKE_RING];
  unsigned n;           /* held */
  struct io_event last; /* completed */
  uint32_t tail;        /* the ring's, which a test may scribble on */
  unsigned calls[FAKE_CALLS];
  unsigned stuck; /* waits that nothing could have ended */
  struct fake_rule {
    enum fake_call call;
    unsigned nth; /* 0: unused */
    int err;
  } rules[FAKE_RULES];
};

void fake_open(struct fake *f, bool with_ring);
void fake_close(struct fake *f);

/* The nth call of that kind from now on (1: the next) does nothing and
 * answers -err. */
void fake_fail(struct fake *f, enum fake_call call, unsigned nth, int err);

/* Finishes the i-th held request (from 0): the bytes are written or read, and
 * its event is in the ring. */
void fake_complete(struct fake *f, unsigned i, int64_t res);
void fake_complete_all(struct fake *f);

/* Touches all memory that is held, without completing anything. */
void fake_touch(struct fake *f);

/* Any event: a foreign one, or one more of the same. */
void fake_post(struct fake *f, struct io_event e);

/* How many events are in the ring. */
unsigned fake_ready(const struct fake *f);

#endif
