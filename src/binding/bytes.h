/* Access to a buffer's bytes, shared by the buffer's own files. The order is
 * always the same (invariant 5): work out the range and allocate
 * everything first, since any allocation may run a finalizer that closes the
 * buffer or submits over it; then claim, which checks that it is open, its
 * prot and what is in flight; then copy, with no Lua call in between. */
#ifndef BINDING_BYTES_H
#define BINDING_BYTES_H

#include "binding/buffer.h"

/* Part of a buffer, within its bounds. */
struct span {
  int at;          /* where on the stack the buffer is */
  int arg;         /* the argument that errors about the range name */
  size_t off, len; /* in the buffer */
};

enum claim {
  CLAIM_READ,  /* the kernel must not be writing these bytes */
  CLAIM_CHANGE /* nor be reading them */
};

/* How much is copied at a time, through an array on the C stack. */
enum { BYTES_CHUNK = 16384 };

/* The span of the buffer at 1 given by [offset [, len]] at arg. */
struct span span_args(lua_State *L, int arg);

/* The same with the offset at arg and a known length. */
struct span span_sized(lua_State *L, int arg, size_t len);

/* Raises unless the span may be read or changed now; the buffer. */
struct buffer *span_claim(lua_State *L, const struct span *s, enum claim c);

/* The same without looking at what is in flight, for peek and poke. */
struct buffer *span_claim_knowingly(lua_State *L, const struct span *s,
                                    enum claim c);

/* Copies len bytes at pos of the span: 0 or -errno. */
int span_read(const struct buffer *b, const struct span *s, size_t pos,
              void *dst, size_t len);
int span_write(const struct buffer *b, const struct span *s, size_t pos,
               const void *src, size_t len);

/* Pushes nil, message, errno for what those answered. call: read or write. */
int span_fail(lua_State *L, const char *call, int err);

/* Claims the span for reading and pushes its bytes as a string: 1; or nil,
 * message, errno: 3. */
int span_push(lua_State *L, const struct span *s);

/* Finds string.pack and its kin, for buf:pack and buf:unpack. */
void bytes_open(lua_State *L);

/* Methods. */
int buffer_get(lua_State *L);
int buffer_set(lua_State *L);
int buffer_peek(lua_State *L);
int buffer_poke(lua_State *L);
int buffer_pack(lua_State *L);
int buffer_unpack(lua_State *L);
int buffer_fill(lua_State *L);
int buffer_compare(lua_State *L);
int buffer_crc32c(lua_State *L);
int buffer_hexdump(lua_State *L);

#endif
