/* Where a file's bytes lie on its device (FIEMAP). */
#ifndef CORE_EXTENTS_H
#define CORE_EXTENTS_H

#include <stdint.h>

struct extent {
  uint64_t offset, physical, length;
  uint32_t flags; /* FIEMAP_EXTENT_... */
};

/* How many fit in one call. */
enum { EXTENTS_MAX = 64 };

/* The first extents at or after from, at most EXTENTS_MAX: their number, or
 * -errno. What is not yet on the device is written there first, so that
 * delayed allocation does not hide the addresses. */
int extents_read(int fd, uint64_t from, struct extent *out);

#endif
