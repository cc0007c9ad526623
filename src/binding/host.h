/* What the program around the binding and the binding tell each other:
 * interrupts, and which process is at its end. Under another host (stock
 * lua5.4 with aio.so) nobody sets these, and every wait answers EINTR. */
#ifndef BINDING_HOST_H
#define BINDING_HOST_H

#include <signal.h>
#include <stdbool.h>
#include <lua.h>

/* Set by the host's SIGINT handler; cleared by whoever raises "interrupted!".
 * A wait looks at it before it enters the kernel and when it comes back with
 * EINTR, and raises before anything is taken. */
extern volatile sig_atomic_t host_interrupted;

/* True in aiosh: EINTR without a reason (stop and continue) is waited on. */
extern bool host_owns_signals;

/* Opens the library: leaves the table `aio` on the stack
 * (src/binding/library.c). aio.so exports it, and luaopen_aio_tap and so on
 * (src/binding/embedded.h). */
int luaopen_aio(lua_State *L);

#endif
