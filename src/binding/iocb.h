/* iocbs as the context's binding sees them. */
#ifndef BINDING_IOCB_H
#define BINDING_IOCB_H

#include "binding/api.h"
#include "core/request.h"

struct iocb_object {
  const struct api_type *type;
  struct request request;
  bool open;
  bool by_name;  /* fd or eventfd is somebody else's object: its number is
                    asked for anew at each submit */
  bool has_data; /* IOCB_DATA is not nil */
};

extern const struct api_type iocb_type;

/* What Lua keeps with an iocb: user values. */
enum {
  IOCB_BUF = 1, /* the buffer, list of buffers, aio.null or aio.wild */
  IOCB_DATA,
  IOCB_FD,
  IOCB_CALLBACK,
  IOCB_EVENTFD,
  IOCB_VALUES = IOCB_EVENTFD
};

/* The iocb at idx, which may be changed: raises when closed or in flight.
 * Looked at again after every conversion that may have run Lua. */
struct iocb_object *iocb_idle(lua_State *L, int idx);
void iocb_must_be_idle(lua_State *L, const struct iocb_object *io);

/* The fields, in the order in which a table of them is applied. */
struct iocb_field {
  const char *name;
  void (*set)(lua_State *L, int obj, int val, const char *what);
};
extern const struct iocb_field iocb_fields[];

/* Sets a field of the iocb at obj to the value at val (none or nil: its
 * default); what as in api.h. */
void iocb_set(lua_State *L, int obj, int val, const char *field,
              const char *what);

/* A fresh iocb of an opcode, pushed: no descriptor, no memory. */
struct iocb_object *iocb_push(lua_State *L, unsigned opcode);

/* aio.pread and its like, and the methods of the same names (prepare.c). */
extern const luaL_Reg iocb_preparers[];

/* Asks foreign objects for their descriptors again. May call Lua. */
void iocb_refresh(lua_State *L, int idx);

/* Pushes an iocb like the one at idx was when the kernel saw k: its memory,
 * file and data where they are still those. Out of memory raises. */
void iocb_push_submitted(lua_State *L, int idx, const struct iocb *k);

/* Whether the value at idx is aio.null or aio.wild, and which. */
bool iocb_address(lua_State *L, int idx, enum request_memory *memory);

/* The parts of iocb_open. */
void fields_open(lua_State *L);
void prepare_open(lua_State *L);

#endif
