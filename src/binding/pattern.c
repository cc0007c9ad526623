/* buf:fill and buf:check: patterns from Lua, applied chunk by chunk. */
#include "core/pattern.h"

#include <string.h>

#include "binding/bytes.h"
#include "binding/words.h"

/* ---- what Lua writes as a pattern ---- */

const char *const pattern_keys[] = {"seq", "random", NULL};

static bool number_field(lua_State *L, int idx, const char *key, uint64_t *n) {
  lua_pushstring(L, key);
  bool found = lua_rawget(L, idx) != LUA_TNIL;
  if (found)
    *n = (uint64_t)api_int(L, lua_gettop(L), key, LUA_MININTEGER,
                           LUA_MAXINTEGER);
  lua_pop(L, 1);
  return found;
}

static void table_pattern(lua_State *L, int idx, struct pattern *p) {
  api_knownkeys(L, idx, pattern_keys);
  bool seq = number_field(L, idx, "seq", &p->start);
  bool noise = number_field(L, idx, "random", &p->start);
  if (seq == noise)
    api_bad(L, idx, NULL, "pattern table needs one of seq and random");
  p->kind = seq ? PATTERN_SEQ : PATTERN_RANDOM;
}

static void string_pattern(lua_State *L, int idx, struct pattern *p) {
  p->text = lua_tolstring(L, idx, &p->text_len);
  if (p->text_len == 0)
    api_bad(L, idx, NULL, "pattern is an empty string");
  if (p->text_len == 3 && memcmp(p->text, "seq", 3) == 0)
    p->kind = PATTERN_SEQ;
  else if (p->text_len == 6 && memcmp(p->text, "random", 6) == 0)
    p->kind = PATTERN_RANDOM;
}

static void byte_pattern(lua_State *L, int idx, struct pattern *p) {
  p->byte = (char)api_int(L, idx, NULL, 0, 255);
  p->text = &p->byte;
  p->text_len = 1;
}

/* The pattern at idx; *p must stay where it is. */
static void pattern_arg(lua_State *L, int idx, struct pattern *p) {
  memset(p, 0, sizeof *p);
  p->kind = PATTERN_TEXT;
  switch (lua_type(L, idx)) {
  case LUA_TNUMBER:
    byte_pattern(L, idx, p);
    break;
  case LUA_TSTRING:
    string_pattern(L, idx, p);
    break;
  case LUA_TTABLE:
    table_pattern(L, idx, p);
    break;
  default:
    api_bad(L, idx, NULL,
            "pattern expected (byte, string, {seq=start} or {random=seed}), "
            "got %s",
            api_typename(L, idx));
  }
}

/* ---- fill ---- */

static size_t chunk_size(size_t left) {
  return left < BYTES_CHUNK ? left : BYTES_CHUNK;
}

static int fill(const struct buffer *b, const struct span *s,
                const struct pattern *p) {
  unsigned char chunk[BYTES_CHUNK];
  int err = 0;
  for (size_t pos = 0, n; pos < s->len && err == 0; pos += n) {
    n = chunk_size(s->len - pos);
    pattern_make(p, pos, chunk, n);
    err = span_write(b, s, pos, chunk, n);
  }
  return err;
}

/**
 * buf:fill(pattern [, offset [, len]]) -> buf
 *
 * Fills the range (the whole buffer without one) with a pattern: a byte
 * 0..255; a string, repeated; {seq=start}: byte i is (start + i) % 256;
 * {random=seed}: reproducible noise (splitmix64, little-endian words).
 * "seq" and "random" stand for {seq=0} and {random=0}. A pattern begins at
 * the start of the range. Raises while a request in flight uses the range.
 * Returns: nil, message, errno (EFAULT) where a mapped file was truncated.
 * Example: buf:fill{random=42}
 * See: buf:check
 */
int buffer_fill(lua_State *L) {
  struct pattern p;
  buffer_check(L, 1, NULL);
  pattern_arg(L, 2, &p);
  struct span s = span_args(L, 3);
  const struct buffer *b = span_claim(L, &s, CLAIM_CHANGE);
  int err = fill(b, &s, &p);
  if (err != 0)
    return span_fail(L, "write", err);
  lua_settop(L, 1);
  return 1;
}

/* ---- check ---- */

/* What is expected: a pattern, or the bytes of another buffer. */
struct expected {
  struct pattern pattern;
  const struct buffer *buf; /* NULL: the pattern */
  struct span span;
};

struct difference {
  size_t at; /* in the span; its length: none */
  unsigned char want, got;
};

static int make_expected(const struct expected *e, size_t pos, void *dst,
                         size_t len) {
  if (e->buf != NULL)
    return span_read(e->buf, &e->span, pos, dst, len);
  pattern_make(&e->pattern, pos, dst, len);
  return 0;
}

static int compare(const struct buffer *b, const struct span *s,
                   const struct expected *e, struct difference *d) {
  unsigned char want[BYTES_CHUNK], got[BYTES_CHUNK];
  d->at = 0;
  while (d->at < s->len) {
    size_t n = chunk_size(s->len - d->at);
    int err = make_expected(e, d->at, want, n);
    if (err == 0)
      err = span_read(b, s, d->at, got, n);
    if (err != 0)
      return err;
    size_t same = pattern_mismatch(want, got, n);
    d->at += same;
    if (same < n) {
      d->want = want[same];
      d->got = got[same];
      return 0;
    }
  }
  return 0;
}

/* As many bytes of the buffer at 2 as the range has, from its beginning. */
static struct span other_span(lua_State *L, size_t len) {
  size_t size = buffer_check(L, 2, NULL)->len;
  if (size < len)
    api_bad(L, 2, NULL, "buffer of %zu bytes is shorter than the range (%zu)",
            size, len);
  return (struct span){2, 2, 0, len};
}

static int push_difference(lua_State *L, const struct span *s,
                           const struct difference *d) {
  lua_pushboolean(L, d->at == s->len);
  if (d->at == s->len)
    return 1;
  lua_pushinteger(L, (lua_Integer)(s->off + d->at));
  lua_pushinteger(L, d->want);
  lua_pushinteger(L, d->got);
  return 4;
}

/**
 * buf:check(pattern|buffer [, offset [, len]]) -> true | false, at, want, got
 *
 * Compares the range with a pattern (see buf:fill) or with the first bytes of
 * another buffer. On a difference: false, the offset in this buffer of the
 * first one, and the two byte values. Raises while a request in flight may
 * write to either.
 * Returns: nil, message, errno (EFAULT) where a mapped file was truncated.
 * Example: buf:fill{random=42}
 * assert(buf:check{random=42})
 * See: buf:fill
 */
int buffer_compare(lua_State *L) {
  struct expected e = {.buf = NULL};
  struct difference d = {0, 0, 0};
  struct span s = span_args(L, 3);
  if (api_test(L, 2, &buffer_type) != NULL) {
    e.span = other_span(L, s.len);
    e.buf = span_claim(L, &e.span, CLAIM_READ);
  } else {
    pattern_arg(L, 2, &e.pattern);
  }
  const struct buffer *b = span_claim(L, &s, CLAIM_READ);
  int err = compare(b, &s, &e, &d);
  return err != 0 ? span_fail(L, "read", err) : push_difference(L, &s, &d);
}
