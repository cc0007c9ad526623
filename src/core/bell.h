/* Notification by thread, made harmless: the thread that glibc starts when a
 * POSIX AIO request has ended adds 1 to an eventfd, and does nothing else.
 *
 * It may run long after the request, the eventfd's object and the Lua state
 * are gone. So a bell has a descriptor of its own, and lives until its last
 * holder has let go and the last thread that was to ring it has done so. */
#ifndef CORE_BELL_H
#define CORE_BELL_H

#include <signal.h>

#include "core/desc.h"

struct bell;

/* The bell of an open eventfd, the same for all who hold it at a time. 0, or
 * -errno: -ENOMEM, or what fcntl(F_DUPFD_CLOEXEC) says. */
int bell_hold(struct bell **out, struct desc *eventfd);
void bell_let_go(struct bell *b); /* NULL is allowed */

/* One more thread will ring it: *ev asks for that. Or it won't after all. */
void bell_expect(struct bell *b, struct sigevent *ev);
void bell_expect_not(struct bell *b);

#endif
