/* Buffers as the other bindings see them. */
#ifndef BINDING_BUFFER_H
#define BINDING_BUFFER_H

#include "binding/api.h"
#include "core/mem.h"

/* A buffer or a slice of one: a view of len bytes at off of a block, which is
 * the core's, counted by references and pins. A slice has its parent as user
 * value 1. mem NULL: closed; mem->shut: its parent (and with it every slice)
 * was closed. */
struct buffer {
  const struct api_type *type;
  struct mem *mem;
  size_t off, len;
};

extern const struct api_type buffer_type;

/* The open buffer at idx; raises naming argument or field (see api.h). */
struct buffer *buffer_check(lua_State *L, int idx, const char *what);

#endif
