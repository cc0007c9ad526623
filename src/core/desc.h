/* A descriptor that outlives its Lua object while requests use it.
 *
 * Closing an object shuts its desc: Lua sees it closed at once, it leaves
 * every waiter, but the number is given back to the system only when the last
 * request in flight over it has ended (invariant 7), so that it can't
 * be another file meanwhile. */
#ifndef CORE_DESC_H
#define CORE_DESC_H

#include <stdbool.h>

struct desc;

/* Somebody (a waiter) who must let go before the number is closed. */
struct watch {
  struct watch *next, **link; /* in the desc's list; link NULL: not linked */
  struct desc *desc;
  void (*gone)(struct watch *w); /* called once, unlinked already */
};

struct desc {
  int fd; /* -1 once the system has it back */
  unsigned refs;
  unsigned busy; /* requests in flight */
  bool shut;
  int flags; /* open(2)'s, as they were then; -1: not known */
  struct watch *watches;
};

/* Takes over fd with one reference. -ENOMEM: fd is still the caller's. */
int desc_new(struct desc **out, int fd);
void desc_ref(struct desc *d);
void desc_unref(struct desc *d); /* NULL is allowed; the last one shuts */

/* Tells the watches, then closes now or with the last request. Answers what
 * close(2) did: 0 or -errno. Idempotent. */
int desc_shut(struct desc *d);

/* A request in flight over d begins, ends. */
void desc_hold(struct desc *d);
void desc_release(struct desc *d);

void desc_watch(struct desc *d, struct watch *w);
void desc_unwatch(struct watch *w); /* harmless when not linked */

#endif
