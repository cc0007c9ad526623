/* CRC-32C by the SSE 4.2 instruction, or by eight tables (slicing-by-8). */
#include "core/crc32c.h"

#include <string.h>

#define POLYNOMIAL UINT32_C(0x82f63b78) /* 0x1edc6f41, reflected */

static uint32_t table[8][256];

/* table[k][b]: the CRC of byte b followed by k zeros. */
static void make_table(void) {
  for (uint32_t b = 0; b < 256; b++) {
    uint32_t c = b;
    for (int bit = 0; bit < 8; bit++)
      c = (c >> 1) ^ ((c & 1) != 0 ? POLYNOMIAL : 0);
    table[0][b] = c;
  }
  for (int k = 1; k < 8; k++)
    for (int b = 0; b < 256; b++)
      table[k][b] = (table[k - 1][b] >> 8) ^ table[0][table[k - 1][b] & 0xff];
}

static uint32_t by_byte(uint32_t c, const unsigned char *p, size_t len) {
  while (len-- > 0)
    c = (c >> 8) ^ table[0][(c ^ *p++) & 0xff];
  return c;
}

static uint32_t by_eight(uint32_t c, const unsigned char *p) {
  uint32_t next = 0;
  for (int i = 0; i < 4; i++)
    next ^= table[7 - i][p[i] ^ ((c >> (8 * i)) & 0xff)];
  for (int i = 4; i < 8; i++)
    next ^= table[7 - i][p[i]];
  return next;
}

uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t len) {
  const unsigned char *p = bytes;
  uint32_t c = ~crc;
  if (table[0][1] == 0)
    make_table();
  for (; len >= 8; len -= 8, p += 8)
    c = by_eight(c, p);
  return ~by_byte(c, p, len);
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const void *bytes, size_t len) {
  const unsigned char *p = bytes;
  uint64_t c = (uint32_t)~crc;
  for (; len >= 8; len -= 8, p += 8) {
    unsigned long long word;
    memcpy(&word, p, sizeof word);
    c = __builtin_ia32_crc32di(c, word);
  }
  while (len-- > 0)
    c = __builtin_ia32_crc32qi((uint32_t)c, *p++);
  return ~(uint32_t)c;
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t len) {
  return __builtin_cpu_supports("sse4.2") ? by_instruction(crc, bytes, len)
                                          : crc32c_portable(crc, bytes, len);
}

#else

uint32_t crc32c(uint32_t crc, const void *bytes, size_t len) {
  return crc32c_portable(crc, bytes, len);
}

#endif
