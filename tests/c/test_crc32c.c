/* CRC-32C: the known answers, and both ways against one bit at a time. */
#include "core/crc32c.h"

#include <string.h>

#include "tap.h"

/* The definition, for comparing. */
static uint32_t by_bit(uint32_t crc, const unsigned char *p, size_t len) {
  uint32_t c = ~crc;
  for (size_t i = 0; i < len; i++) {
    c ^= p[i];
    for (int bit = 0; bit < 8; bit++)
      c = (c >> 1) ^ ((c & 1) != 0 ? UINT32_C(0x82f63b78) : 0);
  }
  return ~c;
}

typedef uint32_t crc_function(uint32_t crc, const void *bytes, size_t len);

/* RFC 3720, appendix B.4. */
static void known_answers(crc_function *crc, const char *which) {
  unsigned char zeros[32] = {0}, ones[32], up[32], down[32];
  memset(ones, 0xff, sizeof ones);
  for (unsigned char i = 0; i < 32; i++) {
    up[i] = i;
    down[i] = (unsigned char)(31 - i);
  }
  ok(crc(0, "123456789", 9) == 0xe3069283, "%s: check value", which);
  ok(crc(0, zeros, 32) == 0x8a9136aa, "%s: 32 zeros", which);
  ok(crc(0, ones, 32) == 0x62a8ab43, "%s: 32 ones", which);
  ok(crc(0, up, 32) == 0x46dd794e, "%s: 0..31", which);
  ok(crc(0, down, 32) == 0x113fdb5c, "%s: 31..0", which);
  ok(crc(0, "", 0) == 0, "%s: nothing", which);
}

/* Every length and misalignment up to 40, and every place to split. */
static void against_definition(crc_function *crc, const char *which) {
  unsigned char bytes[96];
  bool same = true, splits = true;
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (unsigned char)(i * 37 + 11);
  for (size_t at = 0; at < 16; at++)
    for (size_t len = 0; len < 40; len++)
      same &= crc(5, bytes + at, len) == by_bit(5, bytes + at, len);
  for (size_t cut = 0; cut <= sizeof bytes; cut++)
    splits &= crc(crc(0, bytes, cut), bytes + cut, sizeof bytes - cut) ==
              by_bit(0, bytes, sizeof bytes);
  ok(same, "%s: all lengths and alignments", which);
  ok(splits, "%s: goes on after any split", which);
}

int main(void) {
  plan(16);
  known_answers(crc32c, "fast");
  known_answers(crc32c_portable, "portable");
  against_definition(crc32c, "fast");
  against_definition(crc32c_portable, "portable");
  return done();
}
