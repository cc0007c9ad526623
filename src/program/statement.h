/* Running what was typed, for lua/aio/repl_call.lua: resume and close of a
 * coroutine as Ctrl-C may interrupt them. */
#ifndef PROGRAM_STATEMENT_H
#define PROGRAM_STATEMENT_H

#include <lua.h>

/* resume(co, ...) -> true, results... | false, error */
int statement_resume(lua_State *L);

/* close(co) -> error | nothing: closes its variables to be closed. The error is
 * that of the coroutine's end unless closing has raised another. */
int statement_close(lua_State *L);

#endif
