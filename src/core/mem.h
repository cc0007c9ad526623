/* Blocks of memory that the kernel may touch behind our back.
 *
 * A block lives outside every userdata and is reference-counted. Each request
 * in flight over it holds a pin: the bytes of a pinned block are never freed,
 * moved or reused, whatever Lua closes or collects (invariant 1).
 * Pins also tell which bytes the kernel may be reading or writing just now
 * (invariant 5). Pins of another process (see epoch.h) do not count. */
#ifndef CORE_MEM_H
#define CORE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum mem_kind {
  MEM_HEAP, /* posix_memalign */
  MEM_ANON, /* mmap, for a protection other than read and write */
  MEM_FILE  /* mmap of a file: touched only through mem_read, mem_write */
};

struct mem;

struct pin {
  struct pin *next, **link; /* in the block's list */
  struct mem *mem;          /* NULL: not pinned */
  size_t off, len;
  unsigned epoch;
  bool writes; /* the kernel may write these bytes; else it only reads them */
  bool asks;   /* its request may be over without anybody telling: mem_ask */
};

/* Unpins p if its request is over. Set by whoever makes pins that ask. */
extern void (*mem_ask)(struct pin *p);

struct mem {
  unsigned refs;
  enum mem_kind kind;
  int prot;            /* PROT_NONE, PROT_READ or PROT_READ | PROT_WRITE */
  bool shut;           /* closed: no access any more, freed with the last pin */
  unsigned char *base; /* NULL once freed */
  size_t size, align;
  void *map; /* what to unmap, for the mapped kinds */
  size_t map_len;
  struct pin *pins;
};

/* Each makes a block of zeros (or of the file's bytes) with one reference in
 * *out. -EINVAL as posix_memalign(3) and mmap(2) say it, -ENOMEM. */
int mem_alloc(struct mem **out, size_t size, size_t align);
int mem_anon(struct mem **out, size_t size, size_t align, int prot);
int mem_file(struct mem **out, int fd, off_t offset, size_t size, int prot);

void mem_ref(struct mem *m);
void mem_unref(struct mem *m); /* NULL is allowed */
void mem_shut(struct mem *m);  /* no access from now on; idempotent */

/* Link a pin over bytes that exist; unlink it (harmless when not pinned). A
 * pin holds a reference. Neither can fail. */
void mem_pin(struct pin *p, struct mem *m, size_t off, size_t len, bool writes);
void mem_unpin(struct pin *p);

/* True when a request in flight forbids reading (change = false) or changing
 * (change = true) these bytes. */
bool mem_in_flight(const struct mem *m, size_t off, size_t len, bool change);

/* How many requests in flight touch these bytes. */
unsigned mem_pinned(const struct mem *m, size_t off, size_t len);

/* Copy out of and into a block of any kind. The caller has checked range and
 * prot. -EFAULT where a mapped file was truncated under the block: never a
 * SIGBUS. Both ignore pins (peek and poke). */
int mem_read(const struct mem *m, size_t off, void *dst, size_t len);
int mem_write(struct mem *m, size_t off, const void *src, size_t len);

#endif
