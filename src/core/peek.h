/* Looking at what has finished without taking it: for the prompt, which tells
 * of completions while their owner has not asked for them yet. What was looked
 * at stays for getevents; the time of the first look is its time of
 * completion. Nothing here allocates or enters the kernel. */
#ifndef CORE_PEEK_H
#define CORE_PEEK_H

#include <stdbool.h>

#include "core/context.h"

/* Where a context stands. */
struct peek {
  unsigned unfinished; /* the kernel has them still, as far as can be seen */
  unsigned ready;      /* their events wait to be taken or handed out */
  unsigned untold;     /* ready, and not told yet */
  bool blind;          /* requests fly, and their ring can't be looked at */
};
struct peek peek_look(struct context *c);

/* Calls tell for each that is ready and was not told before, in the order of
 * completion. index is the slot's number. tell must not touch the context. */
typedef void peek_teller(void *arg, const struct slot *s, int32_t index);
void peek_tell(struct context *c, peek_teller *tell, void *arg);

#endif
