/* Patterns: what the bytes are, and that any part can be made on its own. */
#include "core/pattern.h"

#include <string.h>

#include "tap.h"

enum { SIZE = 1000 };

static struct pattern text(const char *s) {
  struct pattern p = {.kind = PATTERN_TEXT, .text = s};
  p.text_len = strlen(s);
  return p;
}

static void first_bytes(void) {
  unsigned char b[16];
  struct pattern p = text("abc");
  pattern_make(&p, 0, b, 8);
  ok(memcmp(b, "abcabcab", 8) == 0, "text repeats");
  p = (struct pattern){.kind = PATTERN_SEQ, .start = 254};
  pattern_make(&p, 0, b, 4);
  ok(memcmp(b, "\xfe\xff\x00\x01", 4) == 0, "seq counts and wraps");
  p = (struct pattern){.kind = PATTERN_SEQ, .start = UINT64_MAX};
  pattern_make(&p, 0, b, 2);
  ok(memcmp(b, "\xff\x00", 2) == 0, "seq from -1");
  /* The reference generator's first two outputs for seed 1234567. */
  p = (struct pattern){.kind = PATTERN_RANDOM, .start = 1234567};
  pattern_make(&p, 0, b, 16);
  ok(memcmp(b,
            "\x85\xfc\x08\xfb\x17\xd0\x9e\x59"
            "\xa5\x0f\x54\x58\x84\xf0\x73\x2c",
            16) == 0,
     "random is splitmix64, little-endian");
}

/* Parts of every length up to 40 at every position up to 40 and some far. */
static bool parts_agree(const struct pattern *p) {
  unsigned char whole[SIZE], part[40];
  bool same = true;
  pattern_make(p, 0, whole, SIZE);
  for (size_t pos = 0; pos < SIZE - 40; pos += pos < 40 ? 1 : 97)
    for (size_t len = 0; len <= 40; len++) {
      pattern_make(p, pos, part, len);
      same &= memcmp(part, whole + pos, len) == 0;
    }
  return same;
}

static void parts(void) {
  struct pattern p = text("x");
  ok(parts_agree(&p), "parts of a byte");
  p = text("0123456");
  ok(parts_agree(&p), "parts of a text");
  p = (struct pattern){.kind = PATTERN_SEQ, .start = 7};
  ok(parts_agree(&p), "parts of seq");
  p = (struct pattern){.kind = PATTERN_RANDOM, .start = 99};
  ok(parts_agree(&p), "parts of random");
}

static void mismatches(void) {
  unsigned char a[SIZE], b[SIZE];
  struct pattern p = {.kind = PATTERN_RANDOM, .start = 3};
  bool found = true;
  pattern_make(&p, 0, a, SIZE);
  memcpy(b, a, SIZE);
  ok(pattern_mismatch(a, b, SIZE) == SIZE, "equal blocks");
  for (size_t i = 0; i < SIZE; i++) {
    b[i] ^= 0x10;
    b[SIZE - 1] ^= 0x01;
    found &= pattern_mismatch(a, b, SIZE) == i;
    b[i] ^= 0x10;
    b[SIZE - 1] ^= 0x01;
  }
  ok(found, "the first of two differences, everywhere");
  ok(pattern_mismatch(a, b, 0) == 0, "nothing is equal to nothing");
}

int main(void) {
  first_bytes();
  parts();
  mismatches();
  return done();
}
