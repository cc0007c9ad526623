/* Fill patterns: repeated text, counting bytes, reproducible noise. */
#include "core/pattern.h"

#include <string.h>

/* After the first period, what is there already is doubled until it fills. */
static void make_text(const struct pattern *p, uint64_t pos, unsigned char *dst,
                      size_t len) {
  size_t skip = (size_t)(pos % p->text_len);
  size_t have = p->text_len < len ? p->text_len : len;
  for (size_t i = 0; i < have; i++)
    dst[i] = (unsigned char)p->text[(skip + i) % p->text_len];
  while (have < len) {
    size_t n = have < len - have ? have : len - have;
    memcpy(dst + have, dst, n);
    have += n;
  }
}

static void make_seq(uint64_t first, unsigned char *dst, size_t len) {
  for (size_t i = 0; i < len; i++)
    dst[i] = (unsigned char)(first + i);
}

/* The i-th output of splitmix64 (Steele, Lea, Flood 2014) for this seed. */
static uint64_t noise(uint64_t seed, uint64_t i) {
  uint64_t z = seed + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static void make_random(uint64_t seed, uint64_t pos, unsigned char *dst,
                        size_t len) {
  while (len > 0) {
    uint64_t word = noise(seed, pos / 8) >> (pos % 8 * 8);
    size_t n = (size_t)(8 - pos % 8);
    if (n > len)
      n = len;
    for (size_t i = 0; i < n; i++, word >>= 8)
      dst[i] = (unsigned char)word;
    pos += n;
    dst += n;
    len -= n;
  }
}

void pattern_make(const struct pattern *p, uint64_t pos, void *dst,
                  size_t len) {
  switch (p->kind) {
  case PATTERN_TEXT:
    make_text(p, pos, dst, len);
    break;
  case PATTERN_SEQ:
    make_seq(p->start + pos, dst, len);
    break;
  case PATTERN_RANDOM:
    make_random(p->start, pos, dst, len);
    break;
  }
}

size_t pattern_mismatch(const void *a, const void *b, size_t len) {
  const unsigned char *x = a, *y = b;
  size_t i = 0;
  if (len == 0 || memcmp(x, y, len) == 0)
    return len;
  while (x[i] == y[i])
    i++;
  return i;
}
