#include "core/signame.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where one number has two names the first is the one that is told. */
static const struct {
  const char *name;
  int number;
} names[] = {
    {"HUP", SIGHUP},     {"INT", SIGINT},       {"QUIT", SIGQUIT},
    {"ILL", SIGILL},     {"TRAP", SIGTRAP},     {"ABRT", SIGABRT},
    {"IOT", SIGIOT},     {"BUS", SIGBUS},       {"FPE", SIGFPE},
    {"KILL", SIGKILL},   {"USR1", SIGUSR1},     {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},   {"PIPE", SIGPIPE},     {"ALRM", SIGALRM},
    {"TERM", SIGTERM},   {"CHLD", SIGCHLD},     {"CONT", SIGCONT},
    {"STOP", SIGSTOP},   {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN},
    {"TTOU", SIGTTOU},   {"URG", SIGURG},       {"XCPU", SIGXCPU},
    {"XFSZ", SIGXFSZ},   {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF},
    {"WINCH", SIGWINCH}, {"IO", SIGIO},         {"POLL", SIGPOLL},
    {"PWR", SIGPWR},     {"SYS", SIGSYS},
};

/* "RTMIN", "RTMIN+3", "RTMAX-1": base and how many from it. */
static int realtime(const char *name, const char *base, int at, char sign) {
  size_t n = strlen(base);
  char *end;
  long by;
  if (strncmp(name, base, n) != 0)
    return 0;
  if (name[n] == '\0')
    return at;
  if (name[n] != sign || name[n + 1] < '0' || name[n + 1] > '9')
    return 0;
  by = strtol(name + n + 1, &end, 10);
  if (*end != '\0' || by > SIGRTMAX - SIGRTMIN)
    return 0;
  return sign == '+' ? at + (int)by : at - (int)by;
}

int signame_number(const char *name) {
  int signo;
  if (strncmp(name, "SIG", 3) == 0)
    name += 3;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i].name) == 0)
      return names[i].number;
  signo = realtime(name, "RTMIN", SIGRTMIN, '+');
  return signo != 0 ? signo : realtime(name, "RTMAX", SIGRTMAX, '-');
}

const char *signame_of(int signo, char buf[SIGNAME_MAX]) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i].number == signo) {
      snprintf(buf, SIGNAME_MAX, "SIG%s", names[i].name);
      return buf;
    }
  if (signo == SIGRTMIN)
    snprintf(buf, SIGNAME_MAX, "SIGRTMIN");
  else if (signo > SIGRTMIN && signo <= SIGRTMAX)
    snprintf(buf, SIGNAME_MAX, "SIGRTMIN+%d", signo - SIGRTMIN);
  else
    snprintf(buf, SIGNAME_MAX, "%d", signo);
  return buf;
}
