/* Entries of the record as Lua tables. */
#include "binding/record.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binding/iocb.h"
#include "binding/table.h"
#include "binding/words.h"
#include "core/signame.h"

/* Bits that come along with POLLIN and POLLOUT. */
#define POLL_DOUBLES                                                           \
  (unsigned)(POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND)

static void set_op(lua_State *L, unsigned opcode) {
  if (opcode_name(opcode) != NULL)
    set_string(L, "op", opcode_name(opcode));
  else
    set_integer(L, "op", opcode);
}

/* ---- calls ---- */

/* "SIGUSR1 SIGTERM"; nil where the mask stays as it was. */
static void set_blocked(lua_State *L, uint64_t mask) {
  char name[SIGNAME_MAX];
  luaL_Buffer b;
  if (mask == UINT64_MAX)
    return;
  luaL_buffinit(L, &b);
  for (int signo = 1; mask != 0; signo++, mask >>= 1)
    if (mask & 1) {
      luaL_addstring(&b, luaL_bufflen(&b) > 0 ? " " : "");
      luaL_addstring(&b, signame_of(signo, name));
    }
  luaL_pushresult(&b);
  lua_setfield(L, -2, "blocked");
}

static void set_call(lua_State *L, const struct record_entry *e) {
  const struct record_call *call = &e->call;
  set_integer(L, "ns", call->ns);
  set_integer(L, "n", call->n);
  if (e->kind != RECORD_COLLECT)
    set_integer(L, "res", call->res);
  if (call->res < 0 && api_errname(-call->res) != NULL)
    set_string(L, "err", api_errname(-call->res));
  if (e->kind == RECORD_SUBMIT && call->done >= 0)
    set_integer(L, "done", call->done);
  if (e->kind == RECORD_SUBMIT && call->switches >= 0)
    set_integer(L, "switches", call->switches);
  if (e->kind != RECORD_GETEVENTS && e->kind != RECORD_PGETEVENTS)
    return;
  set_integer(L, "min_nr", call->min_nr);
  if (call->timeout >= 0)
    set_integer(L, "timeout", call->timeout);
  set_blocked(L, call->blocked);
}

/* ---- requests ---- */

void entry_set_file(lua_State *L, int fd) {
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0 ||
      (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
    return;
  lua_pushfstring(L, "%I:%I", (lua_Integer)st.st_dev, (lua_Integer)st.st_ino);
  lua_setfield(L, -2, "file");
}

void entry_set_path(lua_State *L, int fd) {
  char link[40], path[256];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, path, sizeof path);
  if (len <= 0)
    return;
  lua_pushlstring(L, path, (size_t)len);
  lua_setfield(L, -2, "path");
}

static void set_flags(lua_State *L, const char *key, unsigned bits,
                      const struct api_flag *set) {
  if (bits == 0)
    return;
  api_pushflags(L, bits, set);
  lua_setfield(L, -2, key);
}

static void set_request(lua_State *L, const struct record_entry *e, bool live) {
  const struct record_request *r = &e->request;
  set_op(L, e->opcode);
  set_integer(L, "fd", r->fd);
  set_integer(L, "nbytes", (lua_Integer)r->nbytes);
  set_integer(L, "offset", r->offset);
  set_integer(L, opcode_vectored(e->opcode) ? "bytes" : "memory",
              (lua_Integer)r->memory);
  set_flags(L, "rw_flags", r->rw_flags, rw_flags);
  if (e->opcode == KAIO_CMD_POLL)
    set_flags(L, "events", (unsigned)r->memory, poll_flags);
  if (r->flags & IOCB_FLAG_RESFD)
    set_integer(L, "resfd", r->resfd);
  if (r->flags & IOCB_FLAG_IOPRIO)
    set_integer(L, "reqprio", r->reqprio);
  if (r->flags & ~(unsigned)(IOCB_FLAG_RESFD | IOCB_FLAG_IOPRIO))
    set_integer(L, "flags", r->flags);
  if (live) {
    entry_set_file(L, r->fd);
    entry_set_path(L, r->fd);
  }
}

static void set_event(lua_State *L, const struct record_entry *e) {
  const struct record_event *v = &e->event;
  set_op(L, e->opcode);
  set_integer(L, "res", v->res);
  set_integer(L, "res2", v->res2);
  set_integer(L, "seen", v->seen);
  if (v->gap >= 0)
    set_integer(L, "gap", v->gap);
  if (e->opcode == KAIO_CMD_POLL && v->res > 0)
    set_flags(L, "revents", (unsigned)v->res & ~POLL_DOUBLES, poll_flags);
  if (v->res < 0 && v->res > INT32_MIN && api_errname((int)-v->res) != NULL)
    set_string(L, "err", api_errname((int)-v->res));
}

/* Of no context, and no io_setup that failed. */
static bool is_posix(const struct record_entry *e) {
  return e->context == 0 && e->kind >= RECORD_POSIX;
}

void entry_push(lua_State *L, const struct record_entry *e, bool live) {
  static const char *const kinds[] = {
      [RECORD_SETUP] = "setup",         [RECORD_DESTROY] = "destroy",
      [RECORD_COLLECT] = "collect",     [RECORD_SUBMIT] = "submit",
      [RECORD_GETEVENTS] = "getevents", [RECORD_PGETEVENTS] = "pgetevents",
      [RECORD_REAP] = "reap",           [RECORD_CANCEL] = "cancel",
      [RECORD_POSIX] = "posix",         [RECORD_LISTIO] = "listio",
      [RECORD_REQUEST] = "request",     [RECORD_REFUSED] = "refused",
      [RECORD_TAKEN] = "event"};
  lua_createtable(L, 0, 12);
  set_string(L, "kind", kinds[e->kind]);
  set_integer(L, "ctx", e->context);
  set_integer(L, "at", e->at);
  if (is_posix(e)) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "posix");
  }
  if (e->kind == RECORD_POSIX)
    set_op(L, e->opcode);
  if (e->id != 0)
    set_integer(L, "id", (lua_Integer)e->id);
  if (e->kind == RECORD_REQUEST || e->kind == RECORD_REFUSED)
    set_request(L, e, live);
  else if (e->kind == RECORD_TAKEN)
    set_event(L, e);
  else
    set_call(L, e);
}
