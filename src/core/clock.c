#include "core/clock.h"

int64_t clock_now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

struct timespec clock_timespec(int64_t ns) {
  struct timespec ts = {.tv_sec = (time_t)(ns / INT64_C(1000000000)),
                        .tv_nsec = (long)(ns % INT64_C(1000000000))};
  return ts;
}

int64_t clock_left(int64_t deadline) {
  int64_t left = deadline - clock_now();
  return left > 0 ? left : 0;
}
