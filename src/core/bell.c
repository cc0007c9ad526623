#include "core/bell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Threads touch only fd and refs. */
struct bell {
  atomic_uint refs; /* one for all holders, one for each thread to come */
  int fd;
  unsigned holders;
  struct desc *of; /* referenced while it is held */
  struct bell *next, **link;
};

static struct bell *held;

static void release(struct bell *b) {
  if (atomic_fetch_sub(&b->refs, 1) > 1)
    return;
  close(b->fd);
  free(b);
}

/* In glibc's thread. Where the counter is full it can be read all the same. */
static void ring(union sigval value) {
  struct bell *b = value.sival_ptr;
  eventfd_write(b->fd, 1);
  release(b);
}

static int bell_new(struct bell **out, struct desc *eventfd) {
  struct bell *b = calloc(1, sizeof *b);
  if (b == NULL)
    return -ENOMEM;
  b->fd = fcntl(eventfd->fd, F_DUPFD_CLOEXEC, 0);
  if (b->fd < 0) {
    int err = errno;
    free(b);
    return -err;
  }
  atomic_store(&b->refs, 1);
  b->of = eventfd;
  desc_ref(eventfd);
  b->next = held;
  b->link = &held;
  if (held != NULL)
    held->link = &b->next;
  held = b;
  *out = b;
  return 0;
}

int bell_hold(struct bell **out, struct desc *eventfd) {
  struct bell *b = held;
  while (b != NULL && b->of != eventfd)
    b = b->next;
  int err = b == NULL ? bell_new(&b, eventfd) : 0;
  if (b == NULL)
    return err;
  b->holders++;
  *out = b;
  return 0;
}

void bell_let_go(struct bell *b) {
  if (b == NULL || --b->holders > 0)
    return;
  *b->link = b->next;
  if (b->next != NULL)
    b->next->link = b->link;
  desc_unref(b->of);
  release(b);
}

void bell_expect(struct bell *b, struct sigevent *ev) {
  atomic_fetch_add(&b->refs, 1);
  *ev = (struct sigevent){.sigev_notify = SIGEV_THREAD,
                          .sigev_value.sival_ptr = b};
  ev->sigev_notify_function = ring;
}

void bell_expect_not(struct bell *b) {
  release(b);
}
