/* Names of signals. */
#ifndef CORE_SIGNAME_H
#define CORE_SIGNAME_H

#define SIGNAME_MAX 16

/* "SIGUSR1", "USR1", "SIGRTMIN+3", "SIGRTMAX-1" -> number; 0: no such name. */
int signame_number(const char *name);

/* The number's name, "SIGRTMIN+3" for a real-time one, digits for another. */
const char *signame_of(int signo, char buf[SIGNAME_MAX]);

#endif
