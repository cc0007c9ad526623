/* Names of signals as arguments. */
#ifndef BINDING_SIGNALS_H
#define BINDING_SIGNALS_H

#include "binding/api.h"

/* "SIGUSR1", "USR1", "SIGRTMIN+3" or a number (any: the kernel answers);
 * raises for an unknown name. */
int signals_number(lua_State *L, int idx, const char *what);

#endif
