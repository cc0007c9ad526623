/* f:read and f:write: plain system calls, at once. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "binding/file.h"

/* Enough for any device's direct I/O. */
enum { BOUNCE_ALIGN = 4096 };

/* Aligned memory that belongs to the collector, so that no error leaks it. */
static void *push_bounce(lua_State *L, size_t len) {
  uintptr_t p = (uintptr_t)lua_newuserdatauv(L, len + BOUNCE_ALIGN, 0);
  uintptr_t up = p + BOUNCE_ALIGN - 1;
  return (void *)(up - up % BOUNCE_ALIGN);
}

static ssize_t call_read(const struct file_call *c) {
  return read(c->fd, c->buf, c->len);
}

static ssize_t call_pread(const struct file_call *c) {
  return pread(c->fd, c->buf, c->len, c->offset);
}

static ssize_t call_write(const struct file_call *c) {
  return write(c->fd, c->buf, c->len);
}

static ssize_t call_pwrite(const struct file_call *c) {
  return pwrite(c->fd, c->buf, c->len, c->offset);
}

/* Without an offset a file begins at 0; what has none is read in order. */
static bool positioned(lua_State *L, const struct file *f) {
  return f->seekable || !lua_isnoneornil(L, 3);
}

static off_t offset_arg(lua_State *L) {
  return lua_isnoneornil(L, 3) ? 0 : (off_t)api_bytes(L, 3, NULL);
}

/**
 * f:read(n [, offset]) -> string
 *
 * Reads up to n bytes at offset (0 unless given) with pread(2), at once; the
 * string is shorter at the end of the file. On what has no offsets (pipes,
 * terminals) read(2) waits for the next bytes, "" is the end, and giving an
 * offset is the kernel's ESPIPE. On a direct file n and offset must be
 * aligned, memory is taken care of.
 * Returns: nil, message, errno where the system refuses.
 * Example: f:read(4096, "1m")
 * See: pread(2), f:dioalign
 */
int file_read(lua_State *L) {
  file_check(L, 1);
  lua_settop(L, 3);
  struct file_call c = {.len = api_size(L, 2, NULL), .offset = offset_arg(L)};
  c.buf = push_bounce(L, c.len);
  const struct file *f = file_check(L, 1);
  bool at = positioned(L, f);
  c.fd = f->desc->fd;
  ssize_t n = file_retry(L, at ? call_pread : call_read, &c);
  if (n < 0)
    return api_fail(L, at ? "pread" : "read", (int)-n, NULL);
  lua_pushlstring(L, c.buf, (size_t)n);
  return 1;
}

static bool is_direct(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_DIRECT) != 0;
}

/* The string at 2, where direct I/O can take it. */
static void *string_to_write(lua_State *L, size_t *len) {
  const char *text = luaL_checklstring(L, 2, len);
  if (!is_direct(file_fd(L, 1)))
    return (void *)(uintptr_t)text;
  void *copy = push_bounce(L, *len);
  memcpy(copy, text, *len);
  return copy;
}

/**
 * f:write(string [, offset]) -> n
 *
 * Writes the string at offset (0 unless given) with pwrite(2), at once, and
 * returns how many bytes the kernel took. On what has no offsets (pipes,
 * terminals) write(2) is used, and giving one is the kernel's ESPIPE. A file
 * opened with "append" appends whatever the offset. On a direct file length
 * and offset must be aligned, memory is taken care of.
 * Returns: nil, message, errno where the system refuses.
 * Example: f:write(("x"):rep(4096), 8192)
 * See: pwrite(2), f:dioalign
 */
int file_write(lua_State *L) {
  file_check(L, 1);
  lua_settop(L, 3);
  struct file_call c = {.offset = offset_arg(L)};
  c.buf = string_to_write(L, &c.len);
  const struct file *f = file_check(L, 1);
  bool at = positioned(L, f);
  c.fd = f->desc->fd;
  ssize_t n = file_retry(L, at ? call_pwrite : call_write, &c);
  if (n < 0)
    return api_fail(L, at ? "pwrite" : "write", (int)-n, NULL);
  lua_pushinteger(L, (lua_Integer)n);
  return 1;
}
