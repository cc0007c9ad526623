#include "program/farewell.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/context.h"
#include "program/quit.h"

enum { TICK = 20 }; /* ms */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signo) {
  (void)signo;
  interrupted = 1;
}

/* Requests that the kernel has still; polls apart. */
static unsigned unfinished(void) {
  unsigned n = 0;
  for (struct context *c = context_first(); c != NULL; c = c->next)
    if (context_usable(c))
      n += context_unfinished(c);
  return n;
}

static unsigned in_flight(unsigned opcode) {
  unsigned n = 0;
  for (struct context *c = context_first(); c != NULL; c = c->next)
    if (context_usable(c))
      n += context_unfinished_of(c, opcode);
  return n;
}

/* "aiosh: in flight: 2 pread, 1 poll"; nothing where all have finished, and
 * only nobody has taken their events. */
static void say_pending(void) {
  const char *between = "aiosh: in flight: ";
  for (unsigned opcode = 0; opcode < 16; opcode++) {
    unsigned n = in_flight(opcode);
    if (n == 0)
      continue;
    fprintf(stderr, "%s%u %s", between, n,
            opcode_name(opcode) != NULL ? opcode_name(opcode) : "unknown");
    between = ", ";
  }
  if (between[0] == ',')
    fputs("\n", stderr);
}

/* Ctrl-D, on a terminal that has its lines back: the end of the input. */
static bool given_up(struct pollfd *input) {
  char text[64];
  int n = poll(input, 1, TICK);
  if (n > 0 && read(STDIN_FILENO, text, sizeof text) <= 0)
    return true;
  return interrupted;
}

static bool wait_for_rest(void) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  while (unfinished() > 0)
    if (given_up(&input)) {
      fputs("aiosh: not waiting; the kernel keeps the process until they end\n",
            stderr);
      return false;
    }
  return true;
}

static void say(void) {
  say_pending();
  if (in_flight(KAIO_CMD_POLL) > 0)
    fputs("aiosh: polls are cancelled\n", stderr);
}

static bool farewell(void) {
  struct sigaction ours = {.sa_handler = on_interrupt};
  context_cancel_polls();
  if (unfinished() == 0)
    return true;
  fputs("aiosh: waiting for the rest; Ctrl-C or Ctrl-D: not to wait\n", stderr);
  sigaction(SIGINT, &ours, NULL);
  return wait_for_rest();
}

void farewell_install(void) {
  quit_wait_by(say, farewell);
}
