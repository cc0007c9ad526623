/* The rules of io_submit that need nothing but the request (fs/aio.c:
 * io_submit_one, aio_prep_rw, aio_read, aio_write, aio_fsync, aio_poll). */
#include "core/cause.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "core/kaio.h"
#include "core/request.h"

enum {
  MAX_SEGMENTS = 1024, /* UIO_MAXIOV */
  MAX_POLL = 0xffff,   /* the kernel keeps 16 bits of events */
  RWF_APPENDS = 0x10,
  RWF_NOAPPENDS = 0x20,
  RWF_ATOMICS = 0x40,
  RWF_KNOWN = 0x1ff, /* up to Linux 6.18 */
  FLAG_IOPRIO = 2,
  PRIO_CLASS_SHIFT = 13,
  PRIO_REALTIME = 1,
  PRIO_IDLE = 3
};

/* Causes are collected: where two hold, both are said. */
struct text {
  char *at;
  size_t left;
  unsigned causes;
};

__attribute__((format(printf, 3, 4))) static void
put(struct text *t, bool broken, const char *fmt, ...) {
  va_list args;
  if (!broken)
    return;
  int n = t->causes++ == 0 ? 0 : snprintf(t->at, t->left, "; ");
  if (n >= 0 && (size_t)n < t->left) {
    t->at += n;
    t->left -= (size_t)n;
  }
  va_start(args, fmt);
  n = vsnprintf(t->at, t->left, fmt, args);
  va_end(args);
  if (n >= 0 && (size_t)n < t->left) {
    t->at += n;
    t->left -= (size_t)n;
  }
}

static bool implemented(unsigned opcode) {
  return opcode != KAIO_CMD_PREADX && opcode != KAIO_CMD_NOOP &&
         opcode <= KAIO_CMD_PWRITEV;
}

static bool writes(unsigned opcode) {
  return opcode == IOCB_CMD_PWRITE || opcode == KAIO_CMD_PWRITEV;
}

static bool transfers(unsigned opcode) {
  return opcode == IOCB_CMD_PREAD || opcode == KAIO_CMD_PREADV ||
         writes(opcode);
}

static const char *name_of(const struct iocb *k) {
  const char *name = opcode_name(k->aio_lio_opcode);
  return name != NULL ? name : "it";
}

/* ---- EINVAL ---- */

static void wrong_priority(struct text *t, const struct iocb *k) {
  unsigned prio = (uint16_t)k->aio_reqprio, class = prio >> PRIO_CLASS_SHIFT;
  if ((k->aio_flags & FLAG_IOPRIO) == 0)
    return;
  put(t, class > PRIO_IDLE, "reqprio 0x%x is of class %u, the last is 3", prio,
      class);
  put(t, class == 0 && prio != 0,
      "reqprio %u is of class 0, which has no level", prio);
}

static bool beyond_any_file(const struct iocb *k, uint64_t bytes) {
  int64_t end;
  return k->aio_offset >= 0 && (int64_t)bytes >= 0 &&
         __builtin_add_overflow(k->aio_offset, (int64_t)bytes, &end);
}

static void wrong_transfer(struct text *t, const struct refused *r) {
  const struct iocb *k = r->iocb;
  unsigned both = RWF_APPENDS | RWF_NOAPPENDS;
  bool vector = opcode_vectored(k->aio_lio_opcode);
  uint64_t bytes = vector ? r->bytes : k->aio_nbytes;
  put(t, k->aio_offset < 0, "offset is negative (%lld)",
      (long long)k->aio_offset);
  put(t, vector && k->aio_nbytes > MAX_SEGMENTS && (int64_t)k->aio_nbytes > 0,
      "%llu segments are over the limit of %d",
      (unsigned long long)k->aio_nbytes, MAX_SEGMENTS);
  put(t, beyond_any_file(k, bytes), "offset %lld + %s %lld overflows",
      (long long)k->aio_offset, vector ? "length" : "nbytes", (long long)bytes);
  put(t, ((unsigned)k->aio_rw_flags & both) == both,
      "rw_flags %s exclude each other", r->rw_flags);
  wrong_priority(t, k);
}

/* fsync takes nothing but the file; poll the events as well. */
static void wrong_other(struct text *t, const struct iocb *k) {
  const char *op = name_of(k);
  bool poll = k->aio_lio_opcode == KAIO_CMD_POLL;
  put(t, k->aio_rw_flags != 0, "rw_flags are for reads and writes only (0x%x)",
      (unsigned)k->aio_rw_flags);
  put(t, k->aio_nbytes != 0, "%s takes no nbytes (%lld)", op,
      (long long)k->aio_nbytes);
  put(t, k->aio_offset != 0, "%s takes no offset (%lld)", op,
      (long long)k->aio_offset);
  put(t, !poll && k->aio_buf != 0, "%s takes no buf or events", op);
  put(t, poll && k->aio_buf > MAX_POLL, "events 0x%llx are over 16 bits",
      (unsigned long long)k->aio_buf);
}

static void wrong_field(struct text *t, const struct refused *r) {
  const struct iocb *k = r->iocb;
  put(t, k->aio_reserved2 != 0, "reserved2 is not 0 (%llu)",
      (unsigned long long)k->aio_reserved2);
  put(t, (int64_t)k->aio_nbytes < 0, "nbytes is negative (%lld)",
      (long long)k->aio_nbytes);
  if (!implemented(k->aio_lio_opcode))
    put(t, true, "the kernel has no such opcode (%u)", k->aio_lio_opcode);
  else if (transfers(k->aio_lio_opcode))
    wrong_transfer(t, r);
  else if ((int64_t)k->aio_nbytes >= 0)
    wrong_other(t, k);
}

/* No field is wrong: then it may be a descriptor. To know it takes a look at
 * what that is, so that this asks. */
static void ask_kind(struct text *t, const struct iocb *k) {
  int fd = (int)k->aio_fildes;
  char also[48] = "";
  if (k->aio_flags & IOCB_FLAG_RESFD)
    snprintf(also, sizeof also, "is eventfd %d no eventfd, or ",
             (int)k->aio_resfd);
  put(t, true, "its fields are right");
  if (k->aio_lio_opcode == KAIO_CMD_POLL)
    put(t, true, "%sis fd %d a terminal, or what else AIO can't poll?", also,
        fd);
  else if (transfers(k->aio_lio_opcode))
    put(t, true, "%sis fd %d a directory, of /proc, or what else takes no %s?",
        also, fd, name_of(k));
  else
    put(t, true, "%sis fd %d a pipe, a device, or what else has no fsync?",
        also, fd);
}

static bool tell_einval(struct text *t, const struct refused *r) {
  wrong_field(t, r);
  if (t->causes > 0)
    return true;
  ask_kind(t, r->iocb);
  return false;
}

/* ---- EBADF ---- */

static bool wrong_mode(struct text *t, const struct iocb *k, int flags) {
  static const char *const modes[] = {"rdonly", "wronly", "rdwr", "3"};
  int fd = (int)k->aio_fildes, mode = flags & O_ACCMODE;
  bool path = flags >= 0 && (flags & O_PATH) != 0;
  put(t, path, "fd %d was opened with O_PATH, which allows no I/O", fd);
  if (flags < 0 || path || !transfers(k->aio_lio_opcode))
    return path;
  bool wrong = mode == (writes(k->aio_lio_opcode) ? O_RDONLY : O_WRONLY);
  put(t, wrong, "fd %d was opened %s, %s needs %s or rdwr", fd, modes[mode],
      name_of(k), writes(k->aio_lio_opcode) ? "wronly" : "rdonly");
  return wrong;
}

static bool tell_ebadf(struct text *t, const struct refused *r) {
  const struct iocb *k = r->iocb;
  int fd = (int)k->aio_fildes;
  put(t, fd < 0, "fd is negative (%d)", fd);
  if (k->aio_flags & IOCB_FLAG_RESFD)
    put(t, (int)k->aio_resfd < 0, "eventfd is negative (%d)",
        (int)k->aio_resfd);
  if (wrong_mode(t, k, r->flags) || t->causes > 0)
    return true;
  if (k->aio_flags & IOCB_FLAG_RESFD)
    put(t, true, "eventfd %d or fd %d is not open, or not for %s",
        (int)k->aio_resfd, fd, name_of(k));
  else
    put(t, true, "fd %d is not open, or not for %s", fd, name_of(k));
  return false;
}

/* ---- the others ---- */

static bool tell_eagain(struct text *t, const struct refused *r) {
  if (r->inflight >= r->nr_events) {
    put(t, true,
        "the ring is full: reap events first (%u in flight, set up "
        "for %u)",
        r->inflight, r->nr_events);
    return true;
  }
  put(t, true,
      "not the ring, which has room (%u in flight, set up for %u): "
      "the kernel is short of memory",
      r->inflight, r->nr_events);
  return false;
}

static bool tell_efault(struct text *t, const struct iocb *k) {
  const char *field = opcode_vectored(k->aio_lio_opcode) ? "bufs" : "buf";
  put(t, (int64_t)k->aio_buf < 0, "%s is an address of the kernel (0x%llx)",
      field, (unsigned long long)k->aio_buf);
  put(t, opcode_vectored(k->aio_lio_opcode) && k->aio_buf == 0, "bufs is NULL");
  return t->causes > 0;
}

static bool tell_eopnotsupp(struct text *t, const struct refused *r) {
  unsigned flags = (unsigned)r->iocb->aio_rw_flags, unknown;
  unknown = flags & ~(unsigned)RWF_KNOWN;
  put(t, unknown != 0, "no rw_flags of Linux up to 6.18 (0x%x)", unknown);
  put(t, (flags & RWF_ATOMICS) != 0 && !writes(r->iocb->aio_lio_opcode),
      "rw_flags atomic is for writes only");
  if (t->causes > 0)
    return true;
  put(t, flags != 0, "this file does not support rw_flags %s", r->rw_flags);
  return false;
}

static bool tell_eperm(struct text *t, const struct iocb *k) {
  unsigned prio = (uint16_t)k->aio_reqprio;
  if ((k->aio_flags & FLAG_IOPRIO) != 0 &&
      prio >> PRIO_CLASS_SHIFT == PRIO_REALTIME) {
    put(t, true, "reqprio 0x%x is real-time, which needs CAP_SYS_NICE", prio);
    return true;
  }
  put(t, true, "a sandbox (seccomp) or a security module forbids it");
  return false;
}

static bool tell(struct text *t, const struct refused *r, int err) {
  switch (err) {
  case EINVAL:
    return tell_einval(t, r);
  case EBADF:
    return tell_ebadf(t, r);
  case EAGAIN:
    return tell_eagain(t, r);
  case EFAULT:
    return tell_efault(t, r->iocb);
  case EOPNOTSUPP:
    return tell_eopnotsupp(t, r);
  case EPERM:
    return tell_eperm(t, r->iocb);
  case ENOSYS:
    put(t, true, "no AIO in this kernel (CONFIG_AIO), or a sandbox hides it");
    return false;
  default:
    return false;
  }
}

bool cause_of_refusal(const struct refused *r, int err, char *text,
                      size_t size) {
  struct text t = {text, size, 0};
  text[0] = '\0';
  return tell(&t, r, err);
}
