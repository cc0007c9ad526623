#include "program/notice.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "binding/context.h"
#include "binding/table.h"
#include "core/hist.h"

/* ---- looking ---- */

static void add(struct peek *sum, const struct peek *one) {
  sum->unfinished += one->unfinished;
  sum->ready += one->ready;
  sum->untold += one->untold;
  sum->blind = sum->blind || one->blind;
}

struct peek notice_sums(void) {
  struct peek sum = {0};
  for (struct context *c = context_first(); c != NULL; c = c->next)
    if (context_usable(c)) {
      struct peek one = peek_look(c);
      add(&sum, &one);
    }
  return sum;
}

/* Calls visit for each context that Lua code can reach, with its object on
 * top; what visit leaves there is popped. */
static void each_object(lua_State *L,
                        void (*visit)(lua_State *L, struct context *c)) {
  context_push_list(L);
  int list = lua_gettop(L);
  lua_Integer n = (lua_Integer)lua_rawlen(L, list);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, list, i);
    const struct context_object *o = api_test(L, -1, &context_type);
    if (o != NULL && o->context != NULL && context_usable(o->context))
      visit(L, o->context);
    lua_settop(L, list);
  }
  lua_settop(L, list - 1);
}

/* The result at 1 is the list, and knows each context by its address. */
static void list_untold(lua_State *L, struct context *c) {
  lua_pushboolean(L, true);
  lua_rawsetp(L, 1, c);
  if (c->untold == 0)
    return;
  struct peek p = peek_look(c); /* a finalizer may destroy it from here on */
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "context");
  set_integer(L, "untold", p.untold);
  set_integer(L, "unfinished", p.unfinished);
  lua_rawseti(L, 1, (lua_Integer)lua_rawlen(L, 1) + 1);
}

static void ignore(void *arg, const struct slot *s, int32_t index) {
  (void)arg;
  (void)s;
  (void)index;
}

/* What no Lua code can reach nobody wants to hear of. Nothing allocates while
 * the contexts are walked. */
int notice_untold(lua_State *L) {
  lua_settop(L, 0);
  lua_newtable(L);
  each_object(L, list_untold);
  for (struct context *c = context_first(); c != NULL; c = c->next) {
    if (lua_rawgetp(L, 1, c) == LUA_TNIL && context_usable(c))
      peek_tell(c, ignore, NULL);
    lua_settop(L, 1);
  }
  return 1;
}

static void set_batch(lua_State *L, struct context *c) {
  lua_Integer batch = c->batch;
  lua_pushvalue(L, -1);
  lua_pushinteger(L, batch);
  lua_rawset(L, 1);
}

int notice_batches(lua_State *L) {
  lua_settop(L, 0);
  lua_newtable(L);
  each_object(L, set_batch);
  return 1;
}

/* ---- telling ---- */

struct told {
  uint64_t id;
  int32_t fd;
  struct event_source source;
};

struct batch {
  struct told *told;
  size_t n, room;
  size_t lost; /* no memory for them */
};

static void gather(void *arg, const struct slot *s, int32_t index) {
  struct batch *b = arg;
  if (b->n == b->room) {
    size_t room = b->room * 2 + 16;
    struct told *more = realloc(b->told, room * sizeof *more);
    if (more == NULL) {
      b->lost++;
      return;
    }
    b->told = more;
    b->room = room;
  }
  struct told *t = &b->told[b->n++];
  t->id = s->id;
  t->fd = (int32_t)s->iocb.aio_fildes;
  event_read(&t->source, s, index);
}

/* What the descriptor stands for, by its last part where it is a path. */
static void push_file(lua_State *L, int32_t fd) {
  char link[32], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", (int)fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  path[n > 0 ? n : 0] = '\0';
  const char *name = strrchr(path, '/');
  if (path[0] == '/' && name[1] != '\0')
    lua_pushstring(L, name + 1);
  else
    lua_pushfstring(L, "fd %d", (int)fd);
}

/* Sets the event into the list on top; iocbs is the array of the context's
 * iocbs in flight. A finalizer may have taken it meanwhile: then it is left
 * out. */
static void add_told(lua_State *L, const struct told *t, int iocbs) {
  int list = lua_gettop(L);
  lua_rawgeti(L, iocbs, (lua_Integer)t->source.facts.slot + 1);
  if (lua_isuserdata(L, -1)) {
    event_push_one(L, iocbs, &t->source);
    set_integer(L, "id", (lua_Integer)t->id);
    set_integer(L, "fd", t->fd);
    push_file(L, t->fd);
    lua_setfield(L, -2, "file");
    lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
  }
  lua_settop(L, list);
}

/* Memory of C's that goes with the stack, whatever raises. */
static struct batch *push_batch(lua_State *L) {
  struct batch *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (struct batch){0};
  return b;
}

static int free_batch(lua_State *L) {
  struct batch *b = lua_touserdata(L, 1);
  free(b->told);
  b->told = NULL;
  return 0;
}

/* What is untold of the context at argument 1; its iocbs are pushed first. */
static struct batch *gather_batch(lua_State *L) {
  context_check(L);
  lua_settop(L, 1);
  context_push_iocbs(L);
  struct batch *b = push_batch(L);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, free_batch);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  peek_tell(context_check(L), gather, b);
  return b;
}

int notice_tell(lua_State *L) {
  const struct batch *b = gather_batch(L);
  lua_newtable(L);
  for (size_t i = 0; i < b->n; i++)
    add_told(L, &b->told[i], 2);
  return 1;
}

/* errors[name] = errors[name] + 1, of the table on top. */
static void count_error(lua_State *L, int err) {
  const char *name = api_errname(err);
  if (name == NULL)
    name = lua_pushfstring(L, "%d", err);
  else
    lua_pushstring(L, name);
  lua_pushvalue(L, -1);
  lua_rawget(L, -3);
  lua_Integer n = lua_tointeger(L, -1);
  lua_pop(L, 1);
  lua_pushinteger(L, n + 1);
  lua_rawset(L, -3);
}

int notice_tally(lua_State *L) {
  const struct batch *b = gather_batch(L);
  struct hist *latencies = lua_newuserdatauv(L, sizeof *latencies, 0);
  lua_Integer ok = 0;
  hist_clear(latencies);
  lua_createtable(L, 0, 4);
  lua_newtable(L);
  for (size_t i = 0; i < b->n; i++) {
    const struct event_facts *f = &b->told[i].source.facts;
    hist_add(latencies, f->slat + f->clat);
    if (f->res >= 0)
      ok++;
    else
      count_error(L, (int)-f->res);
  }
  lua_setfield(L, -2, "errors");
  set_integer(L, "n", (lua_Integer)(b->n + b->lost));
  set_integer(L, "ok", ok);
  set_integer(L, "p50", hist_percentile(latencies, 50));
  return 1;
}
