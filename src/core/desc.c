#include "core/desc.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int desc_new(struct desc **out, int fd) {
  struct desc *d = calloc(1, sizeof *d);
  if (d == NULL)
    return -ENOMEM;
  d->fd = fd;
  d->refs = 1;
  d->flags = -1;
  *out = d;
  return 0;
}

void desc_ref(struct desc *d) {
  d->refs++;
}

void desc_unref(struct desc *d) {
  if (d == NULL || --d->refs > 0)
    return;
  desc_shut(d);
  free(d);
}

static int desc_close(struct desc *d) {
  int fd = d->fd;
  d->fd = -1;
  return fd >= 0 && close(fd) != 0 ? -errno : 0;
}

int desc_shut(struct desc *d) {
  if (d->shut)
    return 0;
  d->shut = true;
  while (d->watches != NULL) {
    struct watch *w = d->watches;
    desc_unwatch(w);
    w->gone(w);
  }
  return d->busy == 0 ? desc_close(d) : 0;
}

void desc_hold(struct desc *d) {
  d->busy++;
  d->refs++;
}

void desc_release(struct desc *d) {
  if (--d->busy == 0 && d->shut)
    desc_close(d);
  desc_unref(d);
}

void desc_watch(struct desc *d, struct watch *w) {
  w->desc = d;
  w->next = d->watches;
  w->link = &d->watches;
  if (w->next != NULL)
    w->next->link = &w->next;
  d->watches = w;
}

void desc_unwatch(struct watch *w) {
  if (w->link == NULL)
    return;
  *w->link = w->next;
  if (w->next != NULL)
    w->next->link = w->link;
  w->link = NULL;
  w->desc = NULL;
}
