/* Why the kernel refused a request, where the request alone tells. */
#ifndef CORE_CAUSE_H
#define CORE_CAUSE_H

#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request as io_submit saw it, and what is known around it. */
struct refused {
  const struct iocb *iocb;
  uint64_t bytes;       /* of a vector: in all its segments */
  int flags;            /* the file was opened with these; -1: not known */
  const char *rw_flags; /* their names: "nowait,dsync" */
  unsigned inflight, nr_events; /* of the context */
};

/* Writes what is wrong with a request that io_submit refused with err
 * (positive): every rule that it breaks and that the kernel answers with err.
 * Where it breaks none, the text says what else the kernel answers so, or
 * stays empty. Makes no system call. True when the request alone told it. */
bool cause_of_refusal(const struct refused *r, int err, char *text,
                      size_t size);

#endif
