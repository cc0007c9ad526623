#include "core/cause.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/kaio.h"
#include "core/request.h"

static bool implemented(unsigned opcode) {
  return opcode != KAIO_CMD_PREADX && opcode != KAIO_CMD_NOOP &&
         opcode <= KAIO_CMD_PWRITEV;
}

static bool transfers(unsigned opcode) {
  return opcode == IOCB_CMD_PREAD || opcode == IOCB_CMD_PWRITE ||
         opcode_vectored(opcode);
}

static const char *cause_of_einval(const struct iocb *k) {
  if (k->aio_reserved2 != 0)
    return "reserved2 is not 0";
  if ((int64_t)k->aio_nbytes < 0)
    return "nbytes is negative";
  if (!implemented(k->aio_lio_opcode))
    return "the kernel has no such opcode";
  if (transfers(k->aio_lio_opcode))
    return k->aio_offset < 0 ? "offset is negative" : NULL;
  return k->aio_rw_flags != 0 ? "rw_flags are for reads and writes only" : NULL;
}

const char *cause_of_refusal(const struct iocb *iocb, int err) {
  switch (err) {
  case EINVAL:
    return cause_of_einval(iocb);
  case EBADF:
    return (int32_t)iocb->aio_fildes < 0 ? "fd is negative" : NULL;
  case EAGAIN:
    return "the ring is full: reap events first";
  default:
    return NULL;
  }
}
