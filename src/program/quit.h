/* The end of the process, by whichever way it comes. */
#ifndef PROGRAM_QUIT_H
#define PROGRAM_QUIT_H

#include <stdbool.h>
#include <lua.h>

/* Once, early in main. */
void quit_install(void);

/* At the end, with requests in flight, say is called, once; later wait, and if
 * that answers false, they are left to the kernel. */
void quit_wait_by(void (*say)(void), bool (*wait)(void));

/* Makes os.exit(code, true) close the state as quit_close does. */
void quit_wrap_exit(lua_State *L);

/* lua_close without the 30 ms that io_destroy takes per context. */
void quit_close(lua_State *L);

#endif
