/* Files, for requests, and to be read and written at once. A file that is
 * closed while requests use it goes when the last of them has ended. */
#include "binding/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/posix.h"

static struct desc *file_desc(void *object) {
  return ((struct file *)object)->desc;
}

const struct api_type file_type = {
    .name = "file", .size = sizeof(struct file), .desc = file_desc};

struct file *file_check(lua_State *L, int idx) {
  struct file *f = api_check(L, idx, &file_type);
  if (f->desc == NULL)
    api_bad(L, idx, NULL, "file is closed");
  return f;
}

int file_fd(lua_State *L, int idx) {
  return file_check(L, idx)->desc->fd;
}

struct file *file_new(lua_State *L, int path_idx) {
  struct file *f = api_new(L, &file_type, 1);
  if (path_idx != 0) {
    lua_pushvalue(L, path_idx);
    lua_setiuservalue(L, -2, 1);
  }
  return f;
}

int file_take(struct file *f, int fd) {
  int err = desc_new(&f->desc, fd);
  if (err != 0) {
    close(fd);
    return err;
  }
  f->desc->flags = fcntl(fd, F_GETFL);
  f->seekable = lseek(fd, 0, SEEK_CUR) >= 0;
  return 0;
}

ssize_t file_retry(lua_State *L, ssize_t (*call)(const struct file_call *c),
                   const struct file_call *c) {
  for (;;) {
    unsigned signals = api_signals();
    api_interrupt(L);
    ssize_t r = call(c);
    int err = errno;
    if (r >= 0)
      return r;
    if (err != EINTR || !api_goes_on(L, signals))
      return -err;
  }
}

/* ---- methods ---- */

static int file_let_go(lua_State *L) {
  struct file *f = api_check(L, 1, &file_type);
  struct desc *d = f->desc;
  f->desc = NULL;
  int err = d != NULL ? desc_shut(d) : 0;
  desc_unref(d);
  if (err != 0)
    return api_fail(L, "close", -err, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

/**
 * f:close() -> true
 *
 * Closes the file: at once for Lua and for every waiter; the descriptor is
 * given back when the last request in flight over it ends. Closing twice is
 * harmless. It stays open while POSIX AIO requests over it are unfinished:
 * glibc goes by its number, and would carry them out on whatever gets that
 * next. (At the end of a scope, and by the collector, it is closed with the
 * last of them.)
 * Returns: nil, message, errno as close(2) says it; EBUSY for unfinished POSIX
 * AIO requests.
 * See: close(2)
 */
static int file_close(lua_State *L) {
  const struct file *f = api_check(L, 1, &file_type);
  unsigned busy = f->desc != NULL ? posix_busy(f->desc) : 0;
  char cause[64];
  if (busy == 0)
    return file_let_go(L);
  snprintf(cause, sizeof cause, "%u POSIX AIO request%s over it %s unfinished",
           busy, busy == 1 ? "" : "s", busy == 1 ? "is" : "are");
  return api_fail(L, "close", EBUSY, cause);
}

/**
 * f:fileno() -> integer
 *
 * The number of the descriptor, which stays the file's.
 * See: f:pollfd
 */
static int file_fileno(lua_State *L) {
  lua_pushinteger(L, file_fd(L, 1));
  return 1;
}

/**
 * f:pollfd() -> integer
 *
 * The same as f:fileno, under the name that cqueues asks for.
 */
static int file_pollfd(lua_State *L) {
  return file_fileno(L);
}

/**
 * f:events() -> "r" | "w" | "rw"
 *
 * What to wait for, as cqueues asks it: what the file was opened for.
 */
static int file_events(lua_State *L) {
  static const char *const names[] = {"r", "w", "rw", "rw"};
  int flags = fcntl(file_fd(L, 1), F_GETFL);
  lua_pushstring(L, names[flags & O_ACCMODE]);
  return 1;
}

/**
 * f:timeout() -> nil
 *
 * How long to wait, as cqueues asks it: without limit.
 */
static int file_timeout(lua_State *L) {
  file_check(L, 1);
  lua_pushnil(L);
  return 1;
}

/**
 * f:unlink() -> true
 *
 * Removes the name that the file was opened under, with unlink(2); the file
 * stays usable while it is open. Works on a closed file, too.
 * Returns: nil, message, errno where the system refuses.
 * See: unlink(2)
 */
static int file_unlink(lua_State *L) {
  api_check(L, 1, &file_type);
  if (lua_getiuservalue(L, 1, 1) != LUA_TSTRING)
    return api_bad(L, 1, NULL, "a pipe has no path");
  const char *path = lua_tostring(L, -1);
  if (unlink(path) != 0)
    return api_fail(L, "unlink", errno, path);
  lua_pushboolean(L, 1);
  return 1;
}

static int file_tostring(lua_State *L) {
  const struct file *f = api_check(L, 1, &file_type);
  bool named = lua_getiuservalue(L, 1, 1) == LUA_TSTRING;
  if (f->desc == NULL)
    lua_pushstring(L, named ? "file (closed)" : "pipe (closed)");
  else if (file_push_flags(L, f->desc->fd) == 3)
    lua_pushstring(L, "file (lost)");
  else if (named)
    lua_pushfstring(L, "file '%s' (%s)", lua_tostring(L, -2),
                    lua_tostring(L, -1));
  else
    lua_pushfstring(L, "pipe (%s)", lua_tostring(L, -1));
  return 1;
}

/**
 * f.path -> string | nil
 *
 * The path as it was given to aio.open; nil for the end of a pipe.
 */
static int get_path(lua_State *L) {
  api_check(L, 1, &file_type);
  lua_getiuservalue(L, 1, 1);
  return 1;
}

/**
 * f.direct -> boolean
 *
 * Whether the file is open for direct I/O (O_DIRECT).
 */
static int get_direct(lua_State *L) {
  int flags = fcntl(file_fd(L, 1), F_GETFL);
  lua_pushboolean(L, flags >= 0 && (flags & O_DIRECT) != 0);
  return 1;
}

/**
 * f.flags -> string
 *
 * Access mode and flags as the kernel has them now: "rdwr,direct". Those that
 * only matter to open(2) ("creat", "trunc" ...) are not among them.
 * See: fcntl(2)
 */
static int get_flags(lua_State *L) {
  return file_push_flags(L, file_fd(L, 1));
}

/* ---- registration ---- */

static const luaL_Reg methods[] = {{"read", file_read},
                                   {"write", file_write},
                                   {"size", file_size},
                                   {"truncate", file_truncate},
                                   {"fallocate", file_fallocate},
                                   {"sync", file_sync},
                                   {"drop_cache", file_drop_cache},
                                   {"extents", file_extents},
                                   {"dioalign", file_dioalign},
                                   {"unlink", file_unlink},
                                   {"fileno", file_fileno},
                                   {"pollfd", file_pollfd},
                                   {"events", file_events},
                                   {"timeout", file_timeout},
                                   {"close", file_close},
                                   {NULL, NULL}};

static const luaL_Reg getters[] = {{"path", get_path},
                                   {"direct", get_direct},
                                   {"flags", get_flags},
                                   {NULL, NULL}};

static const luaL_Reg meta[] = {{"__gc", file_let_go},
                                {"__close", file_let_go},
                                {"__tostring", file_tostring},
                                {NULL, NULL}};

static const luaL_Reg functions[] = {
    {"open", file_aio_open}, {"pipe", file_aio_pipe}, {NULL, NULL}};

void file_open(lua_State *L) {
  const struct api_methods m = {
      .methods = methods, .getters = getters, .meta = meta};
  api_register(L, &file_type, &m);
  luaL_setfuncs(L, functions, 0);
}
