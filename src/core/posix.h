/* POSIX AIO as glibc has it: requests that threads of glibc carry out.
 *
 * Until aio_error(3) says that a request is finished, those threads read and
 * write its aiocb and its memory. So a request lives outside of every
 * userdata; while it is in flight it pins its memory, holds its descriptor and
 * is freed by nobody, whatever Lua closes or collects (invariant 1).
 *
 * Nobody tells when a request ends: it is in flight until somebody who asks
 * learns that it is finished. Its pin asks by itself (see mem.h).
 *
 * A forked child has copies of requests, but no threads; asking there hangs.
 * Requests of the parent stay as they are in a child. One thread at a time. */
#ifndef CORE_POSIX_H
#define CORE_POSIX_H

#include <aio.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/bell.h"
#include "core/request.h"

/* What a request is submitted as, beside LIO_READ and LIO_WRITE; these two are
 * the numbers that glibc leaves in aio_lio_opcode. */
enum { POSIX_DSYNC = LIO_NOP + 1, POSIX_SYNC };

/* The largest aio_reqprio that glibc takes (AIO_PRIO_DELTA_MAX). */
enum { POSIX_PRIO_MAX = 20 };

/* glibc keeps several words for each element of a list on the stack. */
enum { POSIX_LIST_MAX = 8192 };

struct posix_request {
  struct aiocb cb;     /* its fields are set here; aio_buf at submit */
  struct request what; /* memory and file; its iocb is made at submit */
  struct bell *bell;   /* notification by thread: held; else NULL */
  struct pin pin;
  uint64_t submissions; /* how often it was accepted */
  uint64_t id;          /* when it was last: unique in the process */
  int64_t submitted;    /* when it was last, clock_now */
  unsigned epoch;       /* of the process that did it */
  bool flying;
  bool gathered; /* in a list that is being composed */
  bool returned; /* aio_return has been called since it finished */
  bool orphan;   /* nobody has it any more: freed when it ends */
  struct posix_request *next, **link; /* all that are in flight */
};

/* NULL: out of memory. No descriptor, no memory, SIGEV_NONE. */
struct posix_request *posix_new(void);

/* Called by whoever is about to use POSIX AIO; then: is this a child forked
 * since? And has glibc accepted any request yet? */
void posix_begin(void);
bool posix_inherited(void);
bool posix_used(void);

/* The owner lets go: freed now, or when it ends. */
void posix_let_go(struct posix_request *r);

/* Frees what was let go and has ended since. */
void posix_sweep(void);

/* Checks what would corrupt memory, for an opcode; makes what.iocb. */
bool posix_valid(struct posix_request *r, int op, struct request_fault *fault);

/* aio_read, aio_write, or aio_fsync with the operation sync; the request is
 * valid and not in flight. 0 or -errno. Allocates nothing. */
int posix_submit(struct posix_request *r, int op);
int posix_submit_sync(struct posix_request *r, int sync);

/* lio_listio(3), LIO_NOWAIT or a mode that is none; NULLs are skipped. group:
 * who rings when all are finished, or NULL, then *ev is what glibc is told. */
int posix_listio(int mode, struct posix_request *const *r, int n,
                 struct bell *group, struct sigevent *ev);

/* Whether it is in flight still. */
bool posix_unfinished(struct posix_request *r);

/* aio_error(3), which settles a request that is finished; aio_return(3). */
int posix_error(struct posix_request *r);
ssize_t posix_return(struct posix_request *r);

/* aio_suspend(3): 0 or -errno. timeout: NULL for none. */
int posix_suspend(const struct aiocb *const *list, int n,
                  const struct timespec *timeout);

/* aio_cancel(3): AIO_CANCELED and so on, or -errno. r: NULL for all of fd. */
int posix_cancel(int fd, struct posix_request *r);

/* The requests in flight in this process, the newest first: the one
 * after another, or with NULL the first; NULL at the end. */
struct posix_request *posix_next(const struct posix_request *after);

/* How many requests over d are in flight; over any file: writes and syncs,
 * which somebody at the end of the process may want to wait for. */
unsigned posix_busy(const struct desc *d);
unsigned posix_pending(void);

/* Waits until none of these is left, or a signal comes, or the deadline (0:
 * none) is over. False: not all have ended. */
bool posix_settle(int64_t deadline);

/* What is wrong with a request that failed with err, where it alone tells. */
const char *posix_cause(const struct posix_request *r, int err);

#endif
