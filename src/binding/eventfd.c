/* aio.eventfd: a counter in the kernel that can be waited for. */
#include "binding/api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "binding/waitable.h"
#include "binding/words.h"

struct eventfd {
  const struct api_type *type;
  struct desc *desc; /* NULL: closed */
};

static struct desc *efd_desc(void *object) {
  return ((struct eventfd *)object)->desc;
}

const struct api_type eventfd_type = {
    .name = "eventfd", .size = sizeof(struct eventfd), .desc = efd_desc};

const struct api_flag efd_flags[] = {{"nonblock", EFD_NONBLOCK},
                                     {"semaphore", EFD_SEMAPHORE},
                                     {"cloexec", EFD_CLOEXEC},
                                     {NULL, 0}};

static int efd_fd(lua_State *L) {
  struct eventfd *e = api_check(L, 1, &eventfd_type);
  if (e->desc == NULL)
    return api_bad(L, 1, NULL, "the eventfd is closed");
  return e->desc->fd;
}

/**
 * aio.eventfd([init [, flags]]) -> eventfd
 *
 * Makes an eventfd whose counter begins at init (0). The flags are "nonblock"
 * (the default), "semaphore", both as "nonblock,semaphore", or "" for an
 * eventfd whose reads and writes block. It is always close-on-exec.
 * Returns: the eventfd, or nil, message, errno.
 * Errors: raises when init does not fit 32 bits or a flag is unknown.
 * Example: efd = aio.eventfd(0, "nonblock,semaphore")
 * See: eventfd(2)
 */
static int efd_new(lua_State *L) {
  unsigned init = 0, flags = EFD_NONBLOCK;
  struct eventfd *e;
  int fd, err;
  if (!lua_isnoneornil(L, 1))
    init = (unsigned)api_int(L, 1, NULL, 0, UINT32_MAX);
  if (!lua_isnoneornil(L, 2))
    flags = api_flags(L, 2, NULL, efd_flags);
  e = api_new(L, &eventfd_type, 0);
  fd = eventfd(init, (int)(flags | EFD_CLOEXEC));
  err = fd < 0 ? errno : waitable_adopt(&e->desc, fd);
  return err == 0 ? 1 : api_fail(L, "eventfd", err, NULL);
}

/* read(2) or write(2) of the 8 bytes; a blocking one is interrupted as any
 * wait. 0 or the error. */
static int transfer(lua_State *L, int fd, bool writes, uint64_t *n) {
  unsigned before = api_signals();
  for (;;) {
    ssize_t done;
    int err;
    api_interrupt(L);
    done = writes ? write(fd, n, sizeof *n) : read(fd, n, sizeof *n);
    err = errno;
    if (done >= 0)
      return 0;
    if (err != EINTR || !api_goes_on(L, before))
      return err;
  }
}

/**
 * efd:read() -> count
 *
 * Reads the counter and sets it to 0; as a semaphore takes 1 of it. Counts of
 * 2^63 and more come as the integer with the same bits (see math.ult).
 * Returns: the count, or nil, message, errno: EAGAIN when it is 0.
 * See: eventfd(2)
 */
static int efd_read(lua_State *L) {
  uint64_t n = 0;
  int err = transfer(L, efd_fd(L), false, &n);
  if (err != 0)
    return api_fail(L, "read", err, NULL);
  lua_pushinteger(L, (lua_Integer)n);
  return 1;
}

/**
 * efd:write(n) -> true
 *
 * Adds n, taken as 64 bits without sign, to the counter.
 * Returns: true, or nil, message, errno: EAGAIN when the counter would pass
 * 2^64-2, EINVAL for 2^64-1 (-1).
 * Example: efd:write(1)
 * See: eventfd(2)
 */
static int efd_write(lua_State *L) {
  int fd = efd_fd(L);
  uint64_t n = (uint64_t)api_int(L, 2, NULL, LUA_MININTEGER, LUA_MAXINTEGER);
  int err = transfer(L, fd, true, &n);
  if (err != 0)
    return api_fail(L, "write", err, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

/* The counter, without taking it: from /proc, which may not be there. */
static bool counter(int fd, unsigned long long *n) {
  char line[80];
  bool found = false;
  FILE *f;
  snprintf(line, sizeof line, "/proc/self/fdinfo/%d", fd);
  f = fopen(line, "re");
  if (f == NULL)
    return false;
  while (!found && fgets(line, sizeof line, f) != NULL)
    found = sscanf(line, "eventfd-count: %llx", n) == 1;
  fclose(f);
  return found;
}

static int efd_tostring(lua_State *L) {
  struct eventfd *e = api_check(L, 1, &eventfd_type);
  unsigned long long n = 0;
  char text[64];
  if (e->desc == NULL)
    lua_pushliteral(L, "eventfd (closed)");
  else if (counter(e->desc->fd, &n)) {
    snprintf(text, sizeof text, "eventfd (fd %d, count %llu)", e->desc->fd, n);
    lua_pushstring(L, text);
  } else
    lua_pushfstring(L, "eventfd (fd %d)", e->desc->fd);
  return 1;
}

/**
 * efd:close() -> true
 *
 * Closes it; it leaves every waiter first. A request in flight that signals
 * it keeps the number until it ends. Closing twice is harmless.
 */
static int efd_close(lua_State *L) {
  struct eventfd *e = api_check(L, 1, &eventfd_type);
  return waitable_close(L, &e->desc);
}

static const luaL_Reg efd_methods[] = {
    {"read", efd_read},          {"write", efd_write},
    {"fileno", waitable_fileno}, {"pollfd", waitable_pollfd},
    {"events", waitable_events}, {"timeout", waitable_timeout},
    {"close", efd_close},        {NULL, NULL}};

static const luaL_Reg efd_meta[] = {{"__gc", efd_close},
                                    {"__close", efd_close},
                                    {"__tostring", efd_tostring},
                                    {NULL, NULL}};

void eventfd_open(lua_State *L) {
  static const struct api_methods m = {.methods = efd_methods,
                                       .meta = efd_meta};
  api_register(L, &eventfd_type, &m);
  lua_pushcfunction(L, efd_new);
  lua_setfield(L, -2, "eventfd");
}
