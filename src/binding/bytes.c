/* Bytes in and out of buffers: spans, and the methods that copy. */
#include "binding/bytes.h"

#include <string.h>
#include <sys/mman.h>
#include <lualib.h>

#include "core/crc32c.h"

/* ---- spans ---- */

static struct span span_within(lua_State *L, int arg, size_t off, size_t len,
                               size_t size) {
  if (off > size)
    api_bad(L, arg, NULL, "offset %zu is outside of the buffer (%zu bytes)",
            off, size);
  if (len > size - off)
    api_bad(L, arg, NULL,
            "%zu bytes at offset %zu do not fit into the buffer (%zu bytes)",
            len, off, size);
  return (struct span){1, arg, off, len};
}

struct span span_args(lua_State *L, int arg) {
  size_t size = buffer_check(L, 1, NULL)->len;
  size_t off = api_optsize(L, arg, NULL, 0);
  size_t rest = off < size ? size - off : 0;
  return span_within(L, arg, off, api_optsize(L, arg + 1, NULL, rest), size);
}

struct span span_sized(lua_State *L, int arg, size_t len) {
  size_t size = buffer_check(L, 1, NULL)->len;
  return span_within(L, arg, api_size(L, arg, NULL), len, size);
}

struct buffer *span_claim_knowingly(lua_State *L, const struct span *s,
                                    enum claim c) {
  struct buffer *b = buffer_check(L, s->at, NULL);
  int prot = b->mem->prot;
  int need = c == CLAIM_CHANGE ? PROT_WRITE : PROT_READ;
  if ((prot & need) == 0)
    api_bad(L, s->at, NULL, "buffer is not %s (prot=%s)",
            c == CLAIM_CHANGE ? "writable" : "readable",
            prot == PROT_NONE ? "none" : "r");
  return b;
}

struct buffer *span_claim(lua_State *L, const struct span *s, enum claim c) {
  struct buffer *b = span_claim_knowingly(L, s, c);
  if (mem_in_flight(b->mem, b->off + s->off, s->len, c == CLAIM_CHANGE))
    api_bad(L, s->arg, NULL,
            "bytes %zu..%zu are in flight: the kernel may "
            "be %s them (%s does it knowingly)",
            s->off, s->off + s->len - 1,
            c == CLAIM_CHANGE ? "using" : "writing",
            c == CLAIM_CHANGE ? "poke" : "peek");
  return b;
}

int span_read(const struct buffer *b, const struct span *s, size_t pos,
              void *dst, size_t len) {
  return mem_read(b->mem, b->off + s->off + pos, dst, len);
}

int span_write(const struct buffer *b, const struct span *s, size_t pos,
               const void *src, size_t len) {
  return mem_write(b->mem, b->off + s->off + pos, src, len);
}

int span_fail(lua_State *L, const char *call, int err) {
  return api_fail(L, call, -err, "the mapped file was truncated");
}

typedef struct buffer *claimer(lua_State *L, const struct span *s,
                               enum claim c);

static int push_claimed(lua_State *L, const struct span *s, claimer *claim) {
  luaL_Buffer out;
  char *dst = luaL_buffinitsize(L, &out, s->len);
  const struct buffer *b = claim(L, s, CLAIM_READ);
  int err = span_read(b, s, 0, dst, s->len);
  if (err != 0)
    return span_fail(L, "read", err);
  luaL_pushresultsize(&out, s->len);
  return 1;
}

int span_push(lua_State *L, const struct span *s) {
  return push_claimed(L, s, span_claim);
}

/* Copies the string at idx to the offset at 2. */
static int set_claimed(lua_State *L, int idx, claimer *claim) {
  size_t len;
  const char *bytes = luaL_checklstring(L, idx, &len);
  struct span s = span_sized(L, 2, len);
  const struct buffer *b = claim(L, &s, CLAIM_CHANGE);
  int err = span_write(b, &s, 0, bytes, len);
  if (err != 0)
    return span_fail(L, "write", err);
  lua_settop(L, 1);
  return 1;
}

/* ---- methods ---- */

/**
 * buf:get([offset [, len]]) -> string
 *
 * The bytes of the range as a string; without arguments all of them. Raises
 * while a request in flight may write to the range.
 * Returns: nil, message, errno (EFAULT) where a mapped file was truncated.
 * Example: buf:get(0, 16)
 * See: buf:peek, buf:unpack
 */
int buffer_get(lua_State *L) {
  struct span s = span_args(L, 2);
  return span_push(L, &s);
}

/**
 * buf:peek([offset [, len]]) -> string
 *
 * As buf:get, but also reads bytes that the kernel may be writing at this
 * moment: what comes back may be old, new or half of each.
 * See: buf:get
 */
int buffer_peek(lua_State *L) {
  struct span s = span_args(L, 2);
  return push_claimed(L, &s, span_claim_knowingly);
}

/**
 * buf:set(offset, string) -> buf
 *
 * Copies the string into the buffer at offset, where it must fit. Raises
 * while a request in flight may read or write the range.
 * Returns: nil, message, errno (EFAULT) where a mapped file was truncated.
 * Example: buf:set(0, "hello")
 * See: buf:poke, buf:pack
 */
int buffer_set(lua_State *L) {
  return set_claimed(L, 3, span_claim);
}

/**
 * buf:poke(offset, string) -> buf
 *
 * As buf:set, but also changes bytes that a request in flight uses at this
 * moment: a write in flight may carry the old or the new ones to the file.
 * See: buf:set
 */
int buffer_poke(lua_State *L) {
  return set_claimed(L, 3, span_claim_knowingly);
}

/* The library's own functions, kept from whoever replaces string.pack. */
static const char *const string_functions[] = {"pack", "unpack", "packsize",
                                               NULL};

void bytes_open(lua_State *L) {
  luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 0);
  for (const char *const *name = string_functions; *name != NULL; name++) {
    lua_getfield(L, -1, *name);
    lua_rawsetp(L, LUA_REGISTRYINDEX, name);
  }
  lua_pop(L, 1);
}

static void push_string_function(lua_State *L, const char *wanted) {
  const char *const *name = string_functions;
  while (strcmp(*name, wanted) != 0)
    name++;
  lua_rawgetp(L, LUA_REGISTRYINDEX, name);
}

/**
 * buf:pack(offset, fmt, ...) -> offset after
 *
 * Writes the values at offset in the binary form that string.pack gives them,
 * and returns the offset behind the last byte, for the next one. Alignment in
 * fmt ("!") counts from offset.
 * Returns: nil, message, errno (EFAULT) where a mapped file was truncated.
 * Example: buf:pack(0, "<I4I8", 1, 2)
 * See: string.pack, buf:unpack
 */
int buffer_pack(lua_State *L) {
  buffer_check(L, 1, NULL);
  api_size(L, 2, NULL);
  push_string_function(L, "pack");
  lua_insert(L, 3);
  lua_call(L, lua_gettop(L) - 3, 1);
  size_t after = api_size(L, 2, NULL) + lua_rawlen(L, 3);
  if (set_claimed(L, 3, span_claim) != 1)
    return 3;
  lua_pushinteger(L, (lua_Integer)after);
  return 1;
}

/* How many bytes fmt describes: exactly, or (strings inside) up to all that
 * are left. */
static struct span unpack_span(lua_State *L) {
  if (strpbrk(api_cstring(L, 3, NULL), "sz") != NULL) {
    lua_settop(L, 3);
    lua_pushnil(L);
    lua_insert(L, 3); /* no length */
    struct span rest = span_args(L, 2);
    lua_remove(L, 3);
    return rest;
  }
  push_string_function(L, "packsize");
  lua_pushvalue(L, 3);
  lua_call(L, 1, 1);
  size_t size = (size_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return span_sized(L, 2, size);
}

/**
 * buf:unpack(offset, fmt) -> value, ..., offset after
 *
 * Reads values at offset in the form that string.unpack knows, and last the
 * offset behind them. A fmt with strings of unknown length ("s", "z") reads
 * everything from offset to the buffer's end, other ones only what they name:
 * these bytes must not be in flight. Alignment in fmt ("!") counts from
 * offset.
 * Returns: nil, message, errno (EFAULT) where a mapped file was truncated.
 * Example: a, b, after = buf:unpack(0, "<I4I8")
 * See: string.unpack, buf:pack
 */
int buffer_unpack(lua_State *L) {
  buffer_check(L, 1, NULL);
  struct span s = unpack_span(L);
  lua_settop(L, 3);
  push_string_function(L, "unpack");
  lua_insert(L, 3);
  if (span_push(L, &s) != 1)
    return 3;
  lua_call(L, 2, LUA_MULTRET);
  lua_Integer next = lua_tointeger(L, -1) - 1 + (lua_Integer)s.off;
  lua_pop(L, 1);
  lua_pushinteger(L, next);
  return lua_gettop(L) - 2;
}

/**
 * buf:crc32c([offset [, len]]) -> integer
 *
 * The CRC-32C (Castagnoli: iSCSI, ext4, btrfs) of the range.
 * Returns: nil, message, errno (EFAULT) where a mapped file was truncated.
 * Example: string.format("%08x", buf:crc32c())
 */
int buffer_crc32c(lua_State *L) {
  unsigned char chunk[BYTES_CHUNK];
  struct span s = span_args(L, 2);
  const struct buffer *b = span_claim(L, &s, CLAIM_READ);
  uint32_t crc = 0;
  for (size_t pos = 0, n; pos < s.len; pos += n) {
    n = s.len - pos < sizeof chunk ? s.len - pos : sizeof chunk;
    int err = span_read(b, &s, pos, chunk, n);
    if (err != 0)
      return span_fail(L, "read", err);
    crc = crc32c(crc, chunk, n);
  }
  lua_pushinteger(L, crc);
  return 1;
}
