/* What a submit notes about its batch, so that the verdict (was it
 * asynchronous, and why not?) can be worked out when somebody asks. */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>

#include "core/slot.h"

static int64_t size_now(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : INT64_MAX;
}

static uint64_t transfer_length(const struct request *r) {
  uint64_t sum = 0;
  if (r->memory != MEMORY_SEGS)
    return r->iocb.aio_nbytes;
  for (unsigned i = 0; i < r->segs->n; i++)
    sum += r->segs->seg[i].len;
  return sum;
}

/* Whether a direct write makes its file longer: ext4 and others finish such a
 * one inside io_submit. The size is asked for only where the one known is too
 * small, so that overwriting costs nothing. */
static bool extends_file(const struct request *r) {
  struct desc *d = r->file;
  unsigned op = r->iocb.aio_lio_opcode;
  bool writes = op == IOCB_CMD_PWRITE || op == KAIO_CMD_PWRITEV;
  if (!writes || d == NULL || d->flags < 0 || (d->flags & O_DIRECT) == 0)
    return false;
  if (d->flags & O_APPEND || (unsigned)r->iocb.aio_rw_flags & RWF_APPEND)
    return size_now(d->fd) != INT64_MAX;
  uint64_t end = (uint64_t)r->iocb.aio_offset + transfer_length(r);
  if (end > (uint64_t)d->size)
    d->size = size_now(d->fd);
  return end > (uint64_t)d->size;
}

bool batch_extends(const struct context *c) {
  for (unsigned i = 0; i < c->gathered; i++)
    if (extends_file(c->asked[i]))
      return true;
  return false;
}

static bool same_place(const struct iocb *a, const struct iocb *b) {
  return a->aio_fildes == b->aio_fildes && a->aio_rw_flags == b->aio_rw_flags;
}

/* How much the first n of the list have in common. */
static void compare(struct submission *last, struct iocb **list, unsigned n) {
  last->one_op = last->alike = true;
  for (unsigned i = 1; i < n && last->one_op; i++) {
    last->one_op = list[0]->aio_lio_opcode == list[i]->aio_lio_opcode;
    last->alike = last->alike && same_place(list[0], list[i]);
  }
  last->alike = last->alike && last->one_op;
}

static void keep_file(struct submission *last, struct desc *d) {
  if (last->file == d)
    return;
  desc_unref(last->file);
  last->file = d;
  if (d != NULL)
    desc_ref(d);
}

void batch_note(struct context *c, unsigned taken) {
  struct submission *last = &c->last;
  last->inflight = context_inflight(c) + taken; /* not settled yet */
  compare(last, c->list, taken);
  if (c->gathered > 0)
    last->first = *c->list[0];
  if (taken < c->gathered)
    last->refused = *c->list[taken];
  keep_file(last, c->gathered > 0 ? c->asked[0]->file : NULL);
  last->flags = last->file != NULL ? last->file->flags : -1;
}
