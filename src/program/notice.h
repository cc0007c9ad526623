/* What the prompt tells of requests that have finished, and of submissions, as
 * lua/aio/notices.lua asks for it. Contexts that no Lua code can reach any more
 * are left out. */
#ifndef PROGRAM_NOTICE_H
#define PROGRAM_NOTICE_H

#include <lua.h>

#include "core/peek.h"

/* Looks at all contexts; the sums. */
struct peek notice_sums(void);

/* untold() -> list of {context=, untold=, unfinished=}: where there is some. */
int notice_untold(lua_State *L);

/* tell(context) -> list of events with id=, fd=, file=; or
 * tally(context) -> {n=, ok=, errors={EIO=4}, p50=}: what was untold. */
int notice_tell(lua_State *L);
int notice_tally(lua_State *L);

/* batches() -> {[context] = how many times it was submitted to}. */
int notice_batches(lua_State *L);

#endif
