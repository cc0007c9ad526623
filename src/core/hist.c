#include "core/hist.h"

#include <math.h>
#include <string.h>

/* Below 32 each value has its own bucket; above, the five bits after the
 * leading one choose it. */
static unsigned hist_index(uint64_t v) {
  if (v < HIST_SUB)
    return (unsigned)v;
  unsigned shift = 63u - (unsigned)__builtin_clzll(v) - HIST_SUB_BITS;
  return (shift << HIST_SUB_BITS) + (unsigned)(v >> shift);
}

int64_t hist_floor(unsigned i) {
  if (i < 2 * HIST_SUB)
    return i;
  unsigned shift = (i >> HIST_SUB_BITS) - 1;
  uint64_t v = (uint64_t)(HIST_SUB + i % HIST_SUB) << shift;
  return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

void hist_clear(struct hist *h) {
  memset(h, 0, sizeof *h);
}

static void hist_bounds(struct hist *h, int64_t lo, int64_t hi) {
  h->min = h->count == 0 || lo < h->min ? lo : h->min;
  h->max = h->count == 0 || hi > h->max ? hi : h->max;
}

void hist_add(struct hist *h, int64_t ns) {
  if (ns < 0)
    ns = 0;
  hist_bounds(h, ns, ns);
  h->count++;
  h->sum += (double)ns;
  h->sum2 += (double)ns * (double)ns;
  h->bucket[hist_index((uint64_t)ns)]++;
}

void hist_merge(struct hist *into, const struct hist *from) {
  if (from->count == 0)
    return;
  hist_bounds(into, from->min, from->max);
  into->count += from->count;
  into->sum += from->sum;
  into->sum2 += from->sum2;
  for (unsigned i = 0; i < HIST_BUCKETS; i++)
    into->bucket[i] += from->bucket[i];
}

/* The last value of bucket i, within what was seen. */
static int64_t hist_top(const struct hist *h, unsigned i) {
  int64_t top = i + 1 < HIST_BUCKETS ? hist_floor(i + 1) - 1 : INT64_MAX;
  if (top > h->max)
    return h->max;
  return top < h->min ? h->min : top;
}

int64_t hist_percentile(const struct hist *h, double percent) {
  if (h->count == 0)
    return 0;
  if (!(percent > 0))
    return h->min;
  double want = ceil((double)h->count * (percent < 100 ? percent : 100) / 100);
  uint64_t seen = 0;
  for (unsigned i = 0; i < HIST_BUCKETS; i++) {
    seen += h->bucket[i];
    if ((double)seen >= want && seen > 0)
      return hist_top(h, i);
  }
  return h->max;
}

double hist_mean(const struct hist *h) {
  return h->count > 0 ? h->sum / (double)h->count : 0;
}

double hist_stdev(const struct hist *h) {
  if (h->count == 0)
    return 0;
  double mean = hist_mean(h);
  double var = h->sum2 / (double)h->count - mean * mean;
  return var > 0 ? sqrt(var) : 0;
}
