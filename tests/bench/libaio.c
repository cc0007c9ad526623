/* The peer of the benchmark: the loop as it is written in C with libaio. */
#include <libaio.h>

#include "loop.h"

static struct loop l;
static struct iocb cbs[MAX_DEPTH];
static struct iocb *list[MAX_DEPTH];
static struct io_event events[MAX_DEPTH];

int main(int argc, char **argv) {
  io_context_t ctx = 0;
  if (argc != 6)
    return 2;
  loop_open(&l, argv);
  size_t depth = (size_t)l.depth;
  if (io_setup(l.depth, &ctx) != 0)
    loop_fail("io_setup");
  for (size_t i = 0; i < depth; i++) {
    list[i] = &cbs[i];
    io_prep_pread(list[i], l.fd, l.memory + i * l.block, l.block,
                  loop_offset(&l));
  }
  double begin = loop_now();
  int ready = l.depth;
  long done = 0;
  while (done < l.count) {
    if (io_submit(ctx, ready, list) != ready)
      loop_fail("io_submit");
    ready = io_getevents(ctx, 1, l.depth, events, NULL);
    for (int i = 0; i < ready; i++) {
      struct iocb *cb = events[i].obj;
      if (events[i].res != l.block)
        loop_fail("read");
      io_prep_pread(cb, l.fd, cb->u.c.buf, l.block, loop_offset(&l));
      list[i] = cb;
    }
    done += ready;
  }
  loop_print(begin, done);
  return 0;
}
