/* buf:hexdump: the layout of hexdump -C. */
#include <stdio.h>
#include <string.h>

#include "binding/bytes.h"

enum { ROW = 16, ROW_TEXT = 100 };

/* One line without its newline: "00000000  00 01 ...  |..|". */
static size_t format_row(char *out, size_t off, const unsigned char *p,
                         size_t n) {
  static const char digits[] = "0123456789abcdef";
  char *to = out + snprintf(out, ROW_TEXT, "%08zx ", off);
  for (size_t i = 0; i < ROW; i++) {
    if (i % 8 == 0)
      *to++ = ' ';
    *to++ = i < n ? digits[p[i] >> 4] : ' ';
    *to++ = i < n ? digits[p[i] & 15] : ' ';
    *to++ = ' ';
  }
  *to++ = ' ';
  *to++ = '|';
  for (size_t i = 0; i < n; i++)
    *to++ = (char)(p[i] >= ' ' && p[i] <= '~' ? p[i] : '.');
  *to++ = '|';
  return (size_t)(to - out);
}

static void add_row(luaL_Buffer *out, size_t off, const unsigned char *p,
                    size_t n) {
  char row[ROW_TEXT];
  luaL_addlstring(out, row, format_row(row, off, p, n));
  luaL_addchar(out, '\n');
}

/* Is the full row at i the same as the one before? */
static bool repeats(const unsigned char *p, size_t i, size_t len) {
  return i >= ROW && len - i >= ROW && memcmp(p + i, p + i - ROW, ROW) == 0;
}

static void add_rows(luaL_Buffer *out, size_t off, const unsigned char *p,
                     size_t len) {
  bool collapsed = false;
  for (size_t i = 0; i < len; i += ROW) {
    bool same = repeats(p, i, len);
    if (same && !collapsed)
      luaL_addstring(out, "*\n");
    if (!same)
      add_row(out, off + i, p + i, len - i < ROW ? len - i : ROW);
    collapsed = same;
  }
}

/**
 * buf:hexdump([offset [, len]]) -> string
 *
 * The range as `hexdump -C` shows a file: offset in the buffer, sixteen bytes
 * in hexadecimal and as text, repeated lines collapsed to "*", the offset of
 * the end as the last line (without a newline). An empty range gives "".
 * Returns: nil, message, errno (EFAULT) where a mapped file was truncated.
 * Example: print(buf:hexdump(0, 64))
 * See: hexdump(1)
 */
int buffer_hexdump(lua_State *L) {
  char end[ROW_TEXT];
  luaL_Buffer out;
  struct span s = span_args(L, 2);
  if (span_push(L, &s) != 1)
    return 3;
  /* From the copy: building the text runs finalizers. */
  const char *bytes = lua_tostring(L, -1);
  luaL_buffinit(L, &out);
  add_rows(&out, s.off, (const unsigned char *)bytes, s.len);
  if (s.len > 0) {
    snprintf(end, sizeof end, "%08zx", s.off + s.len);
    luaL_addstring(&out, end);
  }
  luaL_pushresult(&out);
  return 1;
}
