/* The prompt: a loop around readline's callbacks, the contexts' rings and the
 * signals of the terminal. Each turn it looks at the rings, and every 20 ms
 * while requests are in flight; it takes no event and adds no descriptor.
 *
 * What is said and done is Lua's (lua/aio/repl.lua), which is called from here
 * alone, between the calls of readline's. */
#include "program/prompt.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <lauxlib.h>

#include "binding/api.h"
#include "core/clock.h"
#include "program/attend.h"
#include "program/chunk.h"
#include "program/complete.h"
#include "program/farewell.h"
#include "program/history.h"
#include "program/interrupt.h"
#include "program/line.h"
#include "program/notice.h"
#include "program/sink.h"
#include "program/statement.h"

static const int64_t tick = 20000000; /* ns between two looks at the rings */
static const char module;             /* in the registry: aio.repl */

static struct {
  struct peek seen;    /* at the last look */
  char *shown, *fresh; /* the prompt that stands, and what it should be */
  bool more;           /* inside a chunk of several lines */
  bool told_blind;
} prompt;

/* ---- calling Lua ---- */

/* Calls f with the name of a function of the module, and reports what it
 * raises; false then. */
static bool guarded(lua_State *L, lua_CFunction f, const char *name) {
  lua_pushcfunction(L, f);
  lua_pushlightuserdata(L, (void *)(uintptr_t)name);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK)
    return true;
  const char *message = lua_tostring(L, -1);
  if (message == NULL)
    message = "(error object is not a string)";
  sink_write(stderr, message, strlen(message));
  sink_write(stderr, "\n", 1);
  lua_pop(L, 1);
  return false;
}

static void push_function(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &module);
  lua_getfield(L, -1, lua_touserdata(L, 1));
}

static int do_call(lua_State *L) {
  push_function(L);
  lua_call(L, 0, 0);
  return 0;
}

static bool call(lua_State *L, const char *name) {
  return guarded(L, do_call, name);
}

static int do_prompt(lua_State *L) {
  push_function(L);
  lua_pushinteger(L, prompt.seen.unfinished);
  lua_pushinteger(L, prompt.seen.ready);
  lua_call(L, 2, 1);
  const char *text = lua_tostring(L, -1);
  prompt.fresh = text != NULL ? strdup(text) : NULL;
  return 0;
}

static int do_submit(lua_State *L) {
  push_function(L);
  lua_pushstring(L, line_text());
  prompt.more = false;
  lua_call(L, 1, 1);
  prompt.more = lua_toboolean(L, -1);
  return 0;
}

/* ---- looking at the rings ---- */

/* True when the counts in the prompt have changed. An interrupt that has come
 * is the line's, and not for a function of the user's. */
static bool look(lua_State *L) {
  struct peek before = prompt.seen;
  prompt.seen = notice_sums();
  if (prompt.seen.untold > 0 && !interrupt_passes())
    call(L, "announce");
  if (prompt.seen.blind && !prompt.told_blind)
    prompt.told_blind = call(L, "blind");
  return prompt.seen.unfinished != before.unfinished ||
         prompt.seen.ready != before.ready;
}

static int64_t patience(void) {
  const struct peek *p = &prompt.seen;
  return (p->unfinished > 0 && !p->blind) || p->untold > 0 ? tick : -1;
}

/* ---- the line ---- */

/* The prompt as it should be now, in `fresh`; where Lua fails, a plain one. */
static void refresh_prompt(lua_State *L) {
  free(prompt.fresh);
  prompt.fresh = NULL;
  guarded(L, do_prompt, "prompt");
  if (prompt.fresh == NULL)
    prompt.fresh = strdup(prompt.more ? "..> " : "aio> ");
}

static void begin_line(lua_State *L) {
  look(L);
  refresh_prompt(L);
  free(prompt.shown);
  prompt.shown = prompt.fresh;
  prompt.fresh = NULL;
  sink_fresh_line();
  attend_signals();
  line_begin(prompt.shown != NULL ? prompt.shown : "");
  sink_hold();
}

static void end_line(void) {
  sink_release();
  attend_leave_signals();
}

/* Ctrl-C. */
static void drop_line(lua_State *L) {
  line_cancel();
  end_line();
  interrupt_forget();
  prompt.more = false;
  call(L, "reset");
  begin_line(L);
}

/* Ctrl-Z: the shell finds an empty line. After fg all is as it was. */
static void stop(void) {
  line_hide();
  line_leave_terminal();
  attend_stop();
  line_enter_terminal();
}

/* Stopped by somebody else, and continued: the terminal may be as the shell
 * wants it. */
static void take_terminal_back(void) {
  line_leave_terminal();
  line_enter_terminal();
}

static void die(void) {
  line_end();
  sink_release();
  attend_end_process();
}

static void obey(lua_State *L, unsigned what) {
  if (what & ATTEND_END)
    die();
  if (what & ATTEND_STOP)
    stop();
  if (what & ATTEND_CONTINUED)
    take_terminal_back();
  if (what & ATTEND_RESIZED)
    line_resized();
  if (what & ATTEND_INTERRUPT)
    drop_line(L);
}

static bool new_prompt(void) {
  return prompt.fresh != NULL && line_shows_prompt() &&
         (prompt.shown == NULL || strcmp(prompt.fresh, prompt.shown) != 0);
}

/* What there is to say goes above the line, which comes back as it was. */
static void update(void) {
  bool changed = new_prompt();
  if (!changed && !sink_has_lines())
    return;
  line_hide();
  sink_put_lines();
  if (changed) {
    free(prompt.shown);
    prompt.shown = prompt.fresh;
    prompt.fresh = NULL;
  }
  line_show(changed ? prompt.shown : NULL);
}

static enum line_state turn(lua_State *L) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  enum line_state state = LINE_EDITING;
  unsigned what = attend_wait(&input, 1, patience());
  if (what & ~(unsigned)ATTEND_READY)
    obey(L, what);
  else if (what == ATTEND_READY)
    state = input.revents & POLLNVAL ? LINE_EOF : line_feed();
  if (state != LINE_EDITING)
    return state;
  if (look(L) && !interrupt_passes())
    refresh_prompt(L);
  update();
  return state;
}

static enum line_state edit(lua_State *L) {
  enum line_state state;
  begin_line(L);
  do
    state = turn(L);
  while (state == LINE_EDITING);
  line_end();
  end_line();
  return state;
}

/* ---- functions for Lua: the module aio.host ---- */

static int host_write(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  sink_write(stdout, text, size);
  return 0;
}

static int host_complain(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  sink_write(stderr, text, size);
  return 0;
}

static int host_fresh_line(lua_State *L) {
  (void)L;
  sink_fresh_line();
  return 0;
}

static int host_remember(lua_State *L) {
  const char *text = luaL_checkstring(L, 1);
  if (line_remember(text))
    history_append(text);
  return 0;
}

/* Whether an interrupt came; from now on none has. */
static int host_settle(lua_State *L) {
  lua_pushboolean(L, interrupt_passes());
  interrupt_forget();
  return 1;
}

static int host_interrupts(lua_State *L) {
  lua_pushboolean(L, interrupt_passes());
  return 1;
}

static short poll_events(const char *names) {
  int events = 0;
  if (names == NULL || strchr(names, 'r') != NULL)
    events |= POLLIN;
  if (names != NULL && strchr(names, 'w') != NULL)
    events |= POLLOUT;
  return (short)events;
}

/* wait(fd [, events [, timeout]]) -> true when it may go on, false after an
 * interrupt. Completions are announced meanwhile. */
static int host_wait(lua_State *L) {
  struct pollfd fd = {.fd =
                          lua_isnoneornil(L, 1) ? -1 : api_fd(L, 1, NULL, NULL),
                      .events = poll_events(luaL_optstring(L, 2, NULL))};
  int64_t timeout = api_timeout(L, 3, NULL);
  int64_t deadline = timeout < 0 ? INT64_MAX : clock_now() + timeout;
  for (;;) {
    look(L);
    int64_t left = timeout < 0 ? -1 : clock_left(deadline);
    int64_t next = patience();
    unsigned what = attend_wait(
        &fd, 1, next < 0 || (left >= 0 && left < next) ? left : next);
    bool over = timeout >= 0 && clock_left(deadline) == 0;
    if (what != 0 || over) {
      lua_pushboolean(L, !(what & ATTEND_INTERRUPT));
      return 1;
    }
  }
}

static const luaL_Reg host[] = {{"resume", statement_resume},
                                {"close", statement_close},
                                {"wait", host_wait},
                                {"write", host_write},
                                {"complain", host_complain},
                                {"fresh_line", host_fresh_line},
                                {"remember", host_remember},
                                {"settle", host_settle},
                                {"interrupted", host_interrupts},
                                {"untold", notice_untold},
                                {"tell", notice_tell},
                                {"tally", notice_tally},
                                {"batches", notice_batches},
                                {NULL, NULL}};

static int open_host(lua_State *L) {
  luaL_newlib(L, host);
  return 1;
}

static int load_module(lua_State *L) {
  luaL_requiref(L, "aio.host", open_host, 0);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "aio.repl");
  lua_call(L, 1, 1);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &module);
  lua_getfield(L, -1, "complete");
  complete_by(L);
  return 0;
}

/* ---- the session ---- */

/* $XDG_CONFIG_HOME/aiosh/init.lua; never one of the current directory. */
static void run_init(lua_State *L) {
  const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
  char path[PATH_MAX];
  int size = 0;
  if (config != NULL && config[0] == '/')
    size = snprintf(path, sizeof path, "%s/aiosh/init.lua", config);
  else if (home != NULL && home[0] == '/')
    size = snprintf(path, sizeof path, "%s/.config/aiosh/init.lua", home);
  if (size > 0 && (size_t)size < sizeof path && access(path, F_OK) == 0)
    chunk_file(L, path);
}

static void remember(const char *entry) {
  line_remember(entry);
}

static void open_history(void) {
  int err = history_open(remember);
  line_limit_history(HISTORY_ENTRIES);
  if (err != 0)
    fprintf(stderr, "aiosh: no history is kept: %s\n", strerror(-err));
}

/* Ctrl-D inside a chunk. */
static void abandon(lua_State *L) {
  prompt.more = false;
  call(L, "abandon");
}

void prompt_run(lua_State *L, bool bare) {
  if (!guarded(L, load_module, NULL))
    return;
  if (!bare)
    run_init(L);
  line_install();
  if (!bare)
    open_history();
  sink_install(L);
  farewell_install();
  interrupt_prompt();
  for (;;) {
    enum line_state state = edit(L);
    if (state == LINE_DONE)
      guarded(L, do_submit, "submit");
    else if (!prompt.more)
      break;
    else
      abandon(L);
  }
  putchar('\n');
  fflush(stdout);
}
