/* aio.signals: signals as something to read and to wait for; and the no-op
 * handlers by which EPIPE and EFBIG come back as results. */
#include "binding/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "binding/waitable.h"
#include "core/epoch.h"
#include "core/selfpipe.h"
#include "core/signame.h"

/* User value 1: names by number, so that a record that was read becomes Lua
 * values without an allocation. */
struct signals {
  const struct api_type *type;
  struct desc *desc; /* NULL: closed */
  struct selfpipe *pipe;
  unsigned epoch;
};

static struct desc *signals_desc(void *object) {
  return ((struct signals *)object)->desc;
}

static const struct api_type signals_type = {
    .name = "signals", .size = sizeof(struct signals), .desc = signals_desc};

int signals_number(lua_State *L, int idx, const char *what) {
  int signo;
  if (lua_type(L, idx) == LUA_TNUMBER)
    return (int)api_int(L, idx, what, INT32_MIN, INT32_MAX);
  signo = signame_number(api_cstring(L, idx, what));
  if (signo == 0)
    api_bad(L, idx, what, "unknown signal '%.40s'", lua_tostring(L, idx));
  return signo;
}

/* A handler that returns from one of these comes back to the instruction that
 * raised it, for ever. */
static int takeable(lua_State *L, int idx) {
  char name[SIGNAME_MAX];
  int signo = signals_number(L, idx, NULL);
  if (signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL)
    api_bad(L, idx, NULL, "%s is an error of the program itself",
            signame_of(signo, name));
  return signo;
}

static struct signals *signals_check(lua_State *L) {
  struct signals *s = api_check(L, 1, &signals_type);
  if (s->desc == NULL)
    api_bad(L, 1, NULL, "the signals are closed");
  if (s->epoch != epoch_now())
    api_bad(L, 1, NULL, "the signals belong to the parent process");
  return s;
}

static void release(struct signals *s) {
  if (s->pipe != NULL)
    selfpipe_close(s->pipe);
  s->pipe = NULL;
}

static int acquire(struct signals *s) {
  int fd, err = -selfpipe_open(&s->pipe, &fd);
  if (err != 0)
    return err;
  s->epoch = epoch_now();
  return waitable_adopt(&s->desc, fd);
}

/* Takes the signal of argument idx, and keeps its name. */
static int take(lua_State *L, struct signals *s, int idx, int names) {
  char name[SIGNAME_MAX];
  int signo = signals_number(L, idx, NULL);
  int err;
  lua_pushstring(L, signame_of(signo, name));
  lua_rawseti(L, names, signo);
  err = -selfpipe_take(s->pipe, signo);
  return err == 0 ? 0 : api_fail(L, "sigaction", err, name);
}

static int signals_close(lua_State *L);

/* Everything or nothing. */
static int give_up(lua_State *L, int self, int results) {
  lua_pushcfunction(L, signals_close);
  lua_pushvalue(L, self);
  lua_call(L, 1, 0);
  return results;
}

/**
 * aio.signals(signal, ...) -> signals
 *
 * Takes these signals: instead of doing what they did, they can be read here
 * and waited for. Names are "SIGUSR1", "USR1", "SIGRTMIN+3" or numbers. What
 * they did before comes back when the last object that takes them is closed;
 * while SIGINT is taken, Ctrl-C interrupts nothing. A wait in progress
 * (getevents, w:wait) ends with EINTR. Not for children: os.execute and
 * io.popen start them as if nothing were taken.
 * Returns: the signals, or nil, message, errno: EINVAL for SIGKILL and
 * SIGSTOP, which nobody can take.
 * Errors: raises for an unknown name, and for SIGSEGV, SIGBUS, SIGFPE, SIGILL.
 * Example: s = aio.signals("SIGUSR1", "SIGTERM")
 * See: sigaction(2), signal(7)
 */
static int signals_new(lua_State *L) {
  int n = lua_gettop(L);
  struct signals *s;
  int err;
  if (n == 0)
    return api_bad(L, 1, NULL, "the name of a signal expected");
  for (int i = 1; i <= n; i++)
    takeable(L, i);
  luaL_checkstack(L, 10, "too many signals");
  lua_newtable(L);
  s = api_new(L, &signals_type, 1);
  lua_pushvalue(L, n + 1);
  lua_setiuservalue(L, n + 2, 1);
  err = acquire(s);
  if (err != 0)
    return give_up(L, n + 2, api_fail(L, "pipe2", err, NULL));
  for (int i = 1; i <= n; i++) {
    int failed = take(L, s, i, n + 1);
    if (failed != 0)
      return give_up(L, n + 2, failed);
  }
  return 1;
}

/**
 * s:read() -> name, pid, count, value
 *
 * The oldest signal that nobody has read: its name, and the process that sent
 * it (0: the kernel). Does not wait. After thousands unread, further ones of
 * one signal are merged; then count says how many this one stands for, else
 * it is left out. A value that was sent along (by sigqueue, or a POSIX AIO
 * request that has ended) is the fourth result, and count is there as well.
 * Returns: name, pid [, count [, value]], or nil, message, errno: EAGAIN when
 * there is none.
 * Example: name, pid = s:read()
 */
static int signals_read(lua_State *L) {
  struct signals *s = signals_check(L);
  struct selfpipe_event e;
  int err;
  if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE)
    return api_bad(L, 1, NULL, "the signals have lost their names");
  api_interrupt(L);
  err = -selfpipe_read(s->pipe, s->desc->fd, &e);
  if (err != 0)
    return api_fail(L, "read", err, NULL);
  lua_rawgeti(L, -1, e.signo);
  lua_pushinteger(L, e.pid);
  if (e.count < 2 && !e.valued)
    return 2;
  lua_pushinteger(L, e.count);
  if (!e.valued)
    return 3;
  lua_pushinteger(L, e.value);
  return 4;
}

static int unread(const struct signals *s) {
  int bytes = 0;
  ioctl(s->desc->fd, FIONREAD, &bytes);
  return bytes / (int)sizeof(struct selfpipe_event);
}

static void push_names(lua_State *L, uint64_t mask) {
  char name[SIGNAME_MAX];
  const char *space = "";
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int signo = 1; mask != 0; signo++, mask >>= 1)
    if (mask & 1) {
      luaL_addstring(&b, space);
      luaL_addstring(&b, signame_of(signo, name));
      space = " ";
    }
  luaL_pushresult(&b);
}

static int signals_tostring(lua_State *L) {
  struct signals *s = api_check(L, 1, &signals_type);
  if (s->desc == NULL)
    lua_pushliteral(L, "signals (closed)");
  else if (s->epoch != epoch_now())
    lua_pushliteral(L, "signals (of the parent process)");
  else {
    push_names(L, selfpipe_mask(s->pipe));
    lua_pushfstring(L, "signals (%s, %d unread)", lua_tostring(L, -1),
                    unread(s));
  }
  return 1;
}

/**
 * s:close() -> true
 *
 * Gives the signals back; what was not read is forgotten. Closing twice is
 * harmless.
 */
static int signals_close(lua_State *L) {
  struct signals *s = api_check(L, 1, &signals_type);
  release(s);
  return waitable_close(L, &s->desc);
}

static void ignore(int signo) {
  (void)signo;
}

/* Writing where nobody reads any more is an error, EPIPE, as of any request;
 * but print does not look at errors, and a script in a pipeline would go on
 * for ever. When the standard output is what broke, this is lua(1)'s end. */
static void broken_pipe(int signo) {
  struct pollfd out = {.fd = STDOUT_FILENO};
  int saved = errno;
  if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0) {
    signal(signo, SIG_DFL);
    raise(signo); /* delivered when this handler has returned */
  }
  errno = saved;
}

/* Not SIG_IGN: children would inherit that. Whoever has decided otherwise
 * before us is left alone. */
static void survive(int signo, void (*handler)(int)) {
  struct sigaction now, ours = {.sa_handler = handler, .sa_flags = SA_RESTART};
  if (sigaction(signo, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
      now.sa_handler == SIG_DFL)
    sigaction(signo, &ours, NULL);
}

static const luaL_Reg signals_methods[] = {{"read", signals_read},
                                           {"fileno", waitable_fileno},
                                           {"pollfd", waitable_pollfd},
                                           {"events", waitable_events},
                                           {"timeout", waitable_timeout},
                                           {"close", signals_close},
                                           {NULL, NULL}};

static const luaL_Reg signals_meta[] = {{"__gc", signals_close},
                                        {"__close", signals_close},
                                        {"__tostring", signals_tostring},
                                        {NULL, NULL}};

void signals_open(lua_State *L) {
  static const struct api_methods m = {.methods = signals_methods,
                                       .meta = signals_meta};
  selfpipe_taken = api_signal_taken;
  survive(SIGPIPE, broken_pipe);
  survive(SIGXFSZ, ignore);
  api_register(L, &signals_type, &m);
  lua_pushcfunction(L, signals_new);
  lua_setfield(L, -2, "signals");
}
