/* POSIX AIO: the calls for one request, and the library. */
#include "binding/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "binding/words.h"

void posix_check_process(lua_State *L) {
  if (posix_inherited())
    luaL_error(L, "POSIX AIO belongs to the parent process: glibc's threads "
                  "are not in a forked child, and a request would hang");
}

/* ---- submit ---- */

static int fail_submit(lua_State *L, const char *call, int op, int err) {
  const struct posix_request *r = aiocb_check(L, 1);
  const char *why = posix_cause(r, err);
  char text[96];
  aiocb_text(r, op, text, sizeof text);
  lua_pushfstring(L, "%s%s%s", text, why != NULL ? ": " : "",
                  why != NULL ? why : "");
  return api_fail(L, call, err, lua_tostring(L, -1));
}

/* Submits the aiocb at 1 for op; sync is what aio_fsync is asked for. */
static int submit(lua_State *L, const char *call, int op, int sync) {
  struct request_fault fault;
  aiocb_idle(L, 1);
  lua_settop(L, 1);
  aiocb_refresh(L, 1);
  int err = notice_prepare(L, 1);
  if (err != 0)
    return api_fail(L, "fcntl", err, "no descriptor to notify by");
  posix_sweep();
  struct posix_request *r = aiocb_idle(L, 1);
  if (!posix_valid(r, op, &fault)) {
    notice_settle(L, 2, false);
    return luaL_error(L, "bad field '%s' to '%s' (%s)", fault.field, call,
                      fault.text);
  }
  if (op == POSIX_SYNC || op == POSIX_DSYNC)
    err = -posix_submit_sync(r, sync);
  else
    err = -posix_submit(r, op);
  notice_settle(L, 2, err == 0);
  if (err != 0)
    return api_told(L, fail_submit(L, call, op, err));
  lua_pushboolean(L, 1);
  return api_told(L, 1);
}

/**
 * cb:read() -> true | nil, message, errno
 *
 * Has a thread of glibc read nbytes of fd at offset into buf. What is wrong
 * with the request is mostly told by cb:error() later: glibc accepts it.
 * Requests on one descriptor are carried out one after the other.
 * Errors: EINVAL: reqprio is not 0 to 20. EAGAIN: out of resources. Raises for
 * a closed object, a range outside buf, and while it is in flight.
 * Example: cb:read() posix.suspend{cb} print(cb:result())
 * See: aio_read(3)
 */
static int cb_read(lua_State *L) {
  return submit(L, "aio_read", LIO_READ, 0);
}

/**
 * cb:write() -> true | nil, message, errno
 *
 * Has a thread of glibc write nbytes of buf to fd at offset, or to its end
 * when it was opened with O_APPEND.
 * Errors: as cb:read.
 * See: aio_write(3)
 */
static int cb_write(lua_State *L) {
  return submit(L, "aio_write", LIO_WRITE, 0);
}

/* "sync", "dsync", or any number, which glibc judges. */
static int sync_operation(lua_State *L, int idx) {
  if (lua_type(L, idx) != LUA_TSTRING)
    return (int)api_int(L, idx, NULL, INT32_MIN, INT32_MAX);
  const char *name = api_cstring(L, idx, NULL);
  if (strcmp(name, "sync") == 0)
    return O_SYNC;
  if (strcmp(name, "dsync") != 0)
    api_bad(L, idx, NULL, "\"sync\" or \"dsync\" expected, got '%.40s'", name);
  return O_DSYNC;
}

/**
 * cb:fsync(operation) -> true | nil, message, errno
 *
 * Has a thread of glibc call fsync (operation "sync", or O_SYNC) or fdatasync
 * ("dsync", or O_DSYNC) on fd, after the requests on fd that came before.
 * Errors: EINVAL: another number. EBADF: fd is not open. Raises as cb:read.
 * Example: cb:fsync("dsync")
 * See: aio_fsync(3)
 */
static int cb_fsync(lua_State *L) {
  int sync = sync_operation(L, 2);
  return submit(L, "aio_fsync", sync == O_DSYNC ? POSIX_DSYNC : POSIX_SYNC,
                sync);
}

/* ---- what became of it ---- */

/**
 * cb:error() -> errno [, name [, cause]]
 *
 * aio_error: EINPROGRESS while it is in flight; then 0, or what went wrong, as
 * a number, with its name and, where the request tells it, the cause. A request
 * that was never submitted answers 0. Its memory and file are let go when this
 * has said that it is finished.
 * Example: while cb:error() == aio.EINPROGRESS do posix.suspend{cb} end
 * See: aio_error(3)
 */
static int cb_error(lua_State *L) {
  struct posix_request *r = aiocb_check(L, 1);
  int err = posix_error(r);
  lua_pushinteger(L, err);
  if (err == 0)
    return api_told(L, 1);
  lua_pushstring(L, api_errname(err));
  const char *why = posix_cause(r, err);
  if (why == NULL)
    return api_told(L, 2);
  lua_pushstring(L, why);
  return api_told(L, 3);
}

static const char *doubt(struct posix_request *r, bool again) {
  if (r->submissions == 0)
    return "never submitted: the standard leaves this undefined";
  if (posix_unfinished(r))
    return "not finished: the standard leaves this undefined";
  if (again)
    return "not the first call: the standard leaves this undefined";
  return NULL;
}

/**
 * cb:result() -> n [, note]
 *
 * aio_return, as glibc answers it: what read, write or fsync would have
 * returned, -1 if it failed (cb:error() tells why). The standard allows one
 * call, when the request is finished; to any other a note says so.
 * Example: n = cb:result()
 * See: aio_return(3)
 */
static int cb_result(lua_State *L) {
  struct posix_request *r = aiocb_check(L, 1);
  const char *note = doubt(r, r->returned);
  lua_pushinteger(L, posix_return(r));
  if (note == NULL)
    return 1;
  lua_pushstring(L, note);
  return 2;
}

/* ---- cancel ---- */

static int push_cancel(lua_State *L, int answer, int fd) {
  static const char *const names[] = {[AIO_CANCELED] = "canceled",
                                      [AIO_NOTCANCELED] = "notcanceled",
                                      [AIO_ALLDONE] = "alldone"};
  char cause[48];
  if (answer >= 0) {
    lua_pushstring(L, names[answer]);
    return 1;
  }
  snprintf(cause, sizeof cause, "%s %d",
           answer == -EBADF ? "nothing is open as" : "the request is not on",
           fd);
  return api_fail(L, "aio_cancel", -answer, cause);
}

/**
 * cb:cancel() -> "canceled" | "notcanceled" | "alldone"
 *
 * aio_cancel of this request: canceled while it waits in the queue, not once a
 * thread works on it. A canceled one has cb:error() ECANCELED, and notifies.
 * Where all threads are busy glibc 2.36 has a trap: when the first of those
 * that wait for a descriptor is canceled, the ones behind it are never carried
 * out, nor are later ones; cancel them as well.
 * Returns: the answer, or nil, message, errno.
 * See: aio_cancel(3)
 */
static int cb_cancel(lua_State *L) {
  struct posix_request *r = aiocb_check(L, 1);
  return push_cancel(L, posix_cancel(r->cb.aio_fildes, r), r->cb.aio_fildes);
}

/**
 * posix.cancel(fd [, cb]) -> "canceled" | "notcanceled" | "alldone"
 *
 * aio_cancel of all requests on fd, or of cb. "notcanceled" when one is being
 * worked on: those behind it are canceled all the same.
 * Returns: the answer, or nil, message, errno: EBADF for an fd that is not
 * open, EINVAL for a cb on another.
 * Example: posix.cancel(f)
 * See: aio_cancel(3)
 */
static int posix_lua_cancel(lua_State *L) {
  posix_check_process(L);
  int fd = api_fd(L, 1, NULL, NULL);
  struct posix_request *r = lua_isnoneornil(L, 2) ? NULL : aiocb_check(L, 2);
  return push_cancel(L, posix_cancel(fd, r), fd);
}

/* ---- init ---- */

static int int_field(lua_State *L, const char *name, const char *c_name,
                     int def) {
  const char *found = name;
  if (lua_getfield(L, 1, name) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_getfield(L, 1, c_name);
    found = c_name;
  }
  if (!lua_isnil(L, -1))
    def = (int)api_int(L, -1, found, INT32_MIN, INT32_MAX);
  lua_pop(L, 1);
  return def;
}

/**
 * posix.init{threads=, num=, idle_time=} -> true [, note]
 *
 * aio_init: at most so many threads (20), requests expected at a time (64), and
 * the seconds after which an idle thread ends (1). glibc ignores threads and
 * num once a request was accepted; a note then says so.
 * Errors: raises for an unknown field or what is no integer.
 * Example: posix.init{threads=4}
 * See: aio_init(3)
 */
static int posix_lua_init(lua_State *L) {
  static const char *const known[] = {
      "threads",   "num",           "idle_time",    "aio_threads",
      "aio_num",   "aio_idle_time", "aio_locks",    "aio_usedba",
      "aio_debug", "aio_numusers",  "aio_reserved", NULL};
  posix_check_process(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  api_knownkeys(L, 1, known);
  struct aioinit init = {
      .aio_threads = int_field(L, "threads", "aio_threads", 20),
      .aio_num = int_field(L, "num", "aio_num", 64),
      .aio_idle_time = int_field(L, "idle_time", "aio_idle_time", 0)};
  aio_init(&init);
  lua_pushboolean(L, 1);
  if (!posix_used())
    return 1;
  lua_pushliteral(L, "too late for threads and num: requests were accepted "
                     "before");
  return 2;
}

/* ---- registration ---- */

const luaL_Reg posix_methods[] = {{"read", cb_read},     {"write", cb_write},
                                  {"fsync", cb_fsync},   {"error", cb_error},
                                  {"result", cb_result}, {"cancel", cb_cancel},
                                  {NULL, NULL}};

static const luaL_Reg functions[] = {{"aiocb", aiocb_new},
                                     {"suspend", posix_lua_suspend},
                                     {"aio_suspend", posix_c_suspend},
                                     {"listio", posix_lua_listio},
                                     {"lio_listio", posix_c_listio},
                                     {"cancel", posix_lua_cancel},
                                     {"init", posix_lua_init},
                                     {"list", posix_lua_list},
                                     {"hooks", posix_hooks},
                                     {NULL, NULL}};

int posix_open(lua_State *L) {
  posix_begin();
  aiocb_open(L);
  words_refresh(L);
  luaL_newlib(L, functions);
  return 1;
}
