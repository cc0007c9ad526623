/* Waiting at the prompt: for the terminal, for one more descriptor, and for
 * the signals that concern a terminal. A signal that comes between a look at
 * what came before and the wait ends the wait. */
#ifndef PROGRAM_ATTEND_H
#define PROGRAM_ATTEND_H

#include <poll.h>
#include <stdint.h>

/* What came, as bits. ATTEND_INTERRUPT stays until interrupt_forget. */
enum {
  ATTEND_READY = 1, /* one of the descriptors */
  ATTEND_INTERRUPT = 2,
  ATTEND_RESIZED = 4,
  ATTEND_STOP = 8,       /* Ctrl-Z: attend_stop does it */
  ATTEND_CONTINUED = 16, /* after having been stopped */
  ATTEND_END = 32,       /* SIGTERM and its kind: attend_end_process does it */
};

/* While a line is edited its signals are ours, but for those that the user
 * takes or ignores; between lines they do what they always do. */
void attend_signals(void);
void attend_leave_signals(void);

/* ns < 0: no limit. 0: the time is over. revents of the fds are set. */
unsigned attend_wait(struct pollfd *fds, nfds_t n, int64_t ns);

/* Does what the signal would have done, with the terminal as it should be. */
void attend_stop(void);
void attend_end_process(void);

#endif
