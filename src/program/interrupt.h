/* Ctrl-C: SIGINT raises "interrupted!" in whatever Lua code is running, also
 * in a coroutine; a second one ends the process, as in lua(1), but not at the
 * prompt: there the interrupt passes through every pcall. */
#ifndef PROGRAM_INTERRUPT_H
#define PROGRAM_INTERRUPT_H

#include <stdbool.h>
#include <lua.h>

/* Puts functions into the open library `coroutine` that keep track of which
 * coroutine runs, and a pcall and xpcall that let an interrupt pass; apart
 * from that they are the stock ones. Call it before any code of the user's can
 * make a value with a finalizer. */
void interrupt_install(lua_State *L);

/* Around each chunk: from now on SIGINT interrupts L (NULL: nobody; it is only
 * noted), or ends the process. begin answers who was interrupted before. */
lua_State *interrupt_begin(lua_State *L);
void interrupt_end(void);

/* From now on, until interrupt_end, an interrupt never ends the process, and
 * passes until it is forgotten. */
void interrupt_prompt(void);
bool interrupt_passes(void);
void interrupt_forget(void);

#endif
