/* What buffers are filled with and checked against: bytes that are a pure
 * function of their position in the range, so that any part of them can be
 * made again. */
#ifndef CORE_PATTERN_H
#define CORE_PATTERN_H

#include <stddef.h>
#include <stdint.h>

enum pattern_kind {
  PATTERN_TEXT,  /* text, repeated */
  PATTERN_SEQ,   /* byte i is (start + i) % 256 */
  PATTERN_RANDOM /* splitmix64 of start: word i/8, little-endian */
};

struct pattern {
  enum pattern_kind kind;
  uint64_t start;   /* of seq; the seed of random */
  char byte;        /* room for a text of one byte */
  const char *text; /* not owned */
  size_t text_len;  /* at least 1 */
};

/* Writes the pattern's bytes pos .. pos + len - 1 to dst. */
void pattern_make(const struct pattern *p, uint64_t pos, void *dst, size_t len);

/* Where two blocks first differ; len when they don't. */
size_t pattern_mismatch(const void *a, const void *b, size_t len);

#endif
