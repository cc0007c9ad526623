/* The handler may run in any thread, and inside any function here. It walks a
 * list whose members are never freed, only used again; a member that is being
 * closed clears its mask and waits until no handler is inside it. */
#include "core/selfpipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define SIGNALS 64

struct selfpipe {
  struct selfpipe *next;
  bool open;
  pid_t owner;
  int out; /* the end that the handler writes */
  _Atomic uint64_t mask;
  atomic_uint inside; /* handlers that look at this just now */
  atomic_bool full;   /* some of `merged` may not be 0 */
  atomic_uint merged[SIGNALS + 1];
  atomic_int sender[SIGNALS + 1];
};

void (*selfpipe_taken)(void);

static _Atomic(struct selfpipe *) pipes;
static struct sigaction previous[SIGNALS + 1];

static uint64_t bit(int signo) {
  return UINT64_C(1) << (signo - 1);
}

/* --- in the handler: async-signal-safe --- */

static bool put(const struct selfpipe *s, struct selfpipe_event e) {
  return write(s->out, &e, sizeof e) == (ssize_t)sizeof e;
}

static void merge(struct selfpipe *s, int signo, pid_t pid, unsigned count) {
  atomic_store(&s->sender[signo], pid);
  atomic_fetch_add(&s->merged[signo], count);
  atomic_store(&s->full, true);
}

static bool tell(struct selfpipe *s, const struct selfpipe_event *e) {
  bool wanted;
  atomic_fetch_add(&s->inside, 1);
  wanted = (atomic_load(&s->mask) & bit(e->signo)) && s->owner == getpid();
  if (wanted && !put(s, *e))
    merge(s, e->signo, e->pid, 1);
  atomic_fetch_sub(&s->inside, 1);
  return wanted;
}

/* siginfo holds a pid only for some codes (sigaction(2)). */
static pid_t sender(const siginfo_t *info) {
  bool process = info->si_code == SI_USER || info->si_code == SI_QUEUE ||
                 info->si_code == SI_TKILL || info->si_code == SI_MESGQ ||
                 info->si_code == SI_ASYNCIO || info->si_signo == SIGCHLD;
  return process ? info->si_pid : 0;
}

static bool valued(const siginfo_t *info) {
  return info->si_code == SI_QUEUE || info->si_code == SI_ASYNCIO ||
         info->si_code == SI_TIMER || info->si_code == SI_MESGQ;
}

/* Nobody here takes it: this is a forked child. */
static void give_back(int signo) {
  sigaction(signo, &previous[signo], NULL);
  raise(signo);
}

static void on_signal(int signo, siginfo_t *info, void *context) {
  int err = errno;
  bool taken = false;
  struct selfpipe_event e = {signo, sender(info), 1, valued(info), 0};
  (void)context;
  if (e.valued)
    e.value = info->si_value.sival_int;
  for (struct selfpipe *s = atomic_load(&pipes); s != NULL; s = s->next)
    taken = tell(s, &e) || taken;
  if (!taken)
    give_back(signo);
  else if (selfpipe_taken != NULL)
    selfpipe_taken();
  errno = err;
}

/* --- open and close --- */

static struct selfpipe *unused(void) {
  struct selfpipe *s;
  for (s = atomic_load(&pipes); s != NULL; s = s->next)
    if (!s->open)
      return s;
  s = calloc(1, sizeof *s);
  if (s == NULL)
    return NULL;
  s->next = atomic_load(&pipes);
  atomic_store(&pipes, s);
  return s;
}

int selfpipe_open(struct selfpipe **out, int *fd) {
  struct selfpipe *s = unused();
  int ends[2];
  if (s == NULL)
    return -ENOMEM;
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return -errno;
  if (s->owner != getpid()) /* a handler's count that a fork cut off */
    atomic_store(&s->inside, 0);
  s->open = true;
  s->owner = getpid();
  s->out = ends[1];
  *fd = ends[0];
  *out = s;
  return 0;
}

static bool is_ours(int signo) {
  struct sigaction now;
  return sigaction(signo, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
         now.sa_sigaction == on_signal;
}

/* No SA_RESTART: a wait ends with EINTR. The mask is changed before the
 * handler is there, so that the handler always finds who takes the signal. */
int selfpipe_take(struct selfpipe *s, int signo) {
  struct sigaction ours = {.sa_flags = SA_SIGINFO};
  int err;
  if (signo < 1 || signo > SIGNALS)
    return -EINVAL;
  atomic_fetch_or(&s->mask, bit(signo));
  if (is_ours(signo))
    return 0;
  ours.sa_sigaction = on_signal;
  sigfillset(&ours.sa_mask);
  if (sigaction(signo, NULL, &previous[signo]) == 0 &&
      sigaction(signo, &ours, NULL) == 0)
    return 0;
  err = errno;
  atomic_fetch_and(&s->mask, ~bit(signo));
  return -err;
}

static void do_nothing(int signo) {
  (void)signo;
}

/* Not SIG_IGN: children would inherit that. */
int selfpipe_spare(int signo) {
  struct sigaction now,
      nothing = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
  if (sigaction(signo, NULL, &now) != 0)
    return -errno;
  if (is_ours(signo)) {
    if (previous[signo].sa_handler == SIG_DFL)
      previous[signo] = nothing;
    return 0;
  }
  if (now.sa_handler != SIG_DFL)
    return 0;
  return sigaction(signo, &nothing, NULL) == 0 ? 0 : -errno;
}

static bool taken_elsewhere(const struct selfpipe *self, int signo) {
  const struct selfpipe *s;
  for (s = atomic_load(&pipes); s != NULL; s = s->next)
    if (s != self && s->owner == getpid() &&
        (atomic_load(&s->mask) & bit(signo)))
      return true;
  return false;
}

/* A disposition that somebody else has changed since is left alone. */
static void restore(const struct selfpipe *s) {
  for (int signo = 1; signo <= SIGNALS; signo++)
    if ((selfpipe_mask(s) & bit(signo)) && !taken_elsewhere(s, signo) &&
        is_ours(signo))
      sigaction(signo, &previous[signo], NULL);
}

void selfpipe_close(struct selfpipe *s) {
  restore(s);
  atomic_store(&s->mask, 0);
  while (s->owner == getpid() && atomic_load(&s->inside) != 0)
    sched_yield();
  close(s->out);
  for (int signo = 1; signo <= SIGNALS; signo++)
    atomic_store(&s->merged[signo], 0);
  atomic_store(&s->full, false);
  s->open = false;
}

uint64_t selfpipe_mask(const struct selfpipe *s) {
  return atomic_load(&s->mask);
}

/* --- reading --- */

/* What did not fit goes into the pipe now, so that its other end stays ready
 * to be read for as long as there is something. */
static void refill(struct selfpipe *s) {
  if (!atomic_exchange(&s->full, false))
    return;
  for (int signo = 1; signo <= SIGNALS; signo++) {
    struct selfpipe_event e = {signo, atomic_load(&s->sender[signo]),
                               atomic_exchange(&s->merged[signo], 0), 0, 0};
    if (e.count > 0 && !put(s, e))
      merge(s, signo, e.pid, e.count);
  }
}

int selfpipe_read(struct selfpipe *s, int fd, struct selfpipe_event *out) {
  ssize_t n = read(fd, out, sizeof *out);
  if (n != (ssize_t)sizeof *out)
    return n < 0 ? -errno : -EIO;
  refill(s);
  return 0;
}
