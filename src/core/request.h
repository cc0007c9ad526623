/* A request as it is prepared: the kernel's iocb and what it refers to.
 *
 * The kernel never sees this struct: submit copies the iocb into the
 * context's own slot (context.h), so that whoever holds a request may free or
 * change it when the call has returned. */
#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/desc.h"
#include "core/mem.h"

struct context;

/* The segments of a vector, with a pin each: used by one request in flight at
 * a time. */
struct segs {
  unsigned refs;
  unsigned n;
  struct segment {
    struct mem *mem;
    size_t off, len;
    struct pin pin;
  } * seg;
  struct iovec *iov; /* for the kernel, which copies it in io_submit */
};

enum request_memory {
  MEMORY_NONE, /* aio_buf is left as it is: 0, or the events of a poll */
  MEMORY_BLOCK,
  MEMORY_SEGS,
  MEMORY_NULL, /* address 0 */
  MEMORY_WILD  /* an address in the kernel's half */
};

struct request {
  struct iocb iocb; /* aio_buf, aio_fildes, aio_resfd, aio_data: at submit */
  enum request_memory memory;
  struct mem *mem; /* MEMORY_BLOCK: len bytes at off, referenced */
  size_t off, len;
  struct segs *segs;           /* MEMORY_SEGS, referenced */
  struct desc *file, *eventfd; /* referenced, or NULL: the iocb's number */
  struct context *context;     /* in flight there, in that slot; else NULL */
  uint32_t slot;
};

/* Why a request can't be submitted, in words that a user understands. */
struct request_fault {
  const char *field; /* "nbytes" */
  char text[96];
};

/* Room for n segments, none filled; NULL when out of memory. */
struct segs *segs_new(unsigned n);
void segs_ref(struct segs *s);
void segs_unref(struct segs *s); /* NULL is allowed */

/* Fills the next segment, in order. */
void segs_add(struct segs *s, struct mem *m, size_t off, size_t len);

/* Drops what the request's memory refers to: MEMORY_NONE. */
void request_forget_memory(struct request *r);

/* Checks what would corrupt memory if the kernel saw it (invariant 6): range
 * against buffer, the form of memory for the opcode, closed objects. Does not
 * check what the kernel checks itself. */
bool request_valid(const struct request *r, struct request_fault *fault);

/* How many bytes it asks for: nbytes, or those of a vector's segments. */
uint64_t request_bytes(const struct request *r);

/* The address for aio_buf. */
uint64_t request_address(const struct request *r);

/* True when the kernel may write to the request's memory: everything but the
 * writes that we know. */
bool request_writes(const struct request *r);

bool opcode_vectored(unsigned opcode);

/* "pread"; NULL for a number without a name. opcode_number: -1 for a name
 * without a number. */
const char *opcode_name(unsigned opcode);
int opcode_number(const char *name);

/* "pread 4096 @0", as every message and table writes a request. */
void iocb_text(const struct iocb *iocb, char *text, size_t size);

#endif
