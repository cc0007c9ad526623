/* aio.facts: what can be found out about a descriptor or a request without
 * changing anything. The reasons of failures (lua/aio/cause.lua), the verdict
 * and the doctor stand on it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "binding/api.h"
#include "binding/iocb.h"
#include "binding/table.h"
#include "binding/words.h"
#include "core/cause.h"
#include "core/dioalign.h"
#include "core/extents.h"

/* ---- a descriptor ---- */

static const char *type_name(mode_t mode) {
  switch (mode & S_IFMT) {
  case S_IFREG:
    return "file";
  case S_IFDIR:
    return "directory";
  case S_IFIFO:
    return "pipe";
  case S_IFSOCK:
    return "socket";
  case S_IFBLK:
    return "block device";
  case S_IFCHR:
    return "character device";
  case S_IFLNK:
    return "symbolic link";
  default:
    return "anonymous"; /* eventfd, epoll, timerfd ... */
  }
}

static void set_device(lua_State *L, const char *key, dev_t dev) {
  lua_pushfstring(L, "%d:%d", (int)major(dev), (int)minor(dev));
  lua_setfield(L, -2, key);
}

/* The kernel's name for it: a path, or "anon_inode:[eventfd]"; and what the
 * user may do with that. */
static void set_path(lua_State *L, int fd) {
  char name[40], path[512];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(name, path, sizeof path);
  if (n <= 0)
    return;
  lua_pushlstring(L, path, (size_t)n);
  lua_setfield(L, -2, "path");
  set_boolean(L, "readable", faccessat(AT_FDCWD, name, R_OK, AT_EACCESS) == 0);
  set_boolean(L, "writable", faccessat(AT_FDCWD, name, W_OK, AT_EACCESS) == 0);
}

static void set_block(lua_State *L, int fd) {
  uint64_t size;
  int readonly;
  if (ioctl(fd, BLKGETSIZE64, &size) == 0)
    set_integer(L, "size", (lua_Integer)size);
  if (ioctl(fd, BLKROGET, &readonly) == 0)
    set_boolean(L, "readonly", readonly != 0);
}

static void set_stat(lua_State *L, int fd) {
  struct stat st;
  if (fstat(fd, &st) != 0)
    return;
  set_string(L, "type", type_name(st.st_mode));
  set_integer(L, "size", st.st_size);
  set_device(L, "dev", st.st_dev);
  if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
    set_device(L, "rdev", st.st_rdev);
  if (S_ISBLK(st.st_mode))
    set_block(L, fd);
}

/* Bytes that an unprivileged user may still write, and so on. */
static void set_file_system(lua_State *L, int fd) {
  struct statfs fs;
  if (fstatfs(fd, &fs) != 0)
    return;
  set_integer(L, "magic", (lua_Integer)fs.f_type);
  set_integer(L, "free", (lua_Integer)(fs.f_bavail * (uint64_t)fs.f_bsize));
  set_boolean(L, "mounted_readonly", (fs.f_flags & ST_RDONLY) != 0);
}

/* Only where the descriptor is direct: to find out whether it could be takes a
 * second one, whose closing would drop the process's locks on the file. */
static void set_alignment(lua_State *L, int fd, int flags) {
  struct dioalign a;
  if ((flags & O_DIRECT) == 0 || dioalign_get(fd, &a) != 0)
    return;
  set_integer(L, "mem_align", a.mem);
  set_integer(L, "offset_align", a.offset);
  set_string(L, "how", a.how);
}

static void set_flags(lua_State *L, int flags) {
  static const char *const modes[] = {"rdonly", "wronly", "rdwr", "none"};
  set_integer(L, "flags", flags);
  set_string(L, "mode", flags & O_PATH ? "path" : modes[flags & O_ACCMODE]);
  set_boolean(L, "direct", (flags & O_DIRECT) != 0);
  set_boolean(L, "nonblock", (flags & O_NONBLOCK) != 0);
  set_boolean(L, "append", (flags & O_APPEND) != 0);
}

static void set_seals(lua_State *L, int fd) {
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals >= 0)
    set_integer(L, "seals", seals);
}

/* What a poll would find now, without waiting. */
static void set_ready(lua_State *L, int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
  if (poll(&p, 1, 0) < 0)
    return;
  api_pushflags(L, (unsigned)p.revents, poll_flags);
  lua_setfield(L, -2, "ready");
}

/* Whether nothing was ever written in the range; what the file system can't
 * tell is no hole. */
static bool is_hole(int fd, uint64_t from, uint64_t len) {
  struct extent found[EXTENTS_MAX];
  int n = extents_read(fd, from, found);
  for (int i = 0; i < n; i++) {
    const struct extent *e = &found[i];
    bool overlaps = e->offset < from + len && from < e->offset + e->length;
    if (overlaps && (e->flags & FIEMAP_EXTENT_UNWRITTEN) == 0)
      return false;
  }
  return n == 0 || (n > 0 && (found[n - 1].offset >= from + len ||
                              found[n - 1].flags & FIEMAP_EXTENT_LAST));
}

static void set_hole(lua_State *L, int fd) {
  int64_t from = api_bytes(L, 2, NULL), len = api_bytes(L, 3, NULL);
  if (from >= 0 && len > 0)
    set_boolean(L, "hole", is_hole(fd, (uint64_t)from, (uint64_t)len));
}

static int push_descriptor(lua_State *L, int fd) {
  int flags = fcntl(fd, F_GETFL);
  lua_createtable(L, 0, 20);
  set_integer(L, "fd", fd);
  set_boolean(L, "open", flags >= 0);
  if (flags < 0)
    return 1;
  set_flags(L, flags);
  set_path(L, fd);
  set_stat(L, fd);
  set_file_system(L, fd);
  set_alignment(L, fd, flags);
  set_seals(L, fd);
  set_ready(L, fd);
  if (!lua_isnil(L, 3))
    set_hole(L, fd);
  return 1;
}

/* ---- a request ---- */

static const char *prot_name(int prot) {
  if (prot == PROT_NONE)
    return "none";
  return prot & PROT_WRITE ? "rw" : "r";
}

static void push_memory(lua_State *L, const struct mem *m, size_t off,
                        size_t len) {
  lua_createtable(L, 0, 5);
  set_integer(L, "address", (lua_Integer)(uintptr_t)(m->base + off));
  set_integer(L, "len", (lua_Integer)len);
  set_string(L, "prot", prot_name(m->prot));
  set_boolean(L, "mapped", m->kind == MEM_FILE);
  set_boolean(L, "closed", m->shut || m->base == NULL);
}

/* Memory that the iocb does not hold any more: only where it was. */
static void push_address(lua_State *L, const struct iocb *k) {
  lua_createtable(L, 0, 2);
  set_integer(L, "address", (lua_Integer)k->aio_buf);
  set_integer(L, "len", (lua_Integer)k->aio_nbytes);
}

/* memory: a list of the blocks that the request reads or writes. */
static void set_memory(lua_State *L, const struct request *r) {
  unsigned op = r->iocb.aio_lio_opcode;
  lua_newtable(L);
  if (r->memory == MEMORY_NONE && r->iocb.aio_buf != 0 &&
      (op == IOCB_CMD_PREAD || op == IOCB_CMD_PWRITE)) {
    push_address(L, &r->iocb);
    lua_rawseti(L, -2, 1);
  }
  if (r->memory == MEMORY_BLOCK) {
    push_memory(L, r->mem, r->off, (size_t)r->iocb.aio_nbytes);
    lua_rawseti(L, -2, 1);
  }
  for (unsigned i = 0; r->memory == MEMORY_SEGS && i < r->segs->n; i++) {
    const struct segment *s = &r->segs->seg[i];
    push_memory(L, s->mem, s->off, s->len);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "memory");
}

/* The number that io_submit would be given. */
static int number_of(const struct desc *d, uint32_t number) {
  return d != NULL ? d->fd : (int)number;
}

static struct iocb as_submitted(const struct request *r) {
  struct iocb k = r->iocb;
  k.aio_buf = request_address(r);
  k.aio_fildes = (uint32_t)number_of(r->file, k.aio_fildes);
  k.aio_resfd = (uint32_t)number_of(r->eventfd, k.aio_resfd);
  return k;
}

/* refusal: what is wrong for io_submit if it answers err; told: whether the
 * request alone tells. */
static void set_refusal(lua_State *L, const struct iocb *k,
                        const struct request *asked, int err) {
  char text[256];
  struct refused r = {.iocb = k,
                      .bytes = request_bytes(asked),
                      .flags = asked->file != NULL ? asked->file->flags : -1};
  api_pushflags(L, (unsigned)k->aio_rw_flags, rw_flags);
  r.rw_flags = lua_tostring(L, -1);
  bool told = cause_of_refusal(&r, err, text, sizeof text);
  lua_setfield(L, -2, "rw_names");
  set_string(L, "refusal", text);
  set_boolean(L, "told", told);
}

static bool is_null(const struct iocb_object *io) {
  const struct request *r = &io->request;
  return io->open && (r->memory == MEMORY_NULL ||
                      (r->memory == MEMORY_NONE && r->iocb.aio_buf == 0));
}

static int push_request(lua_State *L, const struct iocb_object *io, int err) {
  const struct request *r = &io->request;
  struct iocb k = as_submitted(r);
  const char *op = opcode_name(k.aio_lio_opcode);
  lua_createtable(L, 0, 20);
  set_string(L, "op", op != NULL ? op : "");
  set_integer(L, "opcode", k.aio_lio_opcode);
  set_integer(L, "fd", (int)k.aio_fildes);
  set_boolean(L, "fd_closed", r->file != NULL && r->file->shut);
  set_integer(L, "nbytes", (lua_Integer)k.aio_nbytes);
  set_integer(L, "offset", k.aio_offset);
  set_integer(L, "rw_flags", (lua_Integer)(uint32_t)k.aio_rw_flags);
  set_integer(L, "reqprio", k.aio_reqprio);
  set_boolean(L, "ioprio", (k.aio_flags & 2) != 0);
  if (k.aio_flags & IOCB_FLAG_RESFD)
    set_integer(L, "eventfd", (int)k.aio_resfd);
  set_boolean(L, "null", is_null(io));
  set_boolean(L, "wild", r->memory == MEMORY_WILD);
  set_memory(L, r);
  set_refusal(L, &k, r, err);
  return 1;
}

/* ---- the system ---- */

/* The number of processes, at most max; with L they go into the table on top,
 * which has room for them, so that nothing raises while /proc is open. */
static int each_process(lua_State *L, int max) {
  int n = 0;
  DIR *proc = opendir("/proc");
  if (proc == NULL)
    return 0;
  for (struct dirent *e; n < max && (e = readdir(proc)) != NULL;) {
    char *end;
    long pid = strtol(e->d_name, &end, 10);
    if (pid <= 0 || *end != '\0')
      continue;
    n++;
    if (L == NULL)
      continue;
    lua_pushinteger(L, pid);
    lua_rawseti(L, -2, n);
  }
  closedir(proc);
  return n;
}

/* The kernel looks at the permission first, then at the address. */
static int io_uring_errno(void) {
  return syscall(__NR_io_uring_setup, 0, NULL) < 0 ? errno : 0;
}

static int push_system(lua_State *L) {
  int n = each_process(NULL, INT_MAX), err = io_uring_errno();
  lua_createtable(L, 0, 3);
  if (err == EFAULT || err == EINVAL)
    set_boolean(L, "io_uring", true);
  else
    set_integer(L, "io_uring", err);
  lua_createtable(L, n, 0);
  each_process(L, n);
  lua_setfield(L, -2, "processes");
  api_push_failure(L);
  lua_setfield(L, -2, "failure");
  return 1;
}

/* ---- aio.facts ---- */

/**
 * aio.facts(fd [, offset, len]) -> table
 * aio.facts(iocb [, errno]) -> table
 * aio.facts() -> table
 *
 * What can be found out without changing anything. Of a descriptor: {fd=,
 * open=, type= ("file", "pipe", "block device" ...), path=, readable=,
 * writable= (by its permissions), size=, flags=, mode= ("rdonly", "path" ...),
 * direct=, nonblock=, append=, dev=, rdev=, magic= (of the file system), free=,
 * mounted_readonly=, seals=, ready= ("in,out"), hole= (whether the range is
 * one), and where it is direct mem_align=, offset_align= and how= (see
 * f:dioalign)}; what is not known is left out. Of an iocb: what io_submit would
 * see, {op=, opcode=, fd=, nbytes=, offset=, memory= (a list of {address=,
 * len=, prot=}), refusal= (which rules it breaks that io_submit answers with
 * errno, by default EINVAL) ...}. Of the system: {processes= (a list of the
 * numbers in /proc), io_uring= (true, or the errno that its set-up gives),
 * failure= (what failed last in this process: an event, a context whose submit
 * failed, or a message)}.
 * Example: print(aio.facts(f).type)
 * See: fstat(2), statfs(2), statx(2), fcntl(2)
 */
static int aio_facts(lua_State *L) {
  if (lua_isnone(L, 1))
    return push_system(L);
  lua_settop(L, 3);
  struct iocb_object *io = api_test(L, 1, &iocb_type);
  if (io == NULL)
    return push_descriptor(L, api_fd(L, 1, NULL, NULL));
  int err = lua_isnoneornil(L, 2) ? EINVAL : (int)api_int(L, 2, NULL, 0, 4095);
  return push_request(L, io, err);
}

void facts_open(lua_State *L) {
  lua_pushcfunction(L, aio_facts);
  lua_setfield(L, -2, "facts");
}
