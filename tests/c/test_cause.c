/* core/cause: what a refused request alone tells. */
#include "core/cause.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "core/kaio.h"
#include "tap.h"

static struct iocb reading(void) {
  struct iocb k = {.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = 3};
  return k;
}

static void tells(const struct iocb *k, int flags, int err, bool told,
                  const char *want) {
  char text[256];
  struct refused r = {.iocb = k,
                      .flags = flags,
                      .rw_flags = "nowait",
                      .inflight = 8,
                      .nr_events = 8};
  bool got = cause_of_refusal(&r, err, text, sizeof text);
  ok(got == told && strcmp(text, want) == 0, "%s (%s)", want, text);
}

static void told(struct iocb k, int err, const char *want) {
  tells(&k, -1, err, true, want);
}

static void several(void) {
  struct iocb k = reading();
  k.aio_offset = -1;
  told(k, EINVAL, "offset is negative (-1)");
  k.aio_reserved2 = 1;
  told(k, EINVAL, "reserved2 is not 0 (1); offset is negative (-1)");
  k.aio_lio_opcode = KAIO_CMD_NOOP;
  told(k, EINVAL, "reserved2 is not 0 (1); the kernel has no such opcode (6)");
  k.aio_nbytes = UINT64_MAX;
  k.aio_reserved2 = 0;
  told(k, EINVAL, "nbytes is negative (-1); the kernel has no such opcode (6)");
}

static void ranges(void) {
  struct iocb k = reading();
  k.aio_offset = INT64_MAX;
  k.aio_nbytes = 1;
  told(k, EINVAL, "offset 9223372036854775807 + nbytes 1 overflows");
  k.aio_offset = 0;
  k.aio_lio_opcode = KAIO_CMD_PREADV;
  k.aio_nbytes = 1025;
  told(k, EINVAL, "1025 segments are over the limit of 1024");
  k.aio_nbytes = 1;
  k.aio_buf = 0;
  told(k, EFAULT, "bufs is NULL");
  k = reading();
  k.aio_buf = UINT64_C(0xffff800000000000);
  told(k, EFAULT, "buf is an address of the kernel (0xffff800000000000)");
}

static void priorities(void) {
  struct iocb k = reading();
  k.aio_flags = 2;
  k.aio_reqprio = 5;
  told(k, EINVAL, "reqprio 5 is of class 0, which has no level");
  k.aio_reqprio = (int16_t)-0x8000;
  told(k, EINVAL, "reqprio 0x8000 is of class 4, the last is 3");
  k.aio_reqprio = 1 << 13;
  told(k, EPERM, "reqprio 0x2000 is real-time, which needs CAP_SYS_NICE");
}

static void modes(void) {
  struct iocb k = reading();
  tells(&k, O_WRONLY, EBADF, true,
        "fd 3 was opened wronly, pread needs rdonly or rdwr");
  k.aio_lio_opcode = KAIO_CMD_PWRITEV;
  tells(&k, O_RDONLY, EBADF, true,
        "fd 3 was opened rdonly, pwritev needs wronly or rdwr");
  tells(&k, O_PATH, EBADF, true,
        "fd 3 was opened with O_PATH, which allows no I/O");
  tells(&k, -1, EBADF, false, "fd 3 is not open, or not for pwritev");
  k.aio_fildes = (uint32_t)-1;
  told(k, EBADF, "fd is negative (-1)");
  k.aio_flags = IOCB_FLAG_RESFD;
  k.aio_resfd = (uint32_t)-2;
  told(k, EBADF, "fd is negative (-1); eventfd is negative (-2)");
}

static void others(void) {
  struct iocb k = reading();
  told(k, EAGAIN,
       "the ring is full: reap events first (8 in flight, set up for 8)");
  tells(&k, -1, EINVAL, false,
        "its fields are right; is fd 3 a directory, of /proc, or what else "
        "takes no pread?");
  tells(&k, -1, EFAULT, false, "");
  tells(&k, -1, EIO, false, "");
  k.aio_rw_flags = 8;
  tells(&k, -1, EOPNOTSUPP, false,
        "this file does not support rw_flags nowait");
  k.aio_rw_flags = 0x440;
  told(k, EOPNOTSUPP,
       "no rw_flags of Linux up to 6.18 (0x400); rw_flags atomic is for "
       "writes only");
  k.aio_lio_opcode = IOCB_CMD_FSYNC;
  k.aio_rw_flags = 8;
  told(k, EINVAL, "rw_flags are for reads and writes only (0x8)");
  k.aio_rw_flags = 0;
  k.aio_nbytes = 2;
  k.aio_offset = 3;
  told(k, EINVAL, "fsync takes no nbytes (2); fsync takes no offset (3)");
  k = (struct iocb){.aio_lio_opcode = KAIO_CMD_POLL, .aio_buf = 0x10001};
  told(k, EINVAL, "events 0x10001 are over 16 bits");
}

/* A text that does not fit is cut. */
static void bounds(void) {
  struct iocb k = reading();
  struct refused r = {.iocb = &k, .flags = -1, .rw_flags = "", .nr_events = 1};
  char text[16] = "";
  k.aio_reserved2 = 1;
  k.aio_offset = -1;
  for (size_t size = 1; size <= sizeof text; size++) {
    cause_of_refusal(&r, EINVAL, text, size);
    ok(strlen(text) < size, "%zu bytes", size);
  }
}

int main(void) {
  several();
  ranges();
  priorities();
  modes();
  others();
  bounds();
  return done();
}
