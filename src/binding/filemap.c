/* What a file is to its file system: size, room, extents, alignment. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binding/file.h"
#include "binding/table.h"
#include "binding/words.h"
#include "core/dioalign.h"
#include "core/extents.h"

/* true, or nil, message, errno for a value of file_retry. */
static int push_done(lua_State *L, const char *call, ssize_t r) {
  if (r < 0)
    return api_fail(L, call, (int)-r, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

/* ---- size and room ---- */

/**
 * f:size() -> integer
 *
 * The size in bytes, of a block device too.
 * Returns: nil, message, errno where the system refuses.
 * See: fstat(2)
 */
int file_size(lua_State *L) {
  int fd = file_fd(L, 1);
  struct stat st;
  uint64_t size;
  if (fstat(fd, &st) != 0)
    return api_fail(L, "fstat", errno, NULL);
  if (!S_ISBLK(st.st_mode))
    size = (uint64_t)st.st_size;
  else if (ioctl(fd, BLKGETSIZE64, &size) != 0)
    return api_fail(L, "ioctl(BLKGETSIZE64)", errno, NULL);
  lua_pushinteger(L, (lua_Integer)size);
  return 1;
}

static ssize_t call_ftruncate(const struct file_call *c) {
  return ftruncate(c->fd, c->offset);
}

/**
 * f:truncate(n) -> true
 *
 * Makes the file n bytes long, cutting it or adding a hole.
 * Returns: nil, message, errno where the system refuses.
 * Example: f:truncate("16m")
 * See: ftruncate(2)
 */
int file_truncate(lua_State *L) {
  struct file_call c = {.fd = file_fd(L, 1)};
  c.offset = (off_t)api_bytes(L, 2, NULL);
  return push_done(L, "ftruncate", file_retry(L, call_ftruncate, &c));
}

const struct api_flag falloc_flags[] = {
    {"keep_size", FALLOC_FL_KEEP_SIZE},
    {"punch_hole", FALLOC_FL_PUNCH_HOLE},
    {"collapse_range", FALLOC_FL_COLLAPSE_RANGE},
    {"zero_range", FALLOC_FL_ZERO_RANGE},
    {"insert_range", FALLOC_FL_INSERT_RANGE},
    {"unshare_range", FALLOC_FL_UNSHARE_RANGE},
    {NULL, 0}};

/* The length goes in len: the kernel looks at its sign. */
static ssize_t call_fallocate(const struct file_call *c) {
  return fallocate(c->fd, c->flags, c->offset, (off_t)c->len);
}

/**
 * f:fallocate(off, len [, mode]) -> true
 *
 * Allocates the range, so that writing there can't run out of space, and
 * extends the file to hold it. mode: "keep_size", "punch_hole",
 * "collapse_range", "zero_range", "insert_range", "unshare_range", several
 * with commas, or a number.
 * Returns: nil, message, errno where the system refuses.
 * Example: f:fallocate(0, "1m")
 * See: fallocate(2)
 */
int file_fallocate(lua_State *L) {
  struct file_call c = {.fd = file_fd(L, 1)};
  c.offset = (off_t)api_bytes(L, 2, NULL);
  c.len = (size_t)api_bytes(L, 3, NULL);
  if (!lua_isnoneornil(L, 4))
    c.flags = (int)api_flags(L, 4, NULL, falloc_flags);
  return push_done(L, "fallocate", file_retry(L, call_fallocate, &c));
}

static ssize_t call_fsync(const struct file_call *c) {
  return fsync(c->fd);
}

/**
 * f:sync() -> true
 *
 * Waits until the file is on its device, with fsync(2), at once.
 * Returns: nil, message, errno where the system refuses.
 * See: fsync(2), aio.fsync
 */
int file_sync(lua_State *L) {
  struct file_call c = {.fd = file_fd(L, 1)};
  return push_done(L, "fsync", file_retry(L, call_fsync, &c));
}

static ssize_t call_fdatasync(const struct file_call *c) {
  return fdatasync(c->fd);
}

/**
 * f:drop_cache() -> true
 *
 * Drops the file from the page cache, so that the next buffered read goes to
 * the device. Writes what is dirty first (fdatasync), since the kernel drops
 * clean pages only; pages that are mapped stay.
 * Returns: nil, message, errno where the system refuses.
 * See: posix_fadvise(2)
 */
int file_drop_cache(lua_State *L) {
  struct file_call c = {.fd = file_fd(L, 1)};
  ssize_t r = file_retry(L, call_fdatasync, &c);
  if (r < 0)
    return push_done(L, "fdatasync", r);
  int err = posix_fadvise(c.fd, 0, 0, POSIX_FADV_DONTNEED);
  return push_done(L, "posix_fadvise", -err);
}

/* ---- extents ---- */

static const struct api_flag extent_flags[] = {
    {"last", FIEMAP_EXTENT_LAST},
    {"unknown", FIEMAP_EXTENT_UNKNOWN},
    {"delalloc", FIEMAP_EXTENT_DELALLOC},
    {"encoded", FIEMAP_EXTENT_ENCODED},
    {"data_encrypted", FIEMAP_EXTENT_DATA_ENCRYPTED},
    {"not_aligned", FIEMAP_EXTENT_NOT_ALIGNED},
    {"data_inline", FIEMAP_EXTENT_DATA_INLINE},
    {"data_tail", FIEMAP_EXTENT_DATA_TAIL},
    {"unwritten", FIEMAP_EXTENT_UNWRITTEN},
    {"merged", FIEMAP_EXTENT_MERGED},
    {"shared", FIEMAP_EXTENT_SHARED},
    {NULL, 0}};

static void push_extent(lua_State *L, const struct extent *e) {
  lua_createtable(L, 0, 4);
  set_integer(L, "offset", (lua_Integer)e->offset);
  set_integer(L, "physical", (lua_Integer)e->physical);
  set_integer(L, "length", (lua_Integer)e->length);
  api_pushflags(L, e->flags, extent_flags);
  lua_setfield(L, -2, "flags");
}

/* Appends them to the list on top; true when more may follow at *from. */
static bool add_extents(lua_State *L, const struct extent *e, int n,
                        uint64_t *from) {
  for (int i = 0; i < n; i++) {
    push_extent(L, &e[i]);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
  if (n == 0 || (e[n - 1].flags & FIEMAP_EXTENT_LAST) != 0)
    return false;
  *from = e[n - 1].offset + e[n - 1].length;
  return true;
}

/**
 * f:extents() -> list of {offset=, physical=, length=, flags=}
 *
 * Where the file lies on its device, in bytes, from FIEMAP; holes are left
 * out. flags are names: "last", "unwritten", "delalloc", "shared" and so on.
 * Writes what is dirty first, so that the addresses are known.
 * Returns: nil, message, errno (EOPNOTSUPP on tmpfs and others).
 * Example: print(#f:extents())
 */
int file_extents(lua_State *L) {
  struct extent found[EXTENTS_MAX];
  uint64_t from = 0;
  bool more = true;
  file_check(L, 1);
  lua_newtable(L);
  while (more) {
    int n = extents_read(file_fd(L, 1), from, found);
    if (n < 0)
      return api_fail(L, "ioctl(FS_IOC_FIEMAP)", -n, NULL);
    more = add_extents(L, found, n, &from);
  }
  return 1;
}

/**
 * f:dioalign() -> mem_align, offset_align, how
 *
 * What direct I/O on this file must be multiples of: memory addresses, and
 * offsets and lengths. how tells where it was learnt: "statx" (the kernel's
 * word), or, where it does not say: "BLKSSZGET" or "sysfs" (the device's
 * sector), "fs block size" (a guess that is always enough).
 * Returns: nil, message, errno where the file can't do direct I/O.
 * See: statx(2), open(2)
 */
int file_dioalign(lua_State *L) {
  struct dioalign a;
  int err = dioalign_get(file_fd(L, 1), &a);
  if (err != 0)
    return api_fail(L, "statx", -err,
                    err == -EOPNOTSUPP ? "no direct I/O on this file" : NULL);
  lua_pushinteger(L, a.mem);
  lua_pushinteger(L, a.offset);
  lua_pushstring(L, a.how);
  return 3;
}
