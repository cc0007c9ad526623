/* statx(STATX_DIOALIGN), Linux 6.1; before that, and on file systems that
 * leave the bit out, the best that can be found elsewhere. */
#include "core/dioalign.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* From the kernel's linux/stat.h: struct statx has 256 bytes, and libc's may
 * not have names for these fields yet. */
enum { WANT_DIOALIGN = 0x2000, MEM_ALIGN_AT = 152, OFFSET_ALIGN_AT = 156 };

union statx_bytes {
  struct statx st;
  unsigned char raw[256];
};

/* 1: the kernel told; 0: it does not know; or -errno. */
static int ask_statx(int fd, struct dioalign *out) {
  union statx_bytes u;
  uint32_t mem, offset;
  memset(&u, 0, sizeof u);
  if (statx(fd, "", AT_EMPTY_PATH, WANT_DIOALIGN, &u.st) != 0)
    return errno == ENOSYS ? 0 : -errno;
  if ((u.st.stx_mask & WANT_DIOALIGN) == 0)
    return 0;
  memcpy(&mem, u.raw + MEM_ALIGN_AT, sizeof mem);
  memcpy(&offset, u.raw + OFFSET_ALIGN_AT, sizeof offset);
  *out = (struct dioalign){mem, offset, "statx"};
  return mem == 0 ? -EOPNOTSUPP : 1; /* zeros: this file has no direct I/O */
}

static bool ask_device(int fd, struct dioalign *out) {
  int sector = 0;
  if (ioctl(fd, BLKSSZGET, &sector) != 0 || sector <= 0)
    return false;
  *out = (struct dioalign){(unsigned)sector, (unsigned)sector, "BLKSSZGET"};
  return true;
}

/* The device under a file system; a partition has its queue one level up. */
static bool ask_sysfs(dev_t dev, struct dioalign *out) {
  static const char *const place[] = {"queue", "../queue"};
  unsigned sector = 0;
  for (int i = 0; i < 2 && sector == 0; i++) {
    char path[100];
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%s/logical_block_size",
             major(dev), minor(dev), place[i]);
    FILE *f = fopen(path, "re");
    if (f == NULL)
      continue;
    if (fscanf(f, "%u", &sector) != 1)
      sector = 0;
    fclose(f);
  }
  *out = (struct dioalign){sector, sector, "sysfs"};
  return sector != 0;
}

/* O_DIRECT on a second descriptor shows whether the file system takes it.
 * Only its EINVAL counts: a permission is no matter of alignment. */
static bool refuses_direct(int fd) {
  char path[40];
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_DIRECT) != 0)
    return false;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int probe = open(path, (flags & O_ACCMODE) | O_DIRECT | O_CLOEXEC);
  if (probe < 0)
    return errno == EINVAL;
  close(probe);
  return false;
}

static int ask_elsewhere(int fd, struct dioalign *out) {
  struct stat st;
  struct statfs fs;
  if (fstat(fd, &st) != 0)
    return -errno;
  if (S_ISBLK(st.st_mode) && ask_device(fd, out))
    return 0;
  if (!S_ISREG(st.st_mode) || refuses_direct(fd))
    return -EOPNOTSUPP;
  if (ask_sysfs(st.st_dev, out))
    return 0;
  if (fstatfs(fd, &fs) != 0)
    return -errno;
  *out = (struct dioalign){(unsigned)fs.f_bsize, (unsigned)fs.f_bsize,
                           "fs block size"};
  return 0;
}

int dioalign_get(int fd, struct dioalign *out) {
  int told = ask_statx(fd, out);
  if (told == 0)
    return ask_elsewhere(fd, out);
  return told < 0 ? told : 0;
}
