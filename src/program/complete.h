/* TAB: readline's completion by candidates that Lua finds (aio.complete). */
#ifndef PROGRAM_COMPLETE_H
#define PROGRAM_COMPLETE_H

#include <lua.h>

void complete_install(void);

/* Who is asked for candidates: the function on top of the stack of L, which is
 * popped. Called with the line and the cursor's place it answers a list of
 * strings, where the word begins (from 0), and what to put behind a single
 * one. */
void complete_by(lua_State *L);

#endif
