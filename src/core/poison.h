/* In sanitizer builds the bytes that the kernel may be writing are poisoned:
 * the kernel writes through, any access of ours traps. Elsewhere these are
 * nothing. */
#ifndef CORE_POISON_H
#define CORE_POISON_H

#include <stdbool.h>
#include <stddef.h>

/* Off in tests whose scripted kernel writes from instrumented C. */
extern bool poison_enabled;

#if defined(__SANITIZE_ADDRESS__)
#define POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif
#ifndef POISONS
#define POISONS 0
#endif

void poison(void *p, size_t len);
void unpoison(void *p, size_t len);

/* memcpy for those who know that the bytes are in flight (peek, poke). */
void copy_unchecked(void *dst, const void *src, size_t len);

#endif
