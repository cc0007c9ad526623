/* The one record of what happened: calls, requests accepted, events taken.
 * Trace, timeline and prompt all read it; nobody keeps a second.
 *
 * It is off, and costs one test of a bool, until an observer opens it. It is
 * a ring of fixed size: a reader that is too slow is told how much it missed,
 * a writer never waits and never allocates. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_kind {
  RECORD_SETUP,     /* calls: n = nr_events */
  RECORD_DESTROY,   /* n = requests whose events nobody had taken */
  RECORD_COLLECT,   /* io_destroy by the collector, aside: no answer is known */
  RECORD_SUBMIT,    /* id of its first request; what was taken follows */
  RECORD_GETEVENTS, /* what it took stands before it */
  RECORD_PGETEVENTS,
  RECORD_REAP, /* from the ring, no system call; the same */
  RECORD_CANCEL,
  RECORD_POSIX,   /* aio_read, aio_write or aio_fsync: context 0, as for all of
                     POSIX AIO; n = 1, res = 1 or -errno, its request follows */
  RECORD_LISTIO,  /* lio_listio: res = how many of its n were accepted */
  RECORD_REQUEST, /* a request was accepted */
  RECORD_REFUSED, /* the one where io_submit stopped; id 0 */
  RECORD_TAKEN    /* an event was taken; id 0: it is not ours */
};

struct record_call {
  int64_t ns;        /* how long it took */
  int64_t timeout;   /* of a wait, ns; below 0: none */
  int32_t res;       /* 0, a count or -errno */
  int32_t n, min_nr; /* asked for */
  int32_t unused;
  union {
    struct {            /* of a submit; -1: unknown */
      int32_t done;     /* of its requests, when it returned */
      int32_t switches; /* voluntary context switches in it */
    };
    uint64_t blocked; /* signals, of a pgetevents; ~0: the mask stays */
  };
};

struct record_request {
  uint64_t nbytes; /* of a vector: its segments */
  int64_t offset;
  uint64_t memory; /* address; of a vector: the bytes that it holds */
  int32_t fd, resfd;
  uint32_t rw_flags;
  int16_t reqprio;
  uint16_t flags;
};

struct record_event {
  int64_t res, res2;
  int64_t seen; /* when the completion was first seen, clock_now */
  int64_t gap;  /* it was not there so long before that; -1: unknown */
};

/* One line of the cache. */
struct record_entry {
  uint16_t kind; /* enum record_kind */
  uint16_t opcode;
  uint32_t context; /* serial number, 0: none */
  int64_t at;       /* clock_now at the beginning; of a request: io_submit's
                       return; of an event: when it was taken */
  uint64_t id;      /* of the request, unique in the process */
  union {
    struct record_call call;
    struct record_request request;
    struct record_event event;
  };
};

/* Observers are counted. The first opens an empty ring; each makes sure of
 * room for at least capacity entries. 0 or -ENOMEM (then nothing changed).
 * After the last has closed it, what is there can still be read, until it is
 * opened again. */
int record_open(size_t capacity);
void record_close(void);

extern bool record_on; /* read it before writing an entry */

/* The next entry, to be filled at once; call it while that is on. */
struct record_entry *record_next(void);

/* Numbers given to requests so far, recorded or not. */
extern uint64_t record_requests;

/* How many entries were written since the ring was opened: the cursor of a
 * reader that is interested in what comes from now on; and how often it was
 * opened empty: a cursor of another era means nothing. */
uint64_t record_written(void);
unsigned record_era(void);

/* Copies entries from *cursor on (start with 0) into out and moves the
 * cursor. The number copied; *missed grows by what was overwritten unread. */
size_t record_read(uint64_t *cursor, struct record_entry *out, size_t max,
                   uint64_t *missed);

#endif
