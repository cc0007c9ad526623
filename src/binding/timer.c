/* aio.timer: a timerfd(2) on CLOCK_MONOTONIC. */
#include "binding/api.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "binding/waitable.h"
#include "core/clock.h"

struct timer {
  const struct api_type *type;
  struct desc *desc; /* NULL: closed */
};

static struct desc *timer_desc(void *object) {
  return ((struct timer *)object)->desc;
}

static const struct api_type timer_type = {
    .name = "timer", .size = sizeof(struct timer), .desc = timer_desc};

static int timer_fd(lua_State *L) {
  struct timer *t = api_check(L, 1, &timer_type);
  if (t->desc == NULL)
    return api_bad(L, 1, NULL, "the timer is closed");
  return t->desc->fd;
}

/* Seconds at idx (first) and idx + 1 (every). For timerfd a first of 0 would
 * mean "never": here it means now, and nil means never. */
static struct itimerspec timer_spec(lua_State *L, int idx) {
  struct itimerspec spec = {0};
  int64_t first = api_timeout(L, idx, NULL);
  int64_t every = api_timeout(L, idx + 1, NULL);
  if (first == API_FOREVER && every != API_FOREVER)
    api_bad(L, idx, NULL, "an interval needs a first expiration");
  if (first != API_FOREVER)
    spec.it_value = clock_timespec(first > 0 ? first : 1);
  if (every != API_FOREVER)
    spec.it_interval = clock_timespec(every);
  return spec;
}

/**
 * aio.timer([first [, every]]) -> timer
 *
 * Makes a timer that expires first seconds from now (0: at once; nil: not
 * until set), and then, unless every is nil or 0, every so many seconds. It
 * counts time as CLOCK_MONOTONIC does.
 * Returns: the timer, or nil, message, errno.
 * Errors: raises when a time is negative or NaN.
 * Example: t = aio.timer(0.5, 1)
 * See: timerfd_create(2)
 */
static int timer_new(lua_State *L) {
  struct itimerspec spec = timer_spec(L, 1);
  struct timer *t = api_new(L, &timer_type, 0);
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  int err = fd < 0 ? errno : waitable_adopt(&t->desc, fd);
  if (err != 0)
    return api_fail(L, "timerfd_create", err, NULL);
  if (timerfd_settime(fd, 0, &spec, NULL) != 0)
    return api_fail(L, "timerfd_settime", errno, NULL);
  return 1;
}

/**
 * t:set([first [, every]]) -> timer
 *
 * Sets the timer anew, as aio.timer does; expirations not yet read are
 * forgotten. t:set() stops it.
 * Returns: the timer itself, or nil, message, errno.
 * Errors: raises when a time is negative or NaN, or the timer is closed.
 * Example: t:set(0.1)
 * See: timerfd_settime(2)
 */
static int timer_set(lua_State *L) {
  int fd = timer_fd(L);
  struct itimerspec spec = timer_spec(L, 2);
  if (timerfd_settime(fd, 0, &spec, NULL) != 0)
    return api_fail(L, "timerfd_settime", errno, NULL);
  lua_settop(L, 1);
  return 1;
}

/**
 * t:read() -> expirations
 *
 * How often the timer has expired since it was read or set last. Does not
 * wait.
 * Returns: the count, or nil, message, errno: EAGAIN when there was none.
 * See: timerfd_create(2)
 */
static int timer_read(lua_State *L) {
  uint64_t n = 0;
  if (read(timer_fd(L), &n, sizeof n) < 0)
    return api_fail(L, "read", errno, NULL);
  lua_pushinteger(L, (lua_Integer)n);
  return 1;
}

static double seconds(struct timespec ts) {
  return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool is_due(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return poll(&p, 1, 0) > 0 && (p.revents & POLLIN);
}

static void timer_state(int fd, char *text, size_t size) {
  struct itimerspec now = {0};
  timerfd_gettime(fd, &now);
  double due = seconds(now.it_value), every = seconds(now.it_interval);
  if (is_due(fd))
    snprintf(text, size, every > 0 ? "expired, every %.9g s" : "expired",
             every);
  else if (due > 0)
    snprintf(text, size,
             every > 0 ? "due in %.3f s, every %.9g s" : "due in %.3f s", due,
             every);
  else
    snprintf(text, size, "stopped");
}

static int timer_tostring(lua_State *L) {
  struct timer *t = api_check(L, 1, &timer_type);
  char text[80] = "closed";
  if (t->desc != NULL)
    timer_state(t->desc->fd, text, sizeof text);
  lua_pushfstring(L, "timer (%s)", text);
  return 1;
}

/**
 * t:close() -> true
 *
 * Closes it; it leaves every waiter first. Closing twice is harmless.
 */
static int timer_close(lua_State *L) {
  struct timer *t = api_check(L, 1, &timer_type);
  return waitable_close(L, &t->desc);
}

static const luaL_Reg timer_methods[] = {
    {"read", timer_read},        {"set", timer_set},
    {"fileno", waitable_fileno}, {"pollfd", waitable_pollfd},
    {"events", waitable_events}, {"timeout", waitable_timeout},
    {"close", timer_close},      {NULL, NULL}};

static const luaL_Reg timer_meta[] = {{"__gc", timer_close},
                                      {"__close", timer_close},
                                      {"__tostring", timer_tostring},
                                      {NULL, NULL}};

void timer_open(lua_State *L) {
  static const struct api_methods m = {.methods = timer_methods,
                                       .meta = timer_meta};
  api_register(L, &timer_type, &m);
  lua_pushcfunction(L, timer_new);
  lua_setfield(L, -2, "timer");
}
