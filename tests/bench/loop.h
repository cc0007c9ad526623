/* What the C programs of the benchmark share: `program FILE BLOCK DEPTH COUNT
 * SPAN` keeps DEPTH random reads of BLOCK bytes in flight over the first SPAN
 * bytes of FILE until COUNT are done, and prints the ns that one took. The
 * loop is each.lua's: submit all that came back, wait for at least one. */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OFFSETS = 4096 }; /* made beforehand, as in the Lua programs */
enum { MAX_DEPTH = 4096 };

struct loop {
  int fd;
  size_t block;
  int depth;
  long count;
  unsigned next;
  long long offsets[OFFSETS];
  char *memory; /* depth blocks */
};

static inline void loop_fail(const char *what) {
  perror(what);
  exit(1);
}

static inline int loop_open_file(const char *path) {
  int direct = strncmp(path, "/dev/", 5) != 0 ? O_DIRECT : 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC | direct);
  if (fd < 0)
    loop_fail(path);
  return fd;
}

/* The generator is in each.lua, too: all programs read the same blocks. */
static inline void loop_open(struct loop *l, char **argv) {
  void *memory = NULL;
  unsigned x = 1;
  l->fd = loop_open_file(argv[1]);
  l->block = (size_t)atol(argv[2]);
  l->depth = atoi(argv[3]);
  if (l->block == 0 || l->depth < 1 || l->depth > MAX_DEPTH)
    exit(2);
  l->count = atol(argv[4]);
  l->next = 0;
  unsigned blocks = (unsigned)((size_t)atol(argv[5]) / l->block);
  for (int i = 0; i < OFFSETS; i++) {
    x = x * 1664525 + 1013904223;
    l->offsets[i] = (long long)((x >> 8) % blocks) * (long long)l->block;
  }
  if (posix_memalign(&memory, 4096, l->block * (size_t)l->depth) != 0)
    loop_fail("posix_memalign");
  l->memory = memory;
}

static inline long long loop_offset(struct loop *l) {
  return l->offsets[l->next++ % OFFSETS];
}

static inline double loop_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline void loop_print(double begin, long done) {
  printf("%.1f\n", (loop_now() - begin) / (double)done);
}

#endif
