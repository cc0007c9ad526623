/* Contexts as the files of the context binding share them. */
#ifndef BINDING_CONTEXT_H
#define BINDING_CONTEXT_H

#include "binding/api.h"
#include "binding/iocb.h"
#include "core/context.h"

/* What an event tells, copied out of its slot, which may be gone after the
 * next allocation. */
struct event_facts {
  unsigned opcode;
  int32_t slot; /* its number: where the iocb stands in the array */
  uint64_t nbytes;
  int64_t offset, res, res2, slat, clat;
};
struct event_source {
  struct event_facts facts;
  struct iocb failed; /* as submitted, where res is below 0 */
};
void event_read(struct event_source *e, const struct slot *s, int32_t index);

struct context_object {
  const struct api_type *type;
  struct context *context; /* NULL: never opened, or collected */
  bool stopped;            /* CONTEXT_REFUSED is not nil */
};

extern const struct api_type context_type;

/* User values of a context. */
enum {
  CONTEXT_IOCBS = 1,   /* array: the iocb in flight in slot i at i + 1 */
  CONTEXT_ITERATOR,    /* the one iterator of each */
  CONTEXT_LAST_EVENTS, /* the list handed out last */
  CONTEXT_REFUSED,     /* the iocb where the last submit stopped */
  CONTEXT_EVENTFD,     /* the object of ctx:eventfd() */
  CONTEXT_VALUES = CONTEXT_EVENTFD
};

/* The registry's key of aio.eventfd, for ctx:eventfd(). */
#define CONTEXT_NEW_EVENTFD "aio.eventfd"

/* The context at argument 1 for the kernel; raises when it was destroyed or
 * belongs to the parent process. */
struct context *context_check(lua_State *L);
struct context *context_live(lua_State *L, const struct context_object *o);

/* Pushes an AIO context over a table of calls: aio.setup's way in, and the
 * tests' with a scripted one. 1 object, or nil, message, errno. */
int context_push(lua_State *L, struct kaio *kaio, unsigned nr_events);

/* Pushes a list of the objects of all contexts that are not destroyed. */
void context_push_list(lua_State *L);

/* Pushes the array of the iocbs in flight of the context at 1; raises where
 * debug.setuservalue has put something else in its place. */
void context_push_iocbs(lua_State *L);

/* Removes the queue's slot (see context_deliver) and releases its iocb; iocbs
 * is the array's index in the stack. Cannot fail. remove, where a batch has
 * released it already. */
void context_hand_out(lua_State *L, struct context *c, int iocbs, int32_t index,
                      int32_t prev);
void context_remove(lua_State *L, struct context *c, int iocbs, int32_t index,
                    int32_t prev);

/* As hand_out, for each and run, and pushes the iocb, res and res2:
 * ctx.last_events tells the event until the next one is handed over, or they
 * are forgotten for a list. Cannot fail. */
void context_hand_over_one(lua_State *L, struct context *c, int iocbs,
                           int32_t index, int32_t prev);
void context_forget(lua_State *L, struct context *c, int iocbs);

/* The method that submits (submit.c); and why an io_submit of a context
 * failed, as far as that is known without asking the system, pushed; false:
 * it is not the whole truth. s is a copy, for a finalizer may submit. */
int context_submit_method(lua_State *L);
bool context_push_refusal(lua_State *L, const struct submission *s,
                          unsigned nr_events);

/* The methods that take events (reap.c), and those that show what is there
 * (inspect.c, with the fields). */
extern const luaL_Reg context_takers[];
extern const luaL_Reg context_views[];
extern const luaL_Reg context_getters[];
int context_tostring(lua_State *L);

/* Pushes the list of at most nr queued events (below 0: of all), and delivers
 * them; answers 1. The context is at 1, and all else in the stack goes. */
int context_push_events(lua_State *L, long nr);

/* Hands out one done slot, whatever its place in the queue, as an event;
 * pushed. The context is at 1. */
void context_push_event(lua_State *L, int32_t index);

/* The context even when it is destroyed; raises when it is collected. */
struct context *context_opened(lua_State *L, const struct context_object *o);
struct context *context_any(lua_State *L); /* of the object at 1 */

/* What the event tables of a batch are made with: their metatable, their keys
 * and the page of facts that is being filled, from a place in the stack on. */
struct event_batch {
  int with;
  unsigned left; /* events to come */
  struct event_page *page;
};

/* Pushes that, for n events. */
void event_begin(lua_State *L, struct event_batch *b, unsigned n);

/* Pushes the next event's table; iocbs is the absolute index of the array. A
 * finalizer may take the event meanwhile: then the batch is worth nothing. */
void event_push(lua_State *L, struct event_batch *b, int iocbs,
                const struct event_source *from);

/* The iocbs of the batch, which are those of the context's slots, are not in
 * flight any more; call it before anything else can become of the events. */
void event_release(const struct event_batch *b, const struct context *c);

/* Pushes the table of one event, whatever finalizers do meanwhile. */
void event_push_one(lua_State *L, int iocbs, const struct event_source *from);

/* Pushes the event table of an event that is not ours. */
void event_push_foreign(lua_State *L, const struct io_event *e);

/* Pushes a metatable that the Lua side fills (lua/aio/show.lua): "event",
 * "submission", "list". */
void event_metatable(lua_State *L, const char *name);

#endif
