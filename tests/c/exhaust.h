/* Running out of memory on purpose: Lua's allocator, or malloc's family, fails
 * at the n-th request from now on. For one program's only file: it replaces
 * malloc, unless a sanitizer has done so, in the GNU C library. */
#ifndef TESTS_EXHAUST_H
#define TESTS_EXHAUST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/poison.h"

enum exhaust_kind {
  EXHAUST_LUA,      /* from the n-th on */
  EXHAUST_LUA_ONCE, /* that one: Lua collects all garbage, and tries again */
  EXHAUST_MALLOC,
  EXHAUST_MALLOC_ONCE,
  EXHAUST_KINDS
};

/* Volatile: compilers know that malloc does not look at a program's variables.
 */
static volatile enum exhaust_kind exhaust_armed = EXHAUST_KINDS; /* none */
static volatile unsigned exhaust_left;
static volatile bool exhaust_fired;
static volatile int exhaust_quiet; /* > 0: Lua asks, through its allocator */
static volatile long exhaust_count;

/* From now on; disarm ends it and tells whether a request failed. */
static inline void exhaust_arm(enum exhaust_kind kind, unsigned n) {
  exhaust_left = n;
  exhaust_fired = false;
  exhaust_armed = kind;
}

static inline bool exhaust_disarm(void) {
  exhaust_armed = EXHAUST_KINDS;
  return exhaust_fired;
}

/* Blocks of malloc's that are alive, without Lua's. */
static inline long exhaust_blocks(void) {
  return exhaust_count;
}

/* Whether this request of either kind fails. */
static inline bool exhaust_fails(enum exhaust_kind always,
                                 enum exhaust_kind once) {
  if (exhaust_armed != always && exhaust_armed != once)
    return false;
  if (exhaust_left > 0)
    exhaust_left = exhaust_left - 1;
  if (exhaust_left > 0 || (exhaust_fired && exhaust_armed == once))
    return false;
  exhaust_fired = true;
  return true;
}

/* A lua_Alloc. */
static inline void *exhaust_alloc(void *ud, void *p, size_t old, size_t size) {
  (void)ud;
  bool grows = p == NULL || size > old;
  if (size > 0 && grows && exhaust_fails(EXHAUST_LUA, EXHAUST_LUA_ONCE))
    return NULL;
  exhaust_quiet++;
  void *q = NULL;
  if (size == 0)
    free(p);
  else
    q = realloc(p, size);
  exhaust_quiet--;
  return q;
}

#if defined(__GLIBC__) && !POISONS
/* The C library's, under their second names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *p);

static inline bool exhaust_refuses(void) {
  return exhaust_quiet == 0 &&
         exhaust_fails(EXHAUST_MALLOC, EXHAUST_MALLOC_ONCE);
}

static inline void *exhaust_counted(void *p) {
  if (exhaust_quiet == 0 && p != NULL)
    exhaust_count++;
  return p;
}

static inline void *exhaust_none(void) {
  errno = ENOMEM;
  return NULL;
}

void *malloc(size_t size) {
  return exhaust_refuses() ? exhaust_none()
                           : exhaust_counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size) {
  return exhaust_refuses() ? exhaust_none()
                           : exhaust_counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size) {
  if (exhaust_refuses())
    return exhaust_none();
  void *q = __libc_realloc(p, size);
  return p == NULL ? exhaust_counted(q) : q;
}

int posix_memalign(void **out, size_t align, size_t size) {
  if (align % sizeof(void *) != 0 || align == 0 || (align & (align - 1)) != 0)
    return EINVAL;
  if (exhaust_refuses())
    return ENOMEM;
  void *p = exhaust_counted(__libc_memalign(align, size));
  *out = p != NULL ? p : *out;
  return p != NULL ? 0 : ENOMEM;
}

void free(void *p) {
  if (exhaust_quiet == 0 && p != NULL)
    exhaust_count--;
  __libc_free(p);
}

/* Whether the second half works here. */
static inline bool exhaust_malloc_works(void) {
  exhaust_arm(EXHAUST_MALLOC, 1);
  void *volatile p = malloc(16);
  exhaust_disarm();
  bool works = p == NULL;
  free(p);
  return works;
}
#else
static inline bool exhaust_malloc_works(void) {
  return false;
}
#endif

#endif
