/* The prompt on a terminal. src/program/plain.c is what stands in for it in a
 * program that is built without readline. */
#ifndef PROGRAM_PROMPT_H
#define PROGRAM_PROMPT_H

#include <stdbool.h>
#include <lua.h>

/* Reads and runs what is typed until the end of the input. bare: -E. */
void prompt_run(lua_State *L, bool bare);

#endif
