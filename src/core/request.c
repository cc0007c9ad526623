#include "core/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kaio.h"

/* The first address of the kernel's half where user space has 47 bits: the
 * kernel's access_ok says no, whatever the length. */
#define WILD_ADDRESS UINT64_C(0xffff800000000000)

struct segs *segs_new(unsigned n) {
  struct segs *s = calloc(1, sizeof *s);
  if (s == NULL)
    return NULL;
  s->refs = 1;
  s->seg = calloc(n > 0 ? n : 1, sizeof *s->seg);
  s->iov = calloc(n > 0 ? n : 1, sizeof *s->iov);
  if (s->seg == NULL || s->iov == NULL) {
    segs_unref(s);
    return NULL;
  }
  return s;
}

void segs_ref(struct segs *s) {
  s->refs++;
}

void segs_unref(struct segs *s) {
  if (s == NULL || --s->refs > 0)
    return;
  for (unsigned i = 0; i < s->n; i++)
    mem_unref(s->seg[i].mem);
  free(s->seg);
  free(s->iov);
  free(s);
}

void segs_add(struct segs *s, struct mem *m, size_t off, size_t len) {
  mem_ref(m);
  s->seg[s->n] = (struct segment){.mem = m, .off = off, .len = len};
  s->iov[s->n] = (struct iovec){m->shut ? NULL : m->base + off, len};
  s->n++;
}

void request_forget_memory(struct request *r) {
  mem_unref(r->mem);
  segs_unref(r->segs);
  r->mem = NULL;
  r->segs = NULL;
  r->off = r->len = 0;
  r->memory = MEMORY_NONE;
}

static const char *const opcode_names[] = {
    [IOCB_CMD_PREAD] = "pread",   [IOCB_CMD_PWRITE] = "pwrite",
    [IOCB_CMD_FSYNC] = "fsync",   [IOCB_CMD_FDSYNC] = "fdsync",
    [KAIO_CMD_POLL] = "poll",     [KAIO_CMD_NOOP] = "noop",
    [KAIO_CMD_PREADV] = "preadv", [KAIO_CMD_PWRITEV] = "pwritev",
};
enum { OPCODES = sizeof opcode_names / sizeof *opcode_names };

const char *opcode_name(unsigned opcode) {
  return opcode < OPCODES ? opcode_names[opcode] : NULL;
}

int opcode_number(const char *name) {
  for (int i = 0; i < OPCODES; i++)
    if (opcode_names[i] != NULL && strcmp(opcode_names[i], name) == 0)
      return i;
  return -1;
}

void iocb_text(const struct iocb *iocb, char *text, size_t size) {
  const struct iocb *k = iocb;
  unsigned op = k->aio_lio_opcode;
  char number[24];
  snprintf(number, sizeof number, "opcode %u", op);
  const char *name = opcode_name(op) != NULL ? opcode_name(op) : number;
  long long n = (long long)k->aio_nbytes, at = (long long)k->aio_offset;
  if (op == IOCB_CMD_FSYNC || op == IOCB_CMD_FDSYNC || op == KAIO_CMD_NOOP)
    snprintf(text, size, "%s", name);
  else if (op == KAIO_CMD_POLL)
    snprintf(text, size, "%s 0x%llx", name, (unsigned long long)k->aio_buf);
  else if (opcode_vectored(op))
    snprintf(text, size, "%s %lld segments @%lld", name, n, at);
  else
    snprintf(text, size, "%s %lld @%lld", name, n, at);
}

bool opcode_vectored(unsigned opcode) {
  return opcode == KAIO_CMD_PREADV || opcode == KAIO_CMD_PWRITEV;
}

uint64_t request_bytes(const struct request *r) {
  uint64_t sum = 0;
  if (!opcode_vectored(r->iocb.aio_lio_opcode))
    return r->iocb.aio_nbytes;
  if (r->memory != MEMORY_SEGS)
    return 0;
  for (unsigned i = 0; i < r->segs->n && i < r->iocb.aio_nbytes; i++)
    sum += r->segs->seg[i].len;
  return sum;
}

bool request_writes(const struct request *r) {
  unsigned op = r->iocb.aio_lio_opcode;
  return op != IOCB_CMD_PWRITE && op != KAIO_CMD_PWRITEV;
}

uint64_t request_address(const struct request *r) {
  switch (r->memory) {
  case MEMORY_BLOCK:
    return (uintptr_t)(r->mem->base + r->off);
  case MEMORY_SEGS:
    return (uintptr_t)r->segs->iov;
  case MEMORY_NULL:
    return 0;
  case MEMORY_WILD:
    return WILD_ADDRESS;
  case MEMORY_NONE:
    break;
  }
  return r->iocb.aio_buf;
}

/* A length with its top bit set is refused by the kernel (fs/aio.c:
 * (ssize_t)nbytes < 0), and so can't do harm. */
static bool refused_length(uint64_t nbytes) {
  return nbytes >> 63 != 0;
}

static bool block_valid(const struct request *r, struct request_fault *f) {
  uint64_t n = r->iocb.aio_nbytes;
  if (r->mem->shut) {
    f->field = "buf";
    snprintf(f->text, sizeof f->text, "the buffer is closed");
    return false;
  }
  if (opcode_vectored(r->iocb.aio_lio_opcode)) {
    f->field = "buf";
    snprintf(f->text, sizeof f->text,
             "opcode %u takes a list of buffers (bufs)",
             r->iocb.aio_lio_opcode);
    return false;
  }
  if (n <= r->len || refused_length(n))
    return true;
  f->field = "nbytes";
  snprintf(f->text, sizeof f->text, "%llu is past the buffer's %zu bytes",
           (unsigned long long)n, r->len);
  return false;
}

static bool segs_valid(const struct request *r, struct request_fault *f) {
  if (!opcode_vectored(r->iocb.aio_lio_opcode)) {
    f->field = "bufs";
    snprintf(f->text, sizeof f->text, "opcode %u takes one buffer (buf)",
             r->iocb.aio_lio_opcode);
    return false;
  }
  for (unsigned i = 0; i < r->segs->n; i++)
    if (r->segs->seg[i].mem->shut) {
      f->field = "bufs";
      snprintf(f->text, sizeof f->text, "buffer %u is closed", i + 1);
      return false;
    }
  uint64_t n = r->iocb.aio_nbytes;
  if (n <= r->segs->n || refused_length(n))
    return true;
  f->field = "nbytes";
  snprintf(f->text, sizeof f->text, "%llu is past the %u segments",
           (unsigned long long)n, r->segs->n);
  return false;
}

static bool none_valid(const struct request *r, struct request_fault *f) {
  unsigned op = r->iocb.aio_lio_opcode;
  bool harmless = op == IOCB_CMD_FSYNC || op == IOCB_CMD_FDSYNC ||
                  op == KAIO_CMD_POLL || r->iocb.aio_buf == 0;
  if (harmless)
    return true;
  f->field = "events";
  snprintf(f->text, sizeof f->text, "opcode %u takes no events", op);
  return false;
}

static bool desc_valid(const struct desc *d) {
  return d == NULL || !d->shut;
}

bool request_valid(const struct request *r, struct request_fault *f) {
  if (!desc_valid(r->file) || !desc_valid(r->eventfd)) {
    f->field = desc_valid(r->file) ? "eventfd" : "fd";
    snprintf(f->text, sizeof f->text, "it is closed");
    return false;
  }
  switch (r->memory) {
  case MEMORY_BLOCK:
    return block_valid(r, f);
  case MEMORY_SEGS:
    return segs_valid(r, f);
  case MEMORY_NONE:
    return none_valid(r, f);
  default:
    return true;
  }
}
