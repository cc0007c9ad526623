/* Running chunks of Lua the way lua(1) does: with a traceback, with Ctrl-C,
 * and with a message on the standard error when they fail. */
#ifndef PROGRAM_CHUNK_H
#define PROGRAM_CHUNK_H

#include <lua.h>

/* The name in front of messages; NULL leaves it away. Answers the one before.
 */
const char *chunk_progname(const char *name);

void chunk_complain(const char *message);

/* Calls the function under its narg arguments; a failure leaves its message,
 * with the traceback, in place of both. */
int chunk_call(lua_State *L, int narg, int nresults);

/* Prints and removes the message of a failure; answers status. */
int chunk_report(lua_State *L, int status);

/* Each loads, calls and reports. A file NULL is the standard input. */
int chunk_file(lua_State *L, const char *file);
int chunk_string(lua_State *L, const char *code, const char *name);

/* "mod" or "global=mod": global = require(mod). */
int chunk_library(lua_State *L, const char *spec);

/* Runs a file with the elements of the global 'arg' as its arguments. */
int chunk_script(lua_State *L, const char *file);

#endif
