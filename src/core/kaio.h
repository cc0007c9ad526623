/* The six system calls of Linux AIO behind a table, one per context: the
 * kernel's, or a scripted one. Each answers a count or 0, or -errno. */
#ifndef CORE_KAIO_H
#define CORE_KAIO_H

#include <linux/aio_abi.h>
#include <signal.h>
#include <time.h>

/* Names that older uapi headers lack (their values are the kernel's ABI). */
enum {
  KAIO_CMD_PREADX = 4, /* never implemented */
  KAIO_CMD_POLL = 5,
  KAIO_CMD_NOOP = 6, /* in the header, not in the kernel */
  KAIO_CMD_PREADV = 7,
  KAIO_CMD_PWRITEV = 8
};

#ifndef IOCB_FLAG_IOPRIO
#define IOCB_FLAG_IOPRIO 2
#endif

struct kaio {
  int (*setup)(struct kaio *k, unsigned nr_events, aio_context_t *id);
  int (*destroy)(struct kaio *k, aio_context_t id);
  int (*submit)(struct kaio *k, aio_context_t id, long nr, struct iocb **list);
  int (*cancel)(struct kaio *k, aio_context_t id, struct iocb *iocb,
                struct io_event *event);
  int (*getevents)(struct kaio *k, aio_context_t id, long min_nr, long nr,
                   struct io_event *events, struct timespec *timeout);
  int (*pgetevents)(struct kaio *k, aio_context_t id, long min_nr, long nr,
                    struct io_event *events, struct timespec *timeout,
                    const sigset_t *blocked);
};

/* The kernel itself: raw system calls, no libaio. */
extern struct kaio kaio_kernel;

#endif
