/* The record as the files of its binding share it. */
#ifndef BINDING_RECORD_H
#define BINDING_RECORD_H

#include "binding/api.h"
#include "core/kaio.h"
#include "core/record.h"

/* Pushes an entry as a table; live: it happened just now, so that its
 * descriptor can be asked which file it is. */
void entry_push(lua_State *L, const struct record_entry *e, bool live);

/* Sets path into the table on top, where fd has one. */
void entry_set_path(lua_State *L, int fd);

/* Sets file, which tells two files apart, into the table on top, where fd is
 * now one whose bytes have offsets. */
void entry_set_file(lua_State *L, int fd);

#endif
