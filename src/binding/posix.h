/* POSIX AIO in Lua: aiocbs (posix_aiocb.c), how a request tells that it has
 * ended (posix_notify.c), the calls for one (posix_calls.c) and for lists
 * (posix_list.c). The module `aio.posix` is made of these in Lua. */
#ifndef BINDING_POSIX_H
#define BINDING_POSIX_H

#include "binding/api.h"
#include "core/posix.h"

struct aiocb_object {
  const struct api_type *type;
  struct posix_request *request; /* NULL: closed */
  bool by_name; /* fd is somebody else's object: its number is asked for anew
                   at each submit */
};

extern const struct api_type aiocb_type;

/* What Lua keeps with an aiocb: user values. */
enum {
  AIOCB_FD = 1,
  AIOCB_BUF,
  AIOCB_SIGEVENT,
  AIOCB_DATA,
  AIOCB_VALUES = AIOCB_DATA
};

/* Raises in a forked child, where glibc's threads are not. */
void posix_check_process(lua_State *L);

/* The request of the open aiocb at idx; and one that may be changed. Both
 * raise; look again after everything that may run Lua. */
struct posix_request *aiocb_check(lua_State *L, int idx);
struct posix_request *aiocb_idle(lua_State *L, int idx);

/* Before a submit: asks a foreign object for its number again, and keeps it
 * until the request has ended. May run Lua. */
void aiocb_refresh(lua_State *L, int idx);

/* ---- notification ---- */

/* What glibc is to be told: ev, or bell rings. */
struct notice {
  struct sigevent ev;
  struct bell *bell; /* held, or NULL */
};

/* The sigevent object for the value at idx, pushed: a table of its fields, a
 * name, an eventfd, nil. owner: the aiocb's place, or 0. */
void notice_push(lua_State *L, int idx, int owner);

/* Reads the sigevent object (or nil) at idx; subject is the aiocb, or list of
 * them, that it tells of. Pushes its note for posix.run, or nil. May run Lua
 * and raise; 0 or the (positive) error of making a bell. */
int notice_read(lua_State *L, int idx, int subject, struct notice *n);

/* As notice_read, into the aiocb at idx. */
int notice_prepare(lua_State *L, int idx);

/* Tells the note at idx whether the request was accepted. Never raises. */
void notice_settle(lua_State *L, int idx, bool accepted);

/* ---- functions, for posix_calls.c to register ---- */

int posix_lua_suspend(lua_State *L);
int posix_c_suspend(lua_State *L);
int posix_lua_listio(lua_State *L);
int posix_c_listio(lua_State *L);
int posix_lua_list(lua_State *L);
int posix_hooks(lua_State *L);

/* Methods of an aiocb. */
extern const luaL_Reg posix_methods[];

/* What require "aio.posix_native" opens. */
int posix_open(lua_State *L);

/* The registration of the type. */
void aiocb_open(lua_State *L);

/* posix.aiocb */
int aiocb_new(lua_State *L);

/* "pread 4096 @0" */
void aiocb_text(const struct posix_request *r, int op, char *text, size_t size);

#endif
