/* aio.pipe: both ends are files. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "binding/file.h"
#include "binding/words.h"

const struct api_flag pipe_flags[] = {{"nonblock", O_NONBLOCK},
                                      {"direct", O_DIRECT},
                                      {"cloexec", O_CLOEXEC},
                                      {NULL, 0}};

/* file_take closes the number that it can't take; the other end too goes. */
static int take_both(struct file *r, struct file *w, const int fds[2]) {
  int err = file_take(r, fds[0]);
  if (err != 0) {
    close(fds[1]);
    return err;
  }
  return file_take(w, fds[1]);
}

/**
 * aio.pipe([flags]) -> read end, write end
 *
 * A pipe, always close-on-exec. flags: "nonblock", "direct" (packets), or a
 * number. The ends are files: r:read(n) and w:write(string) take no offset.
 * Returns: nil, message, errno where the system refuses.
 * Example: r, w = aio.pipe("nonblock")
 * See: pipe2(2)
 */
int file_aio_pipe(lua_State *L) {
  int fds[2];
  int flags = O_CLOEXEC;
  if (!lua_isnoneornil(L, 1))
    flags |= (int)api_flags(L, 1, NULL, pipe_flags);
  struct file *r = file_new(L, 0);
  struct file *w = file_new(L, 0);
  if (pipe2(fds, flags) != 0)
    return api_fail(L, "pipe2", errno, NULL);
  int err = take_both(r, w, fds);
  return err != 0 ? api_fail(L, "pipe2", -err, NULL) : 2;
}
