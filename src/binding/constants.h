/* Tables of C constants that Lua sees under their own names. */
#ifndef BINDING_CONSTANTS_H
#define BINDING_CONSTANTS_H

#include "binding/api.h"

struct constant {
  const char *name; /* NULL ends a table */
  lua_Integer value;
};

extern const struct constant constants_errno[], constants_other[];

#endif
