/* Ctrl-C: SIGINT raises "interrupted!" in whatever Lua code is running, also
 * in a coroutine. In a script a second one ends the process, as in lua(1). At
 * the prompt none does: there the interrupt passes through whatever catches
 * errors (pcall, xpcall, coroutine.resume), each time after what was left has
 * been closed, until the prompt is back.
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
#include <unistd.h>
#include <lauxlib.h>
#include <lualib.h>

#include "binding/host.h"

static lua_State *volatile running;   /* NULL: none that may be interrupted */
static bool prompt;                   /* interrupt_prompt was called */
static volatile sig_atomic_t passing; /* on its way back to the prompt */

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

/* At the prompt, once more and nobody has reacted to the one before. */
static void say_stuck(void) {
  static const char text[] =
      "\naiosh: this is not Lua code: it goes on. Ctrl-\\ ends aiosh\n";
  ssize_t put = write(STDERR_FILENO, text, sizeof text - 1);
  (void)put; /* a handler can do no more */
}

static void on_interrupt(int sig) {
  int saved = errno;
  if (!prompt)
    set_handler(sig, SIG_DFL);
  else if (host_interrupted && running != NULL)
    say_stuck();
  host_interrupted = 1;
  passing = prompt;
  if (running != NULL)
    arm(running);
  errno = saved;
}

static void runs_now(lua_State *L) {
  running = L;
  if (host_interrupted && L != NULL)
    arm(L);
}

/* An error was caught: an interrupt that passes is raised again. */
static void pass_on(lua_State *L) {
  if (!passing)
    return;
  host_interrupted = 0;
  luaL_error(L, "interrupted!");
}

/* A script that took SIGINT itself (aio.signals) keeps it from chunk to chunk.
 */
static bool taken_by_script(void) {
  struct sigaction now;
  sigaction(SIGINT, NULL, &now);
  return now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN &&
         now.sa_handler != on_interrupt;
}

lua_State *interrupt_begin(lua_State *L) {
  lua_State *before = running;
  if (!taken_by_script())
    set_handler(SIGINT, on_interrupt);
  runs_now(L);
  return before;
}

void interrupt_end(void) {
  prompt = false;
  if (!taken_by_script())
    set_handler(SIGINT, SIG_DFL);
}

void interrupt_prompt(void) {
  prompt = true;
  interrupt_begin(NULL);
}

bool interrupt_passes(void) {
  return passing;
}

void interrupt_forget(void) {
  passing = 0;
  host_interrupted = 0;
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
  if (count < 0) {
    pass_on(L);
    count = 1;
  }
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
  if (!lua_toboolean(L, -count))
    pass_on(L);
  return count;
}

/* The stock pcall and xpcall, but for pass_on. extra: what of the stack is not
 * a result. */
static int finish_call(lua_State *L, int status, lua_KContext extra) {
  if (status == LUA_OK || status == LUA_YIELD)
    return lua_gettop(L) - (int)extra;
  pass_on(L);
  lua_pushboolean(L, 0);
  lua_pushvalue(L, -2);
  return 2;
}

static int protected_call(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_call);
  return finish_call(L, status, 0);
}

static int protected_call_handled(lua_State *L) {
  int n = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2);
  int status = lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, finish_call);
  return finish_call(L, status, 2);
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
  static const luaL_Reg catching[] = {{"pcall", protected_call},
                                      {"xpcall", protected_call_handled},
                                      {NULL, NULL}};
  outlive_finalizers(L);
  lua_getglobal(L, LUA_COLIBNAME);
  luaL_setfuncs(L, tracked, 0);
  lua_getfield(L, -1, "close");
  lua_pushcclosure(L, co_close, 1);
  lua_setfield(L, -2, "close");
  lua_pop(L, 1);
  lua_pushglobaltable(L);
  luaL_setfuncs(L, catching, 0);
  lua_pop(L, 1);
}
