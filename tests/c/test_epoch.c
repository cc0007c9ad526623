/* Which process is this, and what time is it. */
#include "core/epoch.h"

#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "tap.h"

/* The child's epoch, by its exit status; depth forks, one in the other. */
static int epoch_in_child(int depth, bool ask_before) {
  int status = -1;
  pid_t pid = fork();
  if (pid != 0) {
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  if (ask_before)
    epoch_now();
  _exit(depth > 1 ? epoch_in_child(depth - 1, ask_before) : (int)epoch_now());
}

static void epochs(void) {
  ok(epoch_now() == 1, "1 at first");
  ok(epoch_now() == 1, "and again");
  ok(epoch_in_child(1, false) == 2, "one more in a child");
  ok(epoch_now() == 1, "the parent's stays");
  ok(epoch_in_child(2, true) == 3, "a child's child");
  ok(epoch_in_child(3, true) == 4, "and its child");
  ok(epoch_in_child(2, false) > 1, "a child that never asked");
  ok(epoch_in_child(1, true) == 2, "asked twice in the child");
}

static void clocks(void) {
  int64_t a = clock_now();
  usleep(1000);
  int64_t b = clock_now();
  ok(a > 0 && b - a >= 1000000, "the clock counts ns");
  ok(clock_left(b - 1) == 0 && clock_left(0) == 0, "a deadline that is over");
  int64_t left = clock_left(clock_now() + INT64_C(60000000000));
  ok(left > 0 && left <= INT64_C(60000000000), "one to come");
  struct timespec t = clock_timespec(INT64_C(1999999999));
  ok(t.tv_sec == 1 && t.tv_nsec == 999999999, "as a timespec");
  t = clock_timespec(0);
  ok(t.tv_sec == 0 && t.tv_nsec == 0, "0");
  t = clock_timespec(INT64_MAX);
  ok(t.tv_sec == INT64_C(9223372036) && t.tv_nsec == 854775807, "the largest");
}

int main(void) {
  epochs();
  clocks();
  return done();
}
