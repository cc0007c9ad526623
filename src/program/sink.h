/* What Lua code prints while the prompt is up: print, io.write, the write of
 * io.stdout and io.stderr, and warn. While a line is being edited whole lines
 * are kept here, in their order, until the loop has made room above it. At
 * other times everything goes through at once, and the sink only notes whether
 * it ended with a newline. What goes to a file goes there as ever. */
#ifndef PROGRAM_SINK_H
#define PROGRAM_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <lua.h>

/* Replaces the functions; the stock ones go on to serve all other files. */
void sink_install(lua_State *L);

/* Between them lines are kept. The end writes what there is, whole or not. */
void sink_hold(void);
void sink_release(void);

/* Whether there are whole lines; writes them. */
bool sink_has_lines(void);
void sink_put_lines(void);

/* Writes, or keeps, text for stdout or stderr. */
void sink_write(FILE *to, const char *text, size_t size);

/* Begins a new line where the last one was left unfinished. */
void sink_fresh_line(void);

#endif
