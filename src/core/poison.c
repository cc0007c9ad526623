#include "core/poison.h"

#include <stdint.h>
#include <string.h>

bool poison_enabled = true;

#if POISONS
#include <sanitizer/asan_interface.h>

/* A size or an alignment that is refused is an answer, not the end. */
const char *__asan_default_options(void) {
  return "allocator_may_return_null=1";
}

/* Only whole granules of 8 bytes: a neighbour's byte must stay usable. */
void poison(void *p, size_t len) {
  uintptr_t from = ((uintptr_t)p + 7) & ~(uintptr_t)7;
  uintptr_t to = ((uintptr_t)p + len) & ~(uintptr_t)7;
  if (poison_enabled && p != NULL && from < to)
    __asan_poison_memory_region((void *)from, to - from);
}

void unpoison(void *p, size_t len) {
  uintptr_t from = ((uintptr_t)p + 7) & ~(uintptr_t)7;
  uintptr_t to = ((uintptr_t)p + len) & ~(uintptr_t)7;
  if (p != NULL && from < to)
    __asan_unpoison_memory_region((void *)from, to - from);
}

__attribute__((no_sanitize("address"), noinline)) void
copy_unchecked(void *dst, const void *src, size_t len) {
  volatile unsigned char *d = dst;
  const volatile unsigned char *s = src;
  while (len-- > 0)
    *d++ = *s++;
}
#else
void poison(void *p, size_t len) {
  (void)p;
  (void)len;
}

void unpoison(void *p, size_t len) {
  (void)p;
  (void)len;
}

void copy_unchecked(void *dst, const void *src, size_t len) {
  if (len > 0)
    memcpy(dst, src, len);
}
#endif
