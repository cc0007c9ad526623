/* The words that strings and tables of options may hold: each set is defined
 * where it is used; words.c lists them for completion and printing. */
#ifndef BINDING_WORDS_H
#define BINDING_WORDS_H

#include "binding/api.h"

extern const struct api_flag open_flags[], pipe_flags[], falloc_flags[],
    poll_flags[], rw_flags[], iocb_flags[], efd_flags[], waiter_flags[];
extern const char *const buffer_options[], *const pattern_keys[];

/* What `require "aio.words"` calls: pushes the module. */
int words_load(lua_State *L);

/* Puts types that were registered meanwhile in the module, where it is loaded.
 */
void words_refresh(lua_State *L);

#endif
