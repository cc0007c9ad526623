/* Ctrl-C: SIGINT raises "interrupted!" in whatever Lua code is running, also
 * in a coroutine; a second one ends the process, as in lua(1). */
#ifndef PROGRAM_INTERRUPT_H
#define PROGRAM_INTERRUPT_H

#include <lua.h>

/* Puts functions into the open library `coroutine` that keep track of which
 * coroutine runs; apart from that they are the stock ones. Call it before any
 * code of the user's can make a value with a finalizer. */
void interrupt_install(lua_State *L);

/* Around each chunk: from now on SIGINT interrupts L, or ends the process. */
void interrupt_begin(lua_State *L);
void interrupt_end(void);

#endif
