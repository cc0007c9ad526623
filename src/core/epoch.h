/* Which process is this? A fork leaves the child with copies of contexts,
 * pins and waiters that belong to the parent's kernel objects; everything
 * that must die in a child remembers the epoch that it was made in. */
#ifndef CORE_EPOCH_H
#define CORE_EPOCH_H

#include <stddef.h>

/* A word that the kernel wipes at fork (MADV_WIPEONFORK): 1 here, 0 in a new
 * child; NULL before the first call. And the number it stands for. */
extern volatile unsigned *epoch_alive;
extern unsigned epoch_current;

/* Finds out again, where the word is wiped or not there. */
unsigned epoch_renew(void);

/* The number of this process: 1 at first, one more in each forked child. */
static inline unsigned epoch_now(void) {
  return epoch_alive != NULL && *epoch_alive != 0 ? epoch_current
                                                  : epoch_renew();
}

#endif
