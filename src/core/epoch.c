/* The word that MADV_WIPEONFORK zeroes in a child, and the count of forks. */
#include "core/epoch.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

volatile unsigned *epoch_alive;
unsigned epoch_current = 1;
static pid_t owner; /* used only where the kernel has no WIPEONFORK */

/* Without the page (out of memory, a kernel before 4.14) getpid serves. */
static void epoch_init(void) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  void *p = mmap(NULL, page, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  owner = getpid();
  if (p == MAP_FAILED)
    return;
  if (madvise(p, page, MADV_WIPEONFORK) != 0) {
    munmap(p, page);
    return;
  }
  epoch_alive = p;
  *epoch_alive = 1;
}

static unsigned epoch_by_pid(void) {
  if (getpid() != owner) {
    owner = getpid();
    epoch_current++;
  }
  return epoch_current;
}

unsigned epoch_renew(void) {
  if (owner == 0)
    epoch_init();
  if (epoch_alive == NULL)
    return epoch_by_pid();
  if (*epoch_alive == 0) {
    *epoch_alive = 1;
    epoch_current++;
  }
  return epoch_current;
}
