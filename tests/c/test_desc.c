/* Descriptors: shut at once, closed with the last request, watchers told. */
#include "core/desc.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tap.h"

static struct desc *open_null(void) {
  struct desc *d = NULL;
  return desc_new(&d, open("/dev/null", O_RDONLY | O_CLOEXEC)) == 0 ? d : NULL;
}

static bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

static void idle(void) {
  struct desc *d = open_null();
  int fd = d->fd;
  ok(is_open(fd) && !d->shut, "open");
  ok(desc_shut(d) == 0 && !is_open(fd) && d->fd == -1, "shut while idle");
  ok(desc_shut(d) == 0 && d->shut, "twice is harmless");
  desc_unref(d);
  d = open_null();
  fd = d->fd;
  desc_ref(d);
  desc_unref(d);
  ok(is_open(fd), "a reference less");
  desc_unref(d);
  ok(!is_open(fd), "the last reference closes");
  desc_unref(NULL);
}

static void busy(void) {
  struct desc *d = open_null();
  int fd = d->fd;
  desc_hold(d);
  desc_hold(d);
  desc_release(d);
  ok(desc_shut(d) == 0 && d->shut, "shut while busy");
  ok(is_open(fd) && d->fd == fd, "the number is kept");
  int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ok(other != fd, "nobody else gets it");
  close(other);
  desc_ref(d);
  desc_release(d);
  ok(!is_open(fd) && d->fd == -1, "closed with the last request");
  desc_unref(d);
  desc_unref(d);
}

/* All references go while a request is in flight. */
static void dropped(void) {
  struct desc *d = open_null();
  int fd = d->fd;
  desc_hold(d);
  desc_unref(d);
  ok(is_open(fd), "the request holds it");
  desc_release(d);
  ok(!is_open(fd), "and was the last");
}

static void failing(void) {
  struct desc *d = open_null();
  close(d->fd);
  ok(desc_shut(d) == -EBADF, "what close(2) says");
  desc_unref(d);
}

/* ---- watches ---- */

static int told;
static struct watch second;

static void gone(struct watch *w) {
  told++;
  if (w->link != NULL || w->desc != NULL)
    told += 100;
}

static void takes_second_along(struct watch *w) {
  gone(w);
  desc_unwatch(&second);
}

static void watched(void) {
  struct desc *d = open_null();
  struct watch a = {.gone = gone}, b = {.gone = gone}, c = {.gone = gone};
  desc_watch(d, &a);
  desc_watch(d, &b);
  desc_watch(d, &c);
  desc_unwatch(&b);
  desc_unwatch(&b);
  ok(a.desc == d && b.desc == NULL, "one leaves the middle");
  desc_hold(d);
  desc_shut(d);
  ok(told == 2, "the others are told at once, unlinked");
  desc_shut(d);
  ok(told == 2, "and once");
  desc_unwatch(&a);
  desc_release(d);
  desc_unref(d);
  d = open_null();
  struct watch first = {.gone = takes_second_along};
  second = (struct watch){.gone = gone};
  desc_watch(d, &second);
  desc_watch(d, &first);
  told = 0;
  desc_shut(d);
  ok(told == 1, "a watch that takes another along");
  desc_unref(d);
}

int main(void) {
  idle();
  busy();
  dropped();
  failing();
  watched();
  return done();
}
