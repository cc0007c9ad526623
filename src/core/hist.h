/* A histogram of latencies in ns, log-linear: each power of two is cut into
 * 32 equal buckets, so that a value read back is off by at most 1/32. Fixed
 * size, no allocation, covers all of int64_t. */
#ifndef CORE_HIST_H
#define CORE_HIST_H

#include <stdint.h>

enum { HIST_SUB_BITS = 5, HIST_SUB = 1 << HIST_SUB_BITS };
enum { HIST_BUCKETS = (64 - HIST_SUB_BITS) * HIST_SUB };

struct hist {
  uint64_t count;
  int64_t min, max; /* of nothing: 0 */
  double sum, sum2;
  uint64_t bucket[HIST_BUCKETS];
};

void hist_clear(struct hist *h);
void hist_add(struct hist *h, int64_t ns); /* below 0 counts as 0 */
void hist_merge(struct hist *into, const struct hist *from);

/* The smallest value that percent (0..100) of all do not exceed, to within
 * the bucket's width and never beyond min and max; 0 of nothing. */
int64_t hist_percentile(const struct hist *h, double percent);
double hist_mean(const struct hist *h);
double hist_stdev(const struct hist *h); /* of the population */

/* Bucket i holds the values in [hist_floor(i), hist_floor(i + 1)). */
int64_t hist_floor(unsigned i);

#endif
