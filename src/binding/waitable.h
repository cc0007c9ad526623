/* What the objects that exist to be waited for have in common: a descriptor,
 * and the three questions by which cqueues waits for them. */
#ifndef BINDING_WAITABLE_H
#define BINDING_WAITABLE_H

#include "binding/api.h"

extern const struct api_type eventfd_type;

/* *d takes over fd, or closes it: 0 or the (positive) error. */
int waitable_adopt(struct desc **d, int fd);

/* Closes *d and sets it NULL; idempotent. Pushes true, or nil, message, errno;
 * returns how many. */
int waitable_close(lua_State *L, struct desc **d);

/* Methods. */
int waitable_fileno(lua_State *L);
int waitable_pollfd(lua_State *L);
int waitable_events(lua_State *L);
int waitable_timeout(lua_State *L);

#endif
