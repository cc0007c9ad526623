/* Ctrl-C: SIGINT raises "interrupted!" in whatever Lua code is running, also
 * in a coroutine; a second one ends the process, as in lua(1).
 *
 * A hook belongs to one lua_State, so that the handler has to know which of
 * them runs: coroutine.resume, wrap and close say so on their way in and out.
 * A signal may come between the end of a coroutine and the note of it, so that
 * whoever goes on looks at host_interrupted and takes the hook over. A hook
 * left behind finds the flag cleared, and goes. */
#include "program/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <lauxlib.h>
#include <lualib.h>

#include "binding/host.h"

static lua_State *volatile running;

static void set_handler(int sig, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler};
  sigemptyset(&action.sa_mask);
  sigaction(sig, &action, NULL);
}

static void raise_interrupt(lua_State *L, lua_Debug *where) {
  (void)where;
  lua_sethook(L, NULL, 0, 0);
  if (!host_interrupted)
    return;
  host_interrupted = 0;
  luaL_error(L, "interrupted!");
}

/* lua_sethook is the one function of Lua that a signal handler may call. */
static void arm(lua_State *L) {
  int every = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT;
  lua_sethook(L, raise_interrupt, every, 1);
}

static void on_interrupt(int sig) {
  int saved = errno;
  set_handler(sig, SIG_DFL);
  host_interrupted = 1;
  arm(running);
  errno = saved;
}

static void runs_now(lua_State *L) {
  running = L;
  if (host_interrupted)
    arm(L);
}

/* A script that took SIGINT itself (aio.signals) keeps it from chunk to chunk.
 */
static bool taken_by_script(void) {
  struct sigaction now;
  sigaction(SIGINT, NULL, &now);
  return now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN &&
         now.sa_handler != on_interrupt;
}

void interrupt_begin(lua_State *L) {
  running = L;
  if (!taken_by_script())
    set_handler(SIGINT, on_interrupt);
}

void interrupt_end(void) {
  if (!taken_by_script())
    set_handler(SIGINT, SIG_DFL);
}

/* Moves narg arguments over, runs co, moves its results back: how many, or -1
 * with the error on top. Nothing in here raises between the two notes. */
static int resume(lua_State *L, lua_State *co, int narg) {
  if (!lua_checkstack(co, narg)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  int count;
  lua_xmove(L, co, narg);
  runs_now(co);
  int status = lua_resume(co, L, narg, &count);
  runs_now(L);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1);
    return -1;
  }
  if (!lua_checkstack(L, count + 1)) {
    lua_pop(co, count);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, count);
  return count;
}

static int co_resume(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co != NULL, 1, "thread");
  int count = resume(L, co, lua_gettop(L) - 1);
  lua_pushboolean(L, count >= 0);
  if (count < 0)
    count = 1;
  lua_insert(L, -(count + 1));
  return count + 1;
}

/* Closes what died of an error; the error on top may become another one. */
static void bury(lua_State *L, lua_State *co) {
  runs_now(co);
  lua_resetthread(co);
  runs_now(L);
  lua_xmove(co, L, 1);
}

static int raise_from(lua_State *L, lua_State *co) {
  int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD)
    bury(L, co);
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int call_wrapped(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  int count = resume(L, co, lua_gettop(L));
  return count >= 0 ? count : raise_from(L, co);
}

static int co_wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_pushcclosure(L, call_wrapped, 1);
  return 1;
}

static bool has_frames(lua_State *co) {
  lua_Debug frame;
  return lua_status(co) == LUA_OK && lua_getstack(co, 0, &frame);
}

/* The stock function (the upvalue) raises before it does anything, and only
 * for what is no coroutine or is running: those it gets without a note. */
static int co_close(lua_State *L) {
  lua_CFunction stock = lua_tocfunction(L, lua_upvalueindex(1));
  lua_State *co = lua_tothread(L, 1);
  if (co == NULL || has_frames(co))
    return stock(L);
  runs_now(co);
  int count = stock(L);
  runs_now(L);
  return count;
}

static int end_with_state(lua_State *L) {
  (void)L;
  interrupt_end();
  return 0;
}

/* os.exit(code, true) closes the state with our handler in place, and what it
 * points to goes away: the finalizer made first runs last, and ends it. */
static void outlive_finalizers(lua_State *L) {
  static const char key;
  lua_newuserdatauv(L, 0, 0);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, end_with_state);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

void interrupt_install(lua_State *L) {
  static const luaL_Reg tracked[] = {
      {"resume", co_resume}, {"wrap", co_wrap}, {NULL, NULL}};
  outlive_finalizers(L);
  lua_getglobal(L, LUA_COLIBNAME);
  luaL_setfuncs(L, tracked, 0);
  lua_getfield(L, -1, "close");
  lua_pushcclosure(L, co_close, 1);
  lua_setfield(L, -2, "close");
  lua_pop(L, 1);
}
