/* The Lua files of lua/aio, built in as text (generated: build/embedded.c). */
#ifndef BINDING_EMBEDDED_H
#define BINDING_EMBEDDED_H

#include <stddef.h>
#include <lua.h>

struct embedded {
  const char *module; /* "aio.tap"; "aio" itself is lua/aio/init.lua */
  const char *chunk;  /* "@lua/aio/tap.lua", the name in tracebacks */
  const char *text;
  size_t size;
};

extern const struct embedded embedded_files[]; /* sorted; ends with NULLs */

/* The loader of one of them: loads aio first, if nobody has. */
int embedded_open(lua_State *L, const char *module);

#endif
