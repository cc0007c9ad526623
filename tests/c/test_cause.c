/* core/cause: what a refused request alone tells. */
#include "core/cause.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/kaio.h"
#include "tap.h"

static struct iocb reading(void) {
  struct iocb k = {.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = 3};
  return k;
}

static void told(struct iocb k, int err, const char *want) {
  const char *why = cause_of_refusal(&k, err);
  ok(why != NULL && strcmp(why, want) == 0, "%s", want);
}

static void order(void) {
  struct iocb k = reading();
  k.aio_offset = -1;
  told(k, EINVAL, "offset is negative");
  k.aio_lio_opcode = KAIO_CMD_NOOP;
  told(k, EINVAL, "the kernel has no such opcode");
  k.aio_lio_opcode = 99;
  told(k, EINVAL, "the kernel has no such opcode");
  k.aio_nbytes = UINT64_MAX;
  told(k, EINVAL, "nbytes is negative");
  k.aio_reserved2 = 1;
  told(k, EINVAL, "reserved2 is not 0");
}

int main(void) {
  struct iocb k = reading();
  order();
  ok(cause_of_refusal(&k, EINVAL) == NULL, "a file that can't: not told");
  ok(cause_of_refusal(&k, EBADF) == NULL, "a closed number: not told");
  ok(cause_of_refusal(&k, EFAULT) == NULL, "another error: not told");
  told(k, EAGAIN, "the ring is full: reap events first");
  k.aio_fildes = (uint32_t)-1;
  told(k, EBADF, "fd is negative");
  k.aio_lio_opcode = IOCB_CMD_FSYNC;
  k.aio_rw_flags = 8;
  told(k, EINVAL, "rw_flags are for reads and writes only");
  return done();
}
