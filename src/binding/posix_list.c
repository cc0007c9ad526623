/* POSIX AIO: the calls that take a list of aiocbs. An element that is nil or
 * false is NULL. */
#include "binding/posix.h"

#include <errno.h>

#include "binding/record.h"
#include "binding/table.h"
#include "core/clock.h"

/* ---- lists ---- */

/* How many elements to look at: the integer at idx, or all of the list. */
static int count(lua_State *L, int list, int idx) {
  luaL_checktype(L, list, LUA_TTABLE);
  lua_Integer n = (lua_Integer)lua_rawlen(L, list);
  if (idx != 0)
    n = api_int(L, idx, NULL, INT32_MIN, INT32_MAX);
  if (n > POSIX_LIST_MAX)
    luaL_error(L,
               "a list of %d: glibc has it on its stack, and more than %d "
               "would not be safe",
               (int)n, POSIX_LIST_MAX);
  return (int)n;
}

/* The i-th (from 0) of the list, or NULL; pushed. */
static struct posix_request *push_nth(lua_State *L, int list, int i) {
  lua_rawgeti(L, list, (lua_Integer)i + 1);
  if (!lua_toboolean(L, -1))
    return NULL;
  const struct aiocb_object *a = api_test(L, -1, &aiocb_type);
  if (a != NULL && a->request != NULL)
    return a->request;
  luaL_error(L, "element %d of the list is %s%s", i + 1,
             a != NULL ? "closed" : "no aiocb but a ",
             a != NULL ? "" : luaL_typename(L, -1));
  return NULL;
}

/* ---- suspend ---- */

/* Room for the list, on the stack; the requests stay where they are while no
 * Lua code runs. */
static const struct aiocb **gather_aiocbs(lua_State *L, int list, int n) {
  const struct aiocb **cbs =
      lua_newuserdatauv(L, (size_t)(n > 0 ? n : 1) * sizeof *cbs, 0);
  for (int i = 0; i < n; i++) {
    const struct posix_request *r = push_nth(L, list, i);
    cbs[i] = r != NULL ? &r->cb : NULL;
    lua_pop(L, 1);
  }
  return cbs;
}

/* Until one has ended: 0 or the error. Interrupted as all waits are. */
static int wait_any(lua_State *L, const struct aiocb *const *cbs, int n,
                    int64_t ns) {
  int64_t deadline = ns == API_FOREVER ? 0 : clock_now() + ns;
  unsigned before = api_signals();
  int64_t left = ns;
  for (;;) {
    struct timespec ts = clock_timespec(left >= 0 ? left : 0);
    api_interrupt(L);
    int err = -posix_suspend(cbs, n, ns == API_FOREVER ? NULL : &ts);
    if (err != EINTR || !api_goes_on(L, before))
      return err;
    if (ns != API_FOREVER)
      left = clock_left(deadline);
  }
}

static int answer_suspend(lua_State *L, int err) {
  if (err != 0)
    return api_fail(L, "aio_suspend", err,
                    err == EAGAIN ? "none has finished in time" : NULL);
  lua_pushboolean(L, 1);
  return 1;
}

/**
 * posix.suspend({cb, ...} [, timeout]) -> true | nil, message, errno
 *
 * Waits until one of the requests is finished, at most timeout seconds. One
 * that was never submitted counts as finished; elements that are false are
 * skipped, and a list of none does not wait.
 * Errors: EAGAIN: the time is over. EINTR: a signal was taken by aio.signals.
 * Example: assert(posix.suspend({cb}, 5))
 * See: aio_suspend(3)
 */
int posix_lua_suspend(lua_State *L) {
  posix_check_process(L);
  int n = count(L, 1, 0);
  int64_t ns = api_timeout(L, 2, NULL);
  return answer_suspend(L, wait_any(L, gather_aiocbs(L, 1, n), n, ns));
}

/* A timespec as glibc can bear it: it aborts the process for others. */
static struct timespec check_timespec(lua_State *L, int idx) {
  static const char *const known[] = {"tv_sec", "tv_nsec", NULL};
  struct timespec ts = {0};
  luaL_checktype(L, idx, LUA_TTABLE);
  api_knownkeys(L, idx, known);
  if (lua_getfield(L, idx, "tv_sec") != LUA_TNIL)
    ts.tv_sec = api_int(L, -1, "tv_sec", LUA_MININTEGER, LUA_MAXINTEGER);
  if (lua_getfield(L, idx, "tv_nsec") != LUA_TNIL)
    ts.tv_nsec = api_int(L, -1, "tv_nsec", 0, 999999999);
  return ts;
}

/* aio_suspend(list, nent, timeout), as it is in C: a negative time is over at
 * once, a negative nent is glibc's to refuse. */
int posix_c_suspend(lua_State *L) {
  posix_check_process(L);
  int n = count(L, 1, 2);
  struct timespec ts = {0};
  bool limited = !lua_isnoneornil(L, 3);
  if (limited)
    ts = check_timespec(L, 3);
  const struct aiocb **cbs = gather_aiocbs(L, 1, n);
  if (limited && ts.tv_sec < 0)
    return answer_suspend(L, -posix_suspend(cbs, n, &ts));
  int64_t most = INT64_MAX / 2000000000, sec = ts.tv_sec;
  int64_t ns = (sec < most ? sec : most) * 1000000000 + ts.tv_nsec;
  return answer_suspend(L, wait_any(L, cbs, n, limited ? ns : API_FOREVER));
}

/* ---- listio ---- */

struct list {
  int mode, n;
  struct posix_request **requests; /* on the stack */
  uint64_t *before;                /* how often each had been submitted */
  struct notice group;
};

static bool listed(const struct posix_request *r) {
  return r != NULL && r->cb.aio_lio_opcode != LIO_NOP;
}

/* The table of what each request tells posix.run goes to notes. May run Lua. */
static int prepare_all(lua_State *L, int list, int n, int notes) {
  int err = 0;
  for (int i = 0; i < n && err == 0; i++) {
    if (listed(push_nth(L, list, i))) {
      int at = lua_gettop(L);
      aiocb_idle(L, at);
      aiocb_refresh(L, at);
      err = notice_prepare(L, at);
      lua_rawseti(L, notes, (lua_Integer)i + 1);
    }
    lua_settop(L, notes);
  }
  return err;
}

static void scatter(const struct list *l) {
  for (int i = 0; i < l->n; i++)
    if (l->requests[i] != NULL)
      l->requests[i]->gathered = false;
}

static bool accepted(const struct list *l, int i) {
  return listed(l->requests[i]) && l->requests[i]->submissions > l->before[i];
}

/* NULL, or why the i-th can't be submitted. */
static const char *objection(struct posix_request *r,
                             struct request_fault *fault) {
  if (posix_unfinished(r))
    return "it is in flight until aio_error says that it is finished";
  if (r->gathered)
    return "it is in the list already";
  return posix_valid(r, r->cb.aio_lio_opcode, fault) ? NULL : fault->text;
}

/* All or none: raises for the first that can't be. Runs no Lua code. */
static void gather(lua_State *L, int idx, struct list *l) {
  struct request_fault fault;
  int n = l->n;
  l->n = 0;
  for (int i = 0; i < n; i++) {
    struct posix_request *r = push_nth(L, idx, i);
    lua_pop(L, 1);
    const char *why = listed(r) ? objection(r, &fault) : NULL;
    if (why != NULL) {
      scatter(l);
      bell_let_go(l->group.bell);
      luaL_error(L, "element %d of the list: %s", i + 1, why);
    }
    l->before[i] = r != NULL ? r->submissions : 0;
    l->requests[l->n++] = r;
    if (r != NULL)
      r->gathered = true;
  }
}

/* LIO_WAIT, without glibc's: a signal there leaves pointers to its stack
 * behind. err: what submitting answered. That, where none was accepted; else
 * 0, EINTR, or EIO when one has failed. */
static int wait_all(lua_State *L, const struct list *l, int err) {
  for (int i = 0; i < l->n; i++)
    if (accepted(l, i))
      err = 0;
  for (int i = 0; i < l->n && err == 0; i++) {
    const struct aiocb *const one[] = {
        l->requests[i] != NULL ? &l->requests[i]->cb : NULL};
    while (err == 0 && listed(l->requests[i]) &&
           posix_unfinished(l->requests[i]))
      err = wait_any(L, one, 1, API_FOREVER);
  }
  for (int i = 0; i < l->n && err == 0; i++)
    if (listed(l->requests[i]) && posix_error(l->requests[i]) != 0)
      err = EIO;
  return err;
}

/* The first that has failed, or -1. */
static int first_failed(const struct list *l, int *err) {
  for (int i = 0; i < l->n; i++) {
    *err = listed(l->requests[i]) ? posix_error(l->requests[i]) : 0;
    if (*err != 0 && *err != EINPROGRESS)
      return i;
  }
  return -1;
}

static const char *push_cause(lua_State *L, const struct list *l) {
  int err = 0, i = first_failed(l, &err);
  if (i < 0)
    return NULL;
  const char *why = posix_cause(l->requests[i], err);
  const char *name = api_errname(err);
  char text[96];
  aiocb_text(l->requests[i], l->requests[i]->cb.aio_lio_opcode, text,
             sizeof text);
  return lua_pushfstring(L, "request %d of %d: %s: %s%s%s", i + 1, l->n, text,
                         name != NULL ? name : "unknown error",
                         why != NULL ? ": " : "", why != NULL ? why : "");
}

/* nil, message, errno, and the error of each. */
static int fail_listio(lua_State *L, const struct list *l, int err) {
  const char *cause = err != EINTR ? push_cause(L, l) : NULL;
  if (l->mode != LIO_WAIT && l->mode != LIO_NOWAIT)
    cause = "mode is neither LIO_WAIT nor LIO_NOWAIT";
  int results = api_fail(L, "lio_listio", err, cause);
  lua_createtable(L, l->n, 0);
  for (int i = 0; i < l->n; i++) {
    lua_pushinteger(L,
                    listed(l->requests[i]) ? posix_error(l->requests[i]) : 0);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return results + 1;
}

/* Tells each request's note, and the group's, what became of it. */
static void settle_notes(lua_State *L, const struct list *l, int notes,
                         int group) {
  for (int i = 0; i < l->n; i++) {
    lua_rawgeti(L, notes, (lua_Integer)i + 1);
    notice_settle(L, lua_gettop(L), accepted(l, i));
    lua_pop(L, 1);
  }
  notice_settle(L, group, l->mode == LIO_NOWAIT);
}

static void make_room(lua_State *L, struct list *l) {
  size_t room = (size_t)(l->n > 0 ? l->n : 1);
  l->requests = lua_newuserdatauv(L, room * sizeof(struct posix_request *), 0);
  l->before = lua_newuserdatauv(L, room * sizeof(uint64_t), 0);
}

/* Nothing here runs Lua code until all is submitted. */
static int submit_all(lua_State *L, int idx, struct list *l, int notes,
                      int group) {
  gather(L, idx, l);
  bool waits = l->mode == LIO_WAIT;
  int err = -posix_listio(waits ? LIO_NOWAIT : l->mode, l->requests, l->n,
                          waits ? NULL : l->group.bell, &l->group.ev);
  scatter(l);
  bell_let_go(l->group.bell);
  settle_notes(L, l, notes, group);
  return err;
}

/* mode at 1, the list at 2; how many, the sigevent: their places, or 0. */
static int listio(lua_State *L, int mode, int nent, int sigevent) {
  posix_check_process(L);
  struct list l = {.mode = mode, .n = count(L, 2, nent)};
  if (l.n < 0)
    return api_bad(L, nent, NULL, "%d is negative: undefined in glibc", l.n);
  lua_settop(L, 4);
  make_room(L, &l);
  lua_createtable(L, l.n, 0);
  int notes = lua_gettop(L);
  int err = prepare_all(L, 2, l.n, notes);
  if (err == 0 && mode != LIO_WAIT && !lua_isnoneornil(L, sigevent)) {
    notice_push(L, sigevent, 0);
    err = notice_read(L, lua_gettop(L), 2, &l.group);
  } else {
    l.group.ev.sigev_notify = SIGEV_NONE;
    lua_pushnil(L);
  }
  if (err != 0)
    return api_fail(L, "fcntl", err, "no descriptor to notify by");
  posix_sweep();
  err = submit_all(L, 2, &l, notes, lua_gettop(L));
  if (l.mode == LIO_WAIT)
    err = wait_all(L, &l, err);
  if (err != 0)
    return api_told(L, fail_listio(L, &l, err));
  lua_pushboolean(L, 1);
  return api_told(L, 1);
}

static int check_mode(lua_State *L) {
  static const char *const names[] = {
      [LIO_WAIT] = "wait", [LIO_NOWAIT] = "nowait", NULL};
  if (lua_type(L, 1) == LUA_TNUMBER)
    return (int)api_int(L, 1, NULL, INT32_MIN, INT32_MAX);
  return luaL_checkoption(L, 1, NULL, names);
}

/**
 * posix.listio(mode, {cb, ...} [, sigevent]) -> true | nil, message, errno
 *
 * Submits every request of the list as its lio_opcode says; false and "nop" are
 * skipped. mode "wait" waits for all of them; "nowait" returns at once, and
 * sigevent (see posix.sigevent) tells when all are finished.
 * Returns: true, or nil, message, errno, and a list of the error of each.
 * Errors: EIO: some have failed, which the list and cb:error() tell; the others
 * were carried out or are in flight. EINTR: a signal was taken; requests go on.
 * Raises, and submits nothing, for an element that is no aiocb, closed, in
 * flight or there twice.
 * Example: assert(posix.listio("wait", {first, second}))
 * See: lio_listio(3)
 */
int posix_lua_listio(lua_State *L) {
  return listio(L, check_mode(L), 0, 3);
}

/* lio_listio(mode, list, nent, sigevent), as it is in C. */
int posix_c_listio(lua_State *L) {
  return listio(L, check_mode(L), 3, 4);
}

/* ---- what is in flight ---- */

/* From a copy: each allocation may run a finalizer. */
static void push_row(lua_State *L, struct posix_request copy) {
  const struct posix_request *r = &copy;
  const struct iocb *k = &r->what.iocb;
  lua_createtable(L, 0, 12);
  set_integer(L, "id", (lua_Integer)r->id);
  lua_pushstring(L, opcode_name(k->aio_lio_opcode));
  lua_setfield(L, -2, "op");
  set_integer(L, "fd", r->cb.aio_fildes);
  set_integer(L, "offset", k->aio_offset);
  set_integer(L, "nbytes", (lua_Integer)k->aio_nbytes);
  set_integer(L, "age", clock_now() - r->submitted);
  if (r->pin.mem != NULL)
    set_integer(L, "memory", (lua_Integer)(uintptr_t)r->cb.aio_buf);
  entry_set_file(L, r->cb.aio_fildes);
  entry_set_path(L, r->cb.aio_fildes);
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "posix");
}

/* list() -> rows for aio.inflight, the newest first. What has ended is not
 * among them; making a row may run a finalizer that changes what is. */
int posix_lua_list(lua_State *L) {
  lua_settop(L, 0);
  lua_newtable(L);
  const struct posix_request *r = posix_next(NULL);
  for (lua_Integer i = 1; r != NULL; i++) {
    uint64_t below = r->id;
    push_row(L, *r);
    lua_rawseti(L, 1, i);
    r = posix_next(NULL);
    while (r != NULL && r->id >= below)
      r = posix_next(r);
  }
  return 1;
}
