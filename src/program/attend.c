#include "program/attend.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/clock.h"
#include "program/interrupt.h"

static const struct {
  int signo;
  unsigned what;
} table[] = {
    {SIGWINCH, ATTEND_RESIZED},  {SIGTSTP, ATTEND_STOP},
    {SIGCONT, ATTEND_CONTINUED}, {SIGTERM, ATTEND_END},
    {SIGHUP, ATTEND_END},        {SIGQUIT, ATTEND_END},
};
enum { SIGNALS = sizeof table / sizeof *table };

static volatile sig_atomic_t came[SIGNALS];
static struct sigaction before[SIGNALS];

static void on_signal(int signo) {
  for (int i = 0; i < SIGNALS; i++)
    if (table[i].signo == signo)
      came[i] = 1;
}

void attend_signals(void) {
  struct sigaction ours = {.sa_handler = on_signal};
  for (int i = 0; i < SIGNALS; i++) {
    came[i] = 0;
    sigaction(table[i].signo, NULL, &before[i]);
    if (before[i].sa_handler == SIG_DFL)
      sigaction(table[i].signo, &ours, NULL);
  }
}

void attend_leave_signals(void) {
  for (int i = 0; i < SIGNALS; i++) {
    struct sigaction now;
    sigaction(table[i].signo, NULL, &now);
    if (now.sa_handler == on_signal)
      sigaction(table[i].signo, &before[i], NULL);
  }
}

/* What came since the last look; the end of the process stays. */
static unsigned look(void) {
  unsigned what = interrupt_passes() ? ATTEND_INTERRUPT : 0;
  for (int i = 0; i < SIGNALS; i++) {
    if (!came[i])
      continue;
    what |= table[i].what;
    if (table[i].what != ATTEND_END)
      came[i] = 0;
  }
  return what;
}

/* The signals are blocked between the look and the wait, and nowhere else:
 * children inherit nothing. */
unsigned attend_wait(struct pollfd *fds, nfds_t n, int64_t ns) {
  struct timespec ts = clock_timespec(ns < 0 ? 0 : ns);
  sigset_t block, open;
  sigemptyset(&block);
  sigaddset(&block, SIGINT);
  for (int i = 0; i < SIGNALS; i++)
    sigaddset(&block, table[i].signo);
  sigprocmask(SIG_BLOCK, &block, &open);
  unsigned what = look();
  if (what == 0 && ppoll(fds, n, ns < 0 ? NULL : &ts, &open) > 0)
    what = ATTEND_READY;
  sigprocmask(SIG_SETMASK, &open, NULL);
  return what | look();
}

static void by_default(int signo) {
  struct sigaction ours, stock = {.sa_handler = SIG_DFL};
  sigaction(signo, &stock, &ours);
  raise(signo);
  sigaction(signo, &ours, NULL);
}

void attend_stop(void) {
  by_default(SIGTSTP);
}

void attend_end_process(void) {
  for (int i = 0; i < SIGNALS; i++)
    if (came[i] && table[i].what == ATTEND_END)
      by_default(table[i].signo);
}
