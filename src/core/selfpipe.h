/* Signals as something to wait for: a handler that writes what came into a
 * pipe. Not signalfd(2): that needs the signals blocked, children would
 * inherit the mask, and the C library's own threads run with them unblocked.
 *
 * Any number of self-pipes may take the same signal; each is told. The
 * previous disposition comes back with the last one's closing, and in a forked
 * child with the first signal: a self-pipe is of the process that opened it. */
#ifndef CORE_SELFPIPE_H
#define CORE_SELFPIPE_H

#include <stdint.h>
#include <sys/types.h>

struct selfpipe;

/* One record. A signal that finds the pipe full is counted, and the signals
 * of its number become one record as soon as there is room: none is lost
 * silently. It goes through the pipe as it is, and so without padding. */
struct selfpipe_event {
  int signo;
  pid_t pid;      /* who sent it, the last one; 0: the kernel */
  unsigned count; /* how many it stands for; 1 unless the pipe was full */
  int valued;     /* value was sent along (sigqueue, POSIX AIO, a timer) */
  int value;
};

/* Called in the handler for each signal that somebody takes; NULL: none. */
extern void (*selfpipe_taken)(void);

/* *fd: the end to read, which is the caller's. -errno of pipe2, -ENOMEM. */
int selfpipe_open(struct selfpipe **out, int *fd);

/* sigaction(2): 0 or -errno. */
int selfpipe_take(struct selfpipe *s, int signo);

/* 0, or -EAGAIN when there is none (-errno). */
int selfpipe_read(struct selfpipe *s, int fd, struct selfpipe_event *out);

/* From now on the signal does nothing, instead of killing the process, while
 * nobody takes it. 0 or -errno, as sigaction(2) says. */
int selfpipe_spare(int signo);

/* Bit signo - 1 of each signal taken. */
uint64_t selfpipe_mask(const struct selfpipe *s);

/* Gives the signals back and closes the end that is written. */
void selfpipe_close(struct selfpipe *s);

#endif
