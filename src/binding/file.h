/* Files: descriptors that aio.open and aio.pipe made. */
#ifndef BINDING_FILE_H
#define BINDING_FILE_H

#include <sys/types.h>

#include "binding/api.h"

/* User value 1: the path as it was given, nil for the end of a pipe. */
struct file {
  const struct api_type *type;
  struct desc *desc; /* NULL: closed */
  bool seekable;     /* has offsets: pread(2) and pwrite(2) work on it */
};

extern const struct api_type file_type;

/* The open file at idx, and its number. */
struct file *file_check(lua_State *L, int idx);
int file_fd(lua_State *L, int idx);

/* A closed file on top of the stack, with the string at idx as its path (0:
 * none); and how it gets its descriptor: 0 or -errno, then fd is closed. */
struct file *file_new(lua_State *L, int path_idx);
int file_take(struct file *f, int fd);

/* Makes a system call that may block (it answers -1 and errno) until it is
 * not interrupted, as waits do (see api_goes_on): its value or -errno. */
struct file_call {
  int fd, flags;
  mode_t mode;
  const char *path;
  void *buf;
  size_t len;
  off_t offset;
};
ssize_t file_retry(lua_State *L, ssize_t (*call)(const struct file_call *c),
                   const struct file_call *c);

/* "rdwr,direct": what fcntl(F_GETFL) says, pushed; or nil, message, errno. */
int file_push_flags(lua_State *L, int fd);

/* Functions and methods of the type's other files. */
int file_aio_open(lua_State *L);
int file_aio_pipe(lua_State *L);
int file_read(lua_State *L);
int file_write(lua_State *L);
int file_size(lua_State *L);
int file_truncate(lua_State *L);
int file_fallocate(lua_State *L);
int file_sync(lua_State *L);
int file_drop_cache(lua_State *L);
int file_extents(lua_State *L);
int file_dioalign(lua_State *L);

#endif
