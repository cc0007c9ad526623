/* What a submit notes about its batch, so that the verdict (was it
 * asynchronous, and why not?) can be worked out when somebody asks. */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>

#include "core/slot.h"

enum { RWF_NOAPPENDS = 0x20 }; /* younger than many a header */

/* A file that direct writes go to, and how long it is before them. */
struct target {
  const struct desc *file;
  uint64_t size;
};

/* What is no regular file has no end that moves. */
static uint64_t size_of(const struct desc *d) {
  struct stat st;
  bool known = fstat(d->fd, &st) == 0 && S_ISREG(st.st_mode);
  return known ? (uint64_t)st.st_size : UINT64_MAX;
}

static bool writes_directly(const struct request *r) {
  unsigned op = r->iocb.aio_lio_opcode;
  return (op == IOCB_CMD_PWRITE || op == KAIO_CMD_PWRITEV) && r->file != NULL &&
         r->file->flags >= 0 && (r->file->flags & O_DIRECT) != 0;
}

/* A request's flags go before those of its file. */
static bool appends(const struct request *r) {
  unsigned flags = (unsigned)r->iocb.aio_rw_flags;
  return (flags & RWF_APPEND) != 0 ||
         ((r->file->flags & O_APPEND) != 0 && (flags & RWF_NOAPPENDS) == 0);
}

static bool extends(const struct request *r, struct target *t) {
  if (!writes_directly(r))
    return false;
  if (t->file != r->file)
    *t = (struct target){r->file, size_of(r->file)};
  if (appends(r))
    return t->size != UINT64_MAX;
  return (uint64_t)r->iocb.aio_offset + request_bytes(r) > t->size;
}

bool batch_extends(const struct context *c) {
  const uint32_t writes =
      opcode_bit(IOCB_CMD_PWRITE) | opcode_bit(KAIO_CMD_PWRITEV);
  struct target t = {NULL, 0};
  if ((c->opcodes & writes) == 0)
    return false;
  for (unsigned i = 0; i < c->gathered; i++)
    if (extends(c->asked[i], &t))
      return true;
  return false;
}

static bool same_place(const struct iocb *a, const struct iocb *b) {
  return a->aio_fildes == b->aio_fildes && a->aio_rw_flags == b->aio_rw_flags;
}

/* fsync and fdsync are one kind: the kernel has one function for them, and
 * leaves both to a thread (fs/aio.c, aio_fsync). */
static unsigned kind(const struct iocb *k) {
  unsigned op = k->aio_lio_opcode;
  return op == IOCB_CMD_FDSYNC ? IOCB_CMD_FSYNC : op;
}

/* How much the first n of the list have in common: mostly everything. */
static void compare(struct submission *last, struct iocb **list, unsigned n) {
  bool one_op = true, alike = true;
  unsigned i = 1;
  while (i < n && list[i]->aio_lio_opcode == list[0]->aio_lio_opcode &&
         same_place(list[i], list[0]))
    i++;
  for (; i < n && one_op; i++) {
    one_op = kind(list[0]) == kind(list[i]);
    alike = alike && one_op && same_place(list[0], list[i]);
  }
  last->one_op = one_op;
  last->alike = alike;
}

static void keep_file(struct submission *last, struct desc *d) {
  if (last->file == d)
    return;
  desc_unref(last->file);
  last->file = d;
  if (d != NULL)
    desc_ref(d);
}

static void note_refused(struct submission *last, const struct request *r,
                         const struct iocb *submitted) {
  last->refused = *submitted;
  last->refused_bytes = request_bytes(r);
}

void batch_note(struct context *c, unsigned taken) {
  struct submission *last = &c->last;
  last->inflight = c->flying + taken; /* not settled yet */
  compare(last, c->list, taken);
  if (c->gathered > 0)
    last->first = *c->list[0];
  if (taken < c->gathered)
    note_refused(last, c->asked[taken], c->list[taken]);
  keep_file(last, c->gathered > 0 ? c->asked[0]->file : NULL);
  last->flags = last->file != NULL ? last->file->flags : -1;
}
