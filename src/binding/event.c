/* Events as tables: {obj=, data=, res=}. All else is worked out when it is
 * asked for. */
#include "binding/context.h"

#include <string.h>

#include "binding/table.h"

/* The registry's key of the table of metatables by name. */
static const char metatables[] = "aio.metatables";

void api_push_metatables(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, metatables);
}

void event_metatable(lua_State *L, const char *name) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, metatables);
  luaL_getsubtable(L, -1, name);
  lua_remove(L, -2);
}

void event_read(struct event_source *e, const struct slot *s, int32_t index) {
  e->facts = (struct event_facts){.opcode = s->iocb.aio_lio_opcode,
                                  .slot = index,
                                  .nbytes = s->iocb.aio_nbytes,
                                  .offset = s->iocb.aio_offset,
                                  .res = s->res,
                                  .res2 = s->res2,
                                  .slat = s->slat,
                                  .clat = s->seen - s->submitted};
  if (s->res < 0)
    e->failed = s->iocb;
}

/* ---- the facts ---- */

/* All but obj, data and res stands on a page that many events share, until
 * somebody asks: a table with a field for each takes twice as long to make.
 * The page is a key of the event's table, its value the place on the page.
 * lat, err, why, revents and the text come by the metatable that
 * lua/aio/show.lua fills. */
struct event_page {
  const struct api_type *type;
  struct event_page *before; /* of the same batch, while it is made */
  unsigned n, room;
  struct kept {
    struct event_facts facts;
    struct request *request; /* while the batch is made */
  } kept[];
};
static const struct api_type page_type = {.name = "event page",
                                          .size = sizeof(struct event_page)};

/* Below 1 KiB: glibc merges all small free blocks when it is asked for more,
 * and splitting them again costs most of what a page saves. */
enum { PAGE_ROOM = 12 };

static struct event_page *push_page(lua_State *L, unsigned n) {
  unsigned room = n < PAGE_ROOM ? n : PAGE_ROOM;
  struct event_page *p =
      lua_newuserdatauv(L, sizeof *p + room * sizeof *p->kept, 0);
  p->type = &page_type;
  p->before = NULL;
  p->n = 0;
  p->room = room;
  return p;
}

/* The facts of the event at 1; NULL where it has none (foreign, or a table
 * that somebody else made). */
static const struct event_facts *find_facts(lua_State *L) {
  if (!lua_istable(L, 1))
    return NULL;
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    const struct event_page *p = api_test(L, -2, &page_type);
    int known = 0;
    lua_Integer i = lua_tointegerx(L, -1, &known);
    if (p != NULL)
      return known && i >= 0 && i < p->n ? &p->kept[i].facts : NULL;
    lua_pop(L, 1);
  }
  return NULL;
}

static void push_op(lua_State *L, unsigned opcode) {
  const char *name = opcode_name(opcode);
  if (name != NULL)
    lua_pushstring(L, name);
  else
    lua_pushinteger(L, opcode);
}

static const char *const fact_names[] = {"res2",   "slat",   "clat", "op",
                                         "nbytes", "offset", NULL};

/* fact(event, key): what the page tells of that key, or nil. */
static int event_fact(lua_State *L) {
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  int i = 0;
  while (fact_names[i] != NULL && strcmp(fact_names[i], key) != 0)
    i++;
  const struct event_facts *f = fact_names[i] != NULL ? find_facts(L) : NULL;
  if (f == NULL)
    return 0;
  const lua_Integer values[] = {
      f->res2, f->slat, f->clat, 0, (lua_Integer)f->nbytes, f->offset};
  if (strcmp(key, "op") == 0)
    push_op(L, f->opcode);
  else
    lua_pushinteger(L, values[i]);
  return 1;
}

/* ---- events ---- */

/* In the order in which event_begin pushes them: what all batches have in
 * common is a list in the registry. */
enum { PARTS, META, OBJ, DATA, RES, PAGE, PUSHED };
static const char parts_key;

static void make_parts(lua_State *L) {
  static const char *const keys[] = {"obj", "data", "res"};
  lua_createtable(L, RES, 0);
  event_metatable(L, "event");
  lua_rawseti(L, -2, META);
  for (int i = OBJ; i <= RES; i++) {
    lua_pushstring(L, keys[i - OBJ]);
    lua_rawseti(L, -2, i);
  }
  lua_rawsetp(L, LUA_REGISTRYINDEX, &parts_key);
}

void event_begin(lua_State *L, struct event_batch *b, unsigned n) {
  luaL_checkstack(L, PUSHED + LUA_MINSTACK, NULL);
  b->with = lua_gettop(L) + 1;
  b->left = n;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &parts_key);
  for (int i = META; i <= RES; i++)
    lua_rawgeti(L, b->with, i);
  b->page = push_page(L, n);
}

/* The next place on the page. May collect. */
static struct kept *next_kept(lua_State *L, struct event_batch *b) {
  if (b->page->n == b->page->room) {
    struct event_page *p = push_page(L, b->left);
    lua_replace(L, b->with + PAGE);
    p->before = b->page;
    b->page = p;
  }
  b->left--;
  return &b->page->kept[b->page->n++];
}

/* Pushes the iocb, which becomes the value of obj; its data is set. */
static void push_obj(lua_State *L, const struct event_batch *b, int iocbs,
                     struct kept *k) {
  lua_pushvalue(L, b->with + OBJ);
  lua_rawgeti(L, iocbs, (lua_Integer)k->facts.slot + 1);
  struct iocb_object *io = api_test(L, -1, &iocb_type);
  if (io == NULL)
    return;
  k->request = &io->request;
  if (!io->has_data)
    return;
  lua_pushvalue(L, b->with + DATA);
  lua_getiuservalue(L, -2, IOCB_DATA);
  lua_rawset(L, -5);
}

/* The request as it was, for ev.why: the iocb may be prepared anew before
 * anybody asks. aio.explain() finds the event while it is in use. */
static void keep_failure(lua_State *L, const struct event_batch *b,
                         const struct iocb *failed) {
  int event = lua_gettop(L);
  lua_pushvalue(L, b->with + OBJ);
  lua_rawget(L, event);
  lua_pushliteral(L, "request");
  iocb_push_submitted(L, event + 1, failed);
  lua_rawset(L, event);
  lua_settop(L, event);
  api_failure(L, -1);
}

/**
 * ev.obj, ev.data, ev.res, ev.res2
 * ev.slat, ev.clat, ev.lat
 * ev.err, ev.why, ev.request, ev.revents
 *
 * An event: obj is the iocb, data its data, res what the operation returned (a
 * count, a poll's mask, or below 0 an error), res2 always 0 so far. Times are
 * ns: slat is how long the io_submit took that accepted the request, clat the
 * time from its return until we saw the completion, lat their sum. Where res is
 * below 0, err is the error's name ("EIO"), request the request as it was
 * submitted, and why the cause in words, worked out from that when it is first
 * read (aio.explain(ev) tells at length). revents names what a poll found
 * ("in,hup"). op, nbytes and offset are the request's. tostring gives a line:
 * "pread 4096 @0 -> 4096 (81 us)".
 * Example: if ev.err then print(ev.err, ev.why) end
 * See: io_getevents(2)
 */
void event_push(lua_State *L, struct event_batch *b, int iocbs,
                const struct event_source *from) {
  struct kept *k = next_kept(L, b);
  *k = (struct kept){from->facts, NULL};
  lua_createtable(L, 0, 4);
  push_obj(L, b, iocbs, k);
  lua_rawset(L, -3);
  lua_pushvalue(L, b->with + RES);
  lua_pushinteger(L, from->facts.res);
  lua_rawset(L, -3);
  lua_pushvalue(L, b->with + PAGE);
  lua_pushinteger(L, k - b->page->kept);
  lua_rawset(L, -3);
  lua_pushvalue(L, b->with + META);
  lua_setmetatable(L, -2);
  if (from->facts.res < 0)
    keep_failure(L, b, &from->failed);
}

void event_push_one(lua_State *L, int iocbs, const struct event_source *from) {
  int top = lua_gettop(L);
  lua_Integer place = (lua_Integer)from->facts.slot + 1;
  struct event_batch b;
  lua_rawgeti(L, iocbs, place);
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, top + 1);
  lua_rawseti(L, top + 2, place);
  event_begin(L, &b, 1);
  event_push(L, &b, top + 2, from);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

void event_release(const struct event_batch *b, const struct context *c) {
  for (struct event_page *p = b->page; p != NULL; p = p->before)
    for (unsigned i = 0; i < p->n; i++) {
      struct request *r = p->kept[i].request;
      if (r != NULL && r->context == c &&
          r->slot == (uint32_t)p->kept[i].facts.slot)
        r->context = NULL;
    }
}

void event_push_foreign(lua_State *L, const struct io_event *e) {
  lua_createtable(L, 0, 6);
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "foreign");
  set_integer(L, "address", (lua_Integer)e->obj);
  set_integer(L, "data", (lua_Integer)e->data);
  set_integer(L, "res", e->res);
  set_integer(L, "res2", e->res2);
  event_metatable(L, "event");
  lua_setmetatable(L, -2);
}

/* The metatables exist before the first event. */
void event_open(lua_State *L) {
  event_metatable(L, "event");
  lua_pushcfunction(L, event_fact);
  lua_setfield(L, -2, "fact");
  event_metatable(L, "submission");
  event_metatable(L, "list");
  lua_pop(L, 3);
  make_parts(L);
}
