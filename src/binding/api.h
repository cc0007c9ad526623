/* What every binding file shares: types recognised by a tag in C, the checks
 * of arguments, and the two ways to fail.
 *
 * idx, what: a value is named in errors either by its place in the argument
 * list (what == NULL: "bad argument #2 to 'fill' (...)") or, inside a table
 * of options, by its key (what == "offset": "bad field 'offset' (...)"). */
#ifndef BINDING_API_H
#define BINDING_API_H

#include <stdbool.h>
#include <stdint.h>
#include <lauxlib.h>
#include <lua.h>

#include "core/desc.h"

/* A userdata type. Every object begins with a pointer to its type: that tag,
 * not the metatable, is what makes it one (debug.setmetatable can't fool it).
 */
struct api_type {
  const char *name; /* "buffer": in messages, and the registry's key */
  size_t size;
  struct desc *(*desc)(void *object); /* its descriptor, NULL when closed;
                                         the function is NULL for types
                                         without one */
  bool lazy; /* its method pollfd() makes the descriptor when first asked */
};

struct api_object {
  const struct api_type *type;
};

/* Field name -> function(L) with the object at 1 (and the value at 3 when
 * setting), returning the number of results. */
struct api_methods {
  const luaL_Reg *methods; /* obj:name(...) */
  const luaL_Reg *getters; /* obj.name */
  const luaL_Reg *setters; /* obj.name = value; NULL: none */
  const luaL_Reg *meta;    /* __gc, __close, __tostring, __len ... */
  const luaL_Reg *more[2]; /* further methods, from other files, or NULL */
};

/* Makes the metatable. Unknown names raise "buffer has no field 'x'". */
void api_register(lua_State *L, const struct api_type *t,
                  const struct api_methods *m);

/* A new object of zeros (its closed state) with its tag, metatable and nuv
 * user values; pushed. */
void *api_new(lua_State *L, const struct api_type *t, int nuv);

/* Raises: names the argument or field and says what is wrong with it. */
int api_bad(lua_State *L, int idx, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int api_badtype(lua_State *L, int idx, const char *what, const char *expected);

/* "table", "buffer", "FILE*": for an error, as it may leave the name pushed. */
const char *api_typename(lua_State *L, int idx);

/* The object at idx, or NULL; or raises a type error. */
static inline void *api_test(lua_State *L, int idx, const struct api_type *t) {
  struct api_object *o = lua_touserdata(L, idx);
  if (o == NULL || lua_rawlen(L, idx) < t->size || o->type != t)
    return NULL;
  return o;
}
static inline void *api_check(lua_State *L, int idx, const struct api_type *t) {
  void *o = api_test(L, idx, t);
  if (o == NULL)
    api_badtype(L, idx, NULL, t->name);
  return o;
}

/* The type of the object at idx, whatever its metatable says; NULL: none of
 * ours. And all types, in the order of registration: NULL after the last. */
const struct api_type *api_type_of(lua_State *L, int idx);
const struct api_type *api_known_type(unsigned i);

/* Pushes nil, "call: Strerror (ENAME)[: cause]", errno; returns 3. err is
 * positive; save errno before any Lua call. cause may be NULL. */
int api_fail(lua_State *L, const char *call, int err, const char *cause);

/* What failed last, for aio.explain(): the value at idx. It is kept weakly, so
 * that nothing lives longer for it. Allocates nothing. api_fail notes its
 * message; api_push_failure pushes what was noted, or nil. */
void api_failure(lua_State *L, int idx);
void api_push_failure(lua_State *L);

/* "EINVAL", or NULL for a number without a name (src/binding/errnames.c). */
const char *api_errname(int err);

/* Bytes: an integer, a float with an integer value, or "4k", "1m", "2g" (of
 * 1024). api_bytes takes any sign, api_size raises below zero. */
lua_Integer api_bytes(lua_State *L, int idx, const char *what);
size_t api_size(lua_State *L, int idx, const char *what);
size_t api_optsize(lua_State *L, int idx, const char *what, size_t def);

/* An integer in [min, max]; floats with an integer value pass. */
lua_Integer api_int(lua_State *L, int idx, const char *what, lua_Integer min,
                    lua_Integer max);

/* A string without embedded zeros. */
const char *api_cstring(lua_State *L, int idx, const char *what);

/* Seconds -> ns. nil or none: API_FOREVER. Negative and NaN raise; a positive
 * one is at least 1 ns. */
#define API_FOREVER INT64_C(-1)
int64_t api_timeout(lua_State *L, int idx, const char *what);

/* "rdwr,creat" -> bits; a number passes as it is. Unknown names raise, with
 * the nearest known one. Sets end with a NULL name. api_pushflags pushes the
 * names of the bits in the set's order, what is left over as 0x..., "" for 0.
 */
struct api_flag {
  const char *name;
  unsigned value;
};
unsigned api_flags(lua_State *L, int idx, const char *what,
                   const struct api_flag *set);
void api_pushflags(lua_State *L, unsigned bits, const struct api_flag *set);

/* Anything with a descriptor: our objects, io files, integers (any, also -1:
 * the kernel answers), objects with a method pollfd(). Raises for a closed
 * one and for what has none. *d is set to the desc of one of our objects,
 * else to NULL (d may be NULL). May call Lua only for pollfd(). */
int api_fd(lua_State *L, int idx, const char *what, struct desc **d);

/* Raises unless every string key of the table at idx is in names. */
void api_knownkeys(lua_State *L, int idx, const char *const *names);

/* Tells the collector about bytes outside of Lua, so that unreferenced
 * buffers do not pile up (invariant 12). May collect. */
void api_weigh(lua_State *L, size_t bytes);

/* Waits: raise "interrupted!" if the host asks for it (call it just before
 * the kernel is entered and nothing is taken yet). After EINTR: true = go on
 * with what is left of the timeout, false = answer EINTR; or raises. */
unsigned api_signals(void); /* count of signals taken by aio.signals */
void api_interrupt(lua_State *L);
bool api_goes_on(lua_State *L, unsigned signals_before);
void api_signal_taken(void); /* async-signal-safe: aio.signals' handler */

/* Pushes the table of the metatables that Lua code fills, by name. */
void api_push_metatables(lua_State *L);

/* The end of a call that may have been recorded, with that many results on
 * top: tells the functions that are to hear of it. Raises nothing; answers
 * the number of results. */
extern unsigned api_telling; /* how many there are */
int api_tell(lua_State *L, int results);
static inline int api_told(lua_State *L, int results) {
  return api_telling > 0 ? api_tell(L, results) : results;
}

/* The parts of the library: each adds its types and functions to the table
 * `aio`, at the top of the stack when called and when it returns. */
void failure_open(lua_State *L);
void constants_open(lua_State *L);
void limits_open(lua_State *L);
void terminal_open(lua_State *L);
void buffer_open(lua_State *L);
void file_open(lua_State *L);
void eventfd_open(lua_State *L);
void timer_open(lua_State *L);
void signals_open(lua_State *L);
void waiter_open(lua_State *L);
void iocb_open(lua_State *L);
void facts_open(lua_State *L);
void event_open(lua_State *L);
void recording_open(lua_State *L);
void histogram_open(lua_State *L);
void setup_open(lua_State *L);

#endif
