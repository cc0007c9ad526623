/* Time as the project keeps it: CLOCK_MONOTONIC, integer nanoseconds. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdint.h>
#include <time.h>

int64_t clock_now(void);

/* ns, not negative, as a timespec whose tv_nsec is below 1e9. */
struct timespec clock_timespec(int64_t ns);

/* What is left until a deadline, never below 0. */
int64_t clock_left(int64_t deadline);

#endif
