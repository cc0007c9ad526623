/* The plain prompt: reads lines, runs them, prints what they return. */
#ifndef PROGRAM_LINES_H
#define PROGRAM_LINES_H

#include <lua.h>

void lines_run(lua_State *L);

#endif
