/* The other peer: C that takes events from the ring itself, and enters the
 * kernel only when that is empty. */
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/aio_abi.h>

#include "loop.h"

struct ring {
  unsigned id, nr, head, tail, magic, compat, incompat, header_length;
  struct io_event events[];
};

static struct loop l;
static struct iocb cbs[MAX_DEPTH];
static struct iocb *list[MAX_DEPTH];
static struct io_event events[MAX_DEPTH];

static int reap(struct ring *r, int max) {
  unsigned head = r->head, tail = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
  int n = 0;
  for (; head != tail && n < max; n++) {
    events[n] = r->events[head];
    head = head + 1 < r->nr ? head + 1 : 0;
  }
  __atomic_store_n(&r->head, head, __ATOMIC_RELEASE);
  return n;
}

static void prepare(struct iocb *cb) {
  cb->aio_lio_opcode = IOCB_CMD_PREAD;
  cb->aio_fildes = (uint32_t)l.fd;
  cb->aio_nbytes = l.block;
  cb->aio_offset = loop_offset(&l);
}

int main(int argc, char **argv) {
  aio_context_t ctx = 0;
  if (argc != 6)
    return 2;
  loop_open(&l, argv);
  size_t depth = (size_t)l.depth;
  if (syscall(SYS_io_setup, l.depth, &ctx) != 0)
    loop_fail("io_setup");
  for (size_t i = 0; i < depth; i++) {
    list[i] = &cbs[i];
    cbs[i].aio_buf = (uintptr_t)(l.memory + i * l.block);
    prepare(list[i]);
  }
  double begin = loop_now();
  long ready = l.depth, done = 0;
  while (done < l.count) {
    if (syscall(SYS_io_submit, ctx, ready, list) != ready)
      loop_fail("io_submit");
    ready = reap((struct ring *)ctx, l.depth);
    if (ready == 0)
      ready = syscall(SYS_io_getevents, ctx, 1, l.depth, events, NULL);
    for (long i = 0; i < ready; i++) {
      if (events[i].res != (long long)l.block)
        loop_fail("read");
      list[i] = (struct iocb *)(uintptr_t)events[i].obj;
      prepare(list[i]);
    }
    done += ready;
  }
  loop_print(begin, done);
  return 0;
}
