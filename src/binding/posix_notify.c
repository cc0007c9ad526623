/* How a POSIX AIO request tells that it has ended: a sigevent, which Lua code
 * (lua/aio/posix_sigevent.lua) keeps and reads, and its form for glibc. */
#include "binding/posix.h"

#include <errno.h>
#include <string.h>

#include "binding/signals.h"
#include "binding/waitable.h"
#include "core/selfpipe.h"

static const char hooks; /* its address is the registry's key */

/* hooks(make, read), for lua/aio/posix.lua: make(value, owner) returns a
 * sigevent object, read(sigevent, subject) what it says: notify, signo, value,
 * eventfd, note. */
int posix_hooks(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &hooks);
  return 0;
}

static void push_hook(lua_State *L, int n) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &hooks) != LUA_TTABLE)
    luaL_error(L, "require \"aio.posix\" comes first");
  lua_rawgeti(L, -1, n);
  lua_remove(L, -2);
}

void notice_push(lua_State *L, int idx, int owner) {
  push_hook(L, 1);
  lua_pushvalue(L, idx);
  if (owner != 0)
    lua_pushvalue(L, owner);
  else
    lua_pushnil(L);
  lua_call(L, 2, 1);
}

/* A signal that would end or stop the process, or come back for ever. */
static bool deadly(int signo) {
  switch (signo) {
  case SIGKILL:
  case SIGSTOP:
  case SIGSEGV:
  case SIGBUS:
  case SIGFPE:
  case SIGILL:
    return true;
  default:
    return false;
  }
}

/* Nobody may be there to take it when it comes: then it must do nothing. */
static void read_signal(lua_State *L, int signo_idx, struct sigevent *ev) {
  ev->sigev_signo =
      lua_isnil(L, signo_idx) ? 0 : signals_number(L, signo_idx, "signo");
  if (deadly(ev->sigev_signo))
    luaL_error(L, "bad field 'signo' (signal %d would end or stop the process)",
               ev->sigev_signo);
  if (ev->sigev_signo > 0)
    selfpipe_spare(ev->sigev_signo);
}

/* The eventfd at idx, which glibc's thread is to write. */
static int read_eventfd(lua_State *L, int idx, struct bell **bell) {
  struct api_object *o = api_test(L, idx, &eventfd_type);
  if (o == NULL)
    return luaL_error(L, "bad field 'eventfd' (eventfd expected, got %s)",
                      luaL_typename(L, idx));
  struct desc *d = eventfd_type.desc(o);
  if (d == NULL)
    return luaL_error(L, "bad field 'eventfd' (the eventfd is closed)");
  return -bell_hold(bell, d);
}

int notice_read(lua_State *L, int idx, int subject, struct notice *n) {
  *n = (struct notice){.ev.sigev_notify = SIGEV_NONE};
  if (lua_isnoneornil(L, idx)) {
    lua_pushnil(L);
    return 0;
  }
  push_hook(L, 2);
  lua_pushvalue(L, idx);
  lua_pushvalue(L, subject);
  lua_call(L, 2, 5);
  int results = lua_gettop(L) - 4, err = 0;
  n->ev.sigev_notify = (int)api_int(L, results, "notify", INT32_MIN, INT32_MAX);
  n->ev.sigev_value.sival_int =
      (int)api_int(L, results + 2, "value", INT32_MIN, INT32_MAX);
  if (n->ev.sigev_notify == SIGEV_SIGNAL)
    read_signal(L, results + 1, &n->ev);
  else if (n->ev.sigev_notify == SIGEV_THREAD)
    err = read_eventfd(L, results + 3, &n->bell);
  lua_copy(L, results + 4, results);
  lua_settop(L, results);
  return err;
}

int notice_prepare(lua_State *L, int idx) {
  struct notice n;
  lua_getiuservalue(L, idx, AIOCB_SIGEVENT);
  int err = notice_read(L, lua_gettop(L), idx, &n);
  lua_remove(L, -2);
  if (err != 0)
    return err;
  const struct aiocb_object *a = lua_touserdata(L, idx);
  struct posix_request *r = a->request;
  bool idle = r != NULL && !posix_unfinished(r);
  bell_let_go(idle ? r->bell : n.bell);
  if (idle) {
    r->bell = n.bell;
    r->cb.aio_sigevent = n.ev;
  } else { /* what ran meanwhile has changed that */
    aiocb_idle(L, idx);
  }
  return 0;
}

void notice_settle(lua_State *L, int idx, bool accepted) {
  if (!lua_istable(L, idx))
    return;
  lua_pushboolean(L, accepted);
  lua_rawseti(L, idx, 1);
}
