/* The histogram: buckets, percentiles, merge, and the ends of the scale. */
#include "core/hist.h"

#include <math.h>

#include "tap.h"

static struct hist h, other;

/* The only bucket in use. */
static unsigned bucket_of(int64_t v) {
  hist_clear(&h);
  hist_add(&h, v);
  for (unsigned i = 0; i < HIST_BUCKETS; i++)
    if (h.bucket[i] != 0)
      return i;
  return HIST_BUCKETS;
}

static bool in_its_bucket(int64_t v) {
  unsigned i = bucket_of(v);
  bool below = i + 1 == HIST_BUCKETS || v < hist_floor(i + 1);
  return i < HIST_BUCKETS && hist_floor(i) <= v && below;
}

/* Values around each power of two and each bucket's ends. */
static void buckets(void) {
  bool good = true, narrow = true, rising = true;
  for (int64_t v = 0; v < 5000; v++)
    good &= in_its_bucket(v);
  for (unsigned bit = 5; bit < 63; bit++)
    for (int64_t near = -3; near <= 3; near++)
      good &= in_its_bucket((INT64_C(1) << bit) + near);
  ok(good, "each value is in the bucket that holds it");
  good = true;
  for (unsigned i = 0; i < HIST_BUCKETS; i++)
    good &= bucket_of(hist_floor(i)) == i;
  ok(good, "each bucket's floor is its first value");
  for (unsigned i = 1; i < HIST_BUCKETS; i++) {
    int64_t width = hist_floor(i) - hist_floor(i - 1);
    rising &= width > 0;
    narrow &= width == 1 || width <= hist_floor(i - 1) / HIST_SUB;
  }
  ok(rising, "floors rise");
  ok(narrow, "no bucket is wider than 1/32 of its values");
}

static void extremes(void) {
  ok(in_its_bucket(INT64_MAX), "the largest value has a bucket");
  ok(bucket_of(INT64_MAX) == HIST_BUCKETS - 1, "the last one");
  ok(hist_percentile(&h, 50) == INT64_MAX, "and comes back");
  ok(bucket_of(-5) == 0 && h.min == 0 && h.max == 0, "below 0 counts as 0");
  ok(hist_floor(HIST_BUCKETS) == INT64_MAX, "the end of the scale");
  hist_clear(&h);
  ok(hist_percentile(&h, 50) == 0 && hist_mean(&h) == 0 && hist_stdev(&h) == 0,
     "of nothing: 0");
  ok(h.min == 0 && h.max == 0 && h.count == 0, "no least, no most");
}

static bool close_to(int64_t got, int64_t want) {
  return got >= want && got <= want + want / HIST_SUB;
}

static void percentiles(void) {
  static const double asked[] = {0.1, 1, 10, 25, 50, 75, 90, 99, 99.9};
  bool good = true;
  hist_clear(&h);
  for (int64_t v = 1; v <= 100000; v++)
    hist_add(&h, v);
  for (unsigned i = 0; i < sizeof asked / sizeof *asked; i++) {
    int64_t want = (int64_t)(asked[i] * 1000);
    good &= close_to(hist_percentile(&h, asked[i]), want);
  }
  ok(good, "percentiles of 1..100000 to within 1/32");
  ok(hist_percentile(&h, 0) == 1 && hist_percentile(&h, -1) == 1, "0: the min");
  ok(hist_percentile(&h, 100) == 100000, "100: the max");
  ok(hist_percentile(&h, 1000) == 100000, "above 100 as well");
  ok(hist_percentile(&h, NAN) == 1, "NaN: the min");
  ok(fabs(hist_mean(&h) - 50000.5) < 1e-6, "mean");
  ok(fabs(hist_stdev(&h) - 28867.513) < 0.01, "standard deviation");
  hist_clear(&h);
  for (int i = 0; i < 99; i++)
    hist_add(&h, 10);
  hist_add(&h, 1000000);
  ok(hist_percentile(&h, 99) == 10, "99 of 100");
  ok(hist_percentile(&h, 99.5) == 1000000, "and the last");
}

static void merging(void) {
  hist_clear(&h);
  hist_clear(&other);
  hist_merge(&h, &other);
  ok(h.count == 0 && h.max == 0, "nothing into nothing");
  hist_add(&other, 70);
  hist_merge(&h, &other);
  ok(h.count == 1 && h.min == 70 && h.max == 70, "into nothing");
  hist_clear(&other);
  hist_merge(&h, &other);
  ok(h.count == 1 && h.min == 70, "nothing into something");
  hist_add(&other, 5);
  hist_add(&other, 5000);
  hist_merge(&h, &other);
  ok(h.count == 3 && h.min == 5 && h.max == 5000 && h.sum == 5075, "added up");
  ok(hist_percentile(&h, 50) >= 70 && hist_percentile(&h, 50) <= 72,
     "its median");
}

int main(void) {
  buckets();
  extremes();
  percentiles();
  merging();
  return done();
}
