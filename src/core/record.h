/* The one record of what happened: calls, requests accepted, completions
 * seen. Trace, timeline and prompt will all read it; nobody keeps a second.
 *
 * It is off, and costs one test of a pointer, until an observer opens it. It
 * is a ring of fixed size: a reader that is too slow is told how much it
 * missed, a writer never waits and never allocates. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_kind {
  RECORD_SETUP, /* calls: res is their answer, ns their duration */
  RECORD_DESTROY,
  RECORD_SUBMIT,    /* n asked, done at return, switches */
  RECORD_GETEVENTS, /* n = nr asked */
  RECORD_REAP,      /* from the ring, no system call */
  RECORD_CANCEL,
  RECORD_REQUEST, /* a request was accepted: id, opcode, fd, offset, nbytes */
  RECORD_SEEN     /* its completion was first seen: id, res, res2 */
};

struct record_entry {
  enum record_kind kind;
  uint32_t context; /* serial number of the context */
  int64_t at, ns;   /* clock_now at the beginning; duration */
  int64_t res, res2;
  uint64_t id; /* of the request, unique in the process */
  uint64_t offset, nbytes;
  uint32_t n, done;
  int32_t fd;
  uint32_t switches; /* voluntary context switches in io_submit */
  uint16_t opcode;
};

/* Observers are counted: the first opens the ring with room for at least
 * capacity entries, the last closes it. 0 or -ENOMEM. */
int record_open(size_t capacity);
void record_close(void);

extern bool record_on; /* read it before composing an entry */
void record_add(const struct record_entry *e);

/* Copies entries from *cursor on (start with 0) into out and moves the
 * cursor. The number copied; *missed grows by what was overwritten unread. */
size_t record_read(uint64_t *cursor, struct record_entry *out, size_t max,
                   uint64_t *missed);

#endif
