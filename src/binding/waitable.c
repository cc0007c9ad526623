/* Methods shared by eventfd, timer, signals and waiter. */
#include "binding/waitable.h"

#include <errno.h>
#include <unistd.h>

int waitable_adopt(struct desc **d, int fd) {
  int err = -desc_new(d, fd);
  if (err != 0)
    close(fd);
  return err;
}

int waitable_close(lua_State *L, struct desc **d) {
  struct desc *closing = *d;
  int err = 0;
  *d = NULL;
  if (closing != NULL) {
    err = -desc_shut(closing);
    desc_unref(closing);
  }
  if (err != 0)
    return api_fail(L, "close", err, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

/**
 * obj:fileno() -> fd
 *
 * The descriptor's number, of an eventfd, a timer or signals.
 * Errors: raises when the object is closed.
 * Example: efd:fileno()
 */
int waitable_fileno(lua_State *L) {
  lua_pushinteger(L, api_fd(L, 1, NULL, NULL));
  return 1;
}

/**
 * obj:pollfd() -> fd
 *
 * What to poll, as cqueues asks for it: the same number as fileno().
 * Errors: raises when the object is closed.
 */
int waitable_pollfd(lua_State *L) {
  return waitable_fileno(L);
}

/**
 * obj:events() -> "r"
 *
 * What to poll for, as cqueues asks for it: ready when it can be read.
 */
int waitable_events(lua_State *L) {
  api_fd(L, 1, NULL, NULL);
  lua_pushliteral(L, "r");
  return 1;
}

/**
 * obj:timeout() -> nil
 *
 * How long to poll at most, as cqueues asks for it: no limit.
 */
int waitable_timeout(lua_State *L) {
  api_fd(L, 1, NULL, NULL);
  luaL_pushfail(L);
  return 1;
}
