#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/epoch.h"
#include "core/poison.h"

/* ---- blocks ---- */

static struct mem *mem_new(enum mem_kind kind, size_t size, size_t align,
                           int prot) {
  struct mem *m = calloc(1, sizeof *m);
  if (m == NULL)
    return NULL;
  m->refs = 1;
  m->kind = kind;
  m->size = size;
  m->align = align;
  m->prot = prot;
  return m;
}

int mem_alloc(struct mem **out, size_t size, size_t align) {
  struct mem *m = mem_new(MEM_HEAP, size, align, PROT_READ | PROT_WRITE);
  if (m == NULL)
    return -ENOMEM;
  void *base = NULL;
  int err = posix_memalign(&base, align, size > 0 ? size : 1);
  if (err != 0) {
    free(m);
    return -err;
  }
  memset(base, 0, size);
  m->base = base;
  *out = m;
  return 0;
}

/* posix_memalign(3)'s rule, for the kinds that do not come from it. */
static bool align_valid(size_t align) {
  return align >= sizeof(void *) && (align & (align - 1)) == 0;
}

/* Maps len bytes of fd (or zeros) for m; takes m over when it fails. */
static int mem_map(struct mem **out, struct mem *m, size_t len, int fd,
                   off_t offset) {
  int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void *p = mmap(NULL, len, m->prot, flags, fd, offset);
  if (p == MAP_FAILED) {
    int err = errno;
    free(m);
    return -err;
  }
  m->map = p;
  m->map_len = len;
  uintptr_t up = (uintptr_t)p + m->align - 1;
  m->base = fd < 0 ? (unsigned char *)(up - up % m->align) : p;
  *out = m;
  return 0;
}

int mem_anon(struct mem **out, size_t size, size_t align, int prot) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (!align_valid(align))
    return -EINVAL;
  size_t slack = align > page ? align : 0;
  if (size > SIZE_MAX - slack - 1)
    return -ENOMEM;
  struct mem *m = mem_new(MEM_ANON, size, align, prot);
  if (m == NULL)
    return -ENOMEM;
  return mem_map(out, m, size + slack > 0 ? size + slack : 1, -1, 0);
}

int mem_file(struct mem **out, int fd, off_t offset, size_t size, int prot) {
  if (fd < 0)
    return -EBADF;
  struct mem *m = mem_new(MEM_FILE, size, (size_t)sysconf(_SC_PAGESIZE), prot);
  return m == NULL ? -ENOMEM : mem_map(out, m, size, fd, offset);
}

/* Gives the bytes back; the header stays until the last reference. */
static void mem_free(struct mem *m) {
  if (m->map != NULL)
    munmap(m->map, m->map_len);
  else
    free(m->base);
  m->base = NULL;
  m->map = NULL;
}

void mem_ref(struct mem *m) {
  m->refs++;
}

void mem_unref(struct mem *m) {
  if (m == NULL || --m->refs > 0)
    return;
  mem_free(m);
  free(m);
}

void (*mem_ask)(struct pin *p);

/* Not those of another process: it is there that they end. */
static void ask_pins(const struct mem *m, unsigned now) {
  for (struct pin *p = m->pins, *next; p != NULL; p = next) {
    next = p->next;
    if (p->asks && p->epoch == now)
      mem_ask(p);
  }
}

void mem_shut(struct mem *m) {
  if (m->pins != NULL)
    ask_pins(m, epoch_now());
  m->shut = true;
  if (m->pins == NULL)
    mem_free(m);
}

/* ---- pins ---- */

void mem_pin(struct pin *p, struct mem *m, size_t off, size_t len,
             bool writes) {
  p->mem = m;
  p->off = off;
  p->len = len;
  p->epoch = epoch_now();
  p->writes = writes;
  p->next = m->pins;
  p->link = &m->pins;
  if (p->next != NULL)
    p->next->link = &p->next;
  m->pins = p;
  m->refs++;
  if (writes)
    poison(m->base + off, len);
}

/* Ranges may overlap: what is left in flight is poisoned anew. */
static void pin_unpoison(const struct pin *p) {
  unpoison(p->mem->base + p->off, p->len);
  for (const struct pin *q = p->mem->pins; POISONS && q != NULL; q = q->next)
    if (q->writes)
      poison(q->mem->base + q->off, q->len);
}

inline void mem_unpin(struct pin *p) {
  struct mem *m = p->mem;
  if (m == NULL)
    return;
  *p->link = p->next;
  if (p->next != NULL)
    p->next->link = p->link;
  if (p->writes)
    pin_unpoison(p);
  p->mem = NULL;
  if (m->shut && m->pins == NULL)
    mem_free(m);
  mem_unref(m);
}

/* An empty range touches nothing. */
static bool pin_meets(const struct pin *p, size_t off, size_t len) {
  return off < p->off + p->len && p->off < off + len && len > 0 && p->len > 0;
}

bool mem_in_flight(const struct mem *m, size_t off, size_t len, bool change) {
  if (m->pins == NULL)
    return false;
  unsigned now = epoch_now();
  ask_pins(m, now);
  for (const struct pin *p = m->pins; p != NULL; p = p->next)
    if ((p->writes || change) && p->epoch == now && pin_meets(p, off, len))
      return true;
  return false;
}

unsigned mem_pinned(const struct mem *m, size_t off, size_t len) {
  unsigned n = 0, now = m->pins != NULL ? epoch_now() : 0;
  ask_pins(m, now);
  for (const struct pin *p = m->pins; p != NULL; p = p->next)
    n += p->epoch == now && pin_meets(p, off, len);
  return n;
}

/* ---- access ---- */

/* One page through a pipe: write(2) and read(2) answer EFAULT where a touch
 * would be SIGBUS. For systems that forbid process_vm_readv. */
static int copy_by_pipe(void *dst, const void *src, size_t len) {
  int fd[2];
  if (pipe2(fd, O_CLOEXEC) != 0)
    return -errno;
  int err = 0;
  for (size_t done = 0; done < len && err == 0;) {
    size_t n = len - done < 4096 ? len - done : 4096;
    ssize_t put = write(fd[1], (const char *)src + done, n);
    ssize_t got = put > 0 ? read(fd[0], (char *)dst + done, (size_t)put) : put;
    err = got < 0 ? -errno : 0;
    done += got > 0 ? (size_t)got : 0;
  }
  close(fd[0]);
  close(fd[1]);
  return err;
}

/* A copy with one end in mapped file memory, which may be truncated. */
static int copy_guarded(void *dst, const void *src, size_t len) {
  struct iovec to = {dst, len};
  struct iovec from = {(void *)(uintptr_t)src, len};
  if (len == 0)
    return 0;
  ssize_t n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
  if (n == (ssize_t)len)
    return 0;
  if (n < 0 && errno != EFAULT)
    return copy_by_pipe(dst, src, len);
  return -EFAULT;
}

int mem_read(const struct mem *m, size_t off, void *dst, size_t len) {
  if (m->kind == MEM_FILE)
    return copy_guarded(dst, m->base + off, len);
  copy_unchecked(dst, m->base + off, len);
  return 0;
}

int mem_write(struct mem *m, size_t off, const void *src, size_t len) {
  if (m->kind == MEM_FILE)
    return copy_guarded(m->base + off, src, len);
  copy_unchecked(m->base + off, src, len);
  return 0;
}
