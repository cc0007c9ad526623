/* TAP for the C tests. */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int planned = -1, ran, failed;

void plan(int n) {
  planned = n;
  printf("1..%d\n", n);
}

bool ok(bool good, const char *name, ...) {
  va_list args;
  printf("%sok %d - ", good ? "" : "not ", ++ran);
  va_start(args, name);
  vprintf(name, args);
  va_end(args);
  printf("\n");
  fflush(stdout);
  failed += !good;
  return good;
}

/* prove takes any exit status but 0 for a failure. */
void skip_all(const char *why) {
  printf("1..0 # SKIP %s\n", why);
  exit(getenv("HARNESS_ACTIVE") != NULL ? 0 : 77);
}

int done(void) {
  if (planned < 0)
    printf("1..%d\n", ran);
  return failed > 0 || (planned >= 0 && planned != ran);
}
