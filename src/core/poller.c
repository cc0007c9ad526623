#include "core/poller.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/epoch.h"

#define ROOM_AT_FIRST 64

/* --- the queue --- */

static void queue_append(struct poller *p, struct entry *e) {
  e->next = NULL;
  e->link = p->tail;
  *p->tail = e;
  p->tail = &e->next;
  p->queued++;
}

static void queue_unlink(struct poller *p, struct entry *e) {
  if (e->link == NULL)
    return;
  *e->link = e->next;
  if (e->next != NULL)
    e->next->link = e->link;
  else
    p->tail = e->link;
  e->link = NULL;
  e->ready = 0;
  p->queued--;
  p->passed++;
}

struct entry *poller_peek(const struct poller *p) {
  return p->head;
}

void poller_pop(struct poller *p) {
  if (p->head != NULL)
    queue_unlink(p, p->head);
}

/* --- entries --- */

static int control(const struct poller *p, int op, int fd, uint32_t events,
                   uint32_t gen) {
  struct epoll_event ev = {.events = events,
                           .data.u64 = (uint64_t)gen << 32 | (uint32_t)fd};
  return epoll_ctl(p->desc->fd, op, fd, &ev) == 0 ? 0 : -errno;
}

static void entry_arm(struct entry *e, bool armed) {
  if (e->armed != armed)
    e->poller->armed += armed ? 1 : -1U;
  e->armed = armed;
}

/* Forgets the entry, whatever the kernel knows of it. */
static void entry_drop(struct entry *e) {
  if (!e->live)
    return;
  desc_unwatch(&e->watch);
  queue_unlink(e->poller, e);
  entry_arm(e, false);
  e->live = false;
  e->poller->watched--;
}

static void entry_lose(struct entry *e) {
  entry_drop(e);
  if (e->lost)
    return;
  e->lost = true;
  e->next_lost = e->poller->lost;
  e->poller->lost = e;
}

/* The descriptor is about to be closed. A forked child closes only its copy:
 * the registration is the parent's. */
static void entry_gone(struct watch *w) {
  struct entry *e = (struct entry *)w;
  if (e->poller->epoch == epoch_now())
    control(e->poller, EPOLL_CTL_DEL, e->fd, 0, 0);
  entry_lose(e);
}

static void entry_begin(struct entry *e, struct desc *d, uint32_t events) {
  e->live = true;
  e->poller->watched++;
  e->gen = e->poller->gen;
  e->events = events;
  entry_arm(e, true);
  if (d != NULL)
    desc_watch(d, &e->watch);
}

static struct entry *entry_at(const struct poller *p, int fd) {
  return fd >= 0 && (size_t)fd < p->nfds ? p->by_fd[fd] : NULL;
}

struct entry *poller_find(const struct poller *p, int fd) {
  struct entry *e = entry_at(p, fd);
  return e != NULL && e->live ? e : NULL;
}

/* --- open, shut, room --- */

static struct poller *poller_over(int fd) {
  struct poller *p = calloc(1, sizeof *p);
  if (p == NULL)
    return NULL;
  p->tail = &p->head;
  p->epoch = epoch_now();
  if (desc_new(&p->desc, fd) == 0)
    return p;
  free(p);
  return NULL;
}

int poller_open(struct poller **out) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0)
    return -errno;
  *out = poller_over(fd);
  if (*out != NULL)
    return 0;
  close(fd);
  return -ENOMEM;
}

int poller_shut(struct poller *p) {
  int err;
  for (size_t i = 0; i < p->nfds; i++)
    if (p->by_fd[i] != NULL) {
      entry_drop(p->by_fd[i]);
      free(p->by_fd[i]);
    }
  err = desc_shut(p->desc);
  desc_unref(p->desc);
  free(p->by_fd);
  free(p->taken);
  free(p);
  return err;
}

static int reserve_number(struct poller *p, size_t fd) {
  size_t n = p->nfds == 0 ? ROOM_AT_FIRST : p->nfds;
  struct entry **more;
  if (fd < p->nfds)
    return 0;
  while (n <= fd)
    n *= 2;
  more = realloc(p->by_fd, n * sizeof(struct entry *));
  if (more == NULL)
    return -ENOMEM;
  memset(more + p->nfds, 0, (n - p->nfds) * sizeof(struct entry *));
  p->by_fd = more;
  p->nfds = n;
  return 0;
}

static int reserve_taken(struct poller *p) {
  int room = p->room == 0 ? ROOM_AT_FIRST : p->room * 2;
  struct epoll_event *more;
  if (p->watched < (unsigned)p->room)
    return 0;
  more = realloc(p->taken, (size_t)room * sizeof *more);
  if (more == NULL)
    return -ENOMEM;
  p->taken = more;
  p->room = room;
  return 0;
}

static int reserve_entry(struct poller *p, int fd) {
  struct entry *e = p->by_fd[fd];
  if (e == NULL)
    e = calloc(1, sizeof *e);
  if (e == NULL)
    return -ENOMEM;
  e->poller = p;
  e->fd = fd;
  e->watch.gone = entry_gone;
  p->by_fd[fd] = e;
  return 0;
}

/* A number that is not open needs no room: epoll_ctl refuses it. */
int poller_reserve(struct poller *p, int fd) {
  int err;
  if (fd < 0 || fcntl(fd, F_GETFD) < 0)
    return 0;
  err = reserve_number(p, (size_t)fd);
  if (err == 0)
    err = reserve_taken(p);
  return err == 0 ? reserve_entry(p, fd) : err;
}

/* --- add, modify, remove --- */

int poller_add(struct poller *p, int fd, struct desc *d, uint32_t events) {
  struct entry *e = entry_at(p, fd);
  int err;
  if (e == NULL)
    return -EBADF;
  err = control(p, EPOLL_CTL_ADD, fd, events, ++p->gen);
  if (err != 0)
    return err;
  entry_drop(e);
  entry_begin(e, d, events);
  return 0;
}

/* What the kernel says of a number that we do not watch. */
static int not_watched(const struct poller *p, int fd) {
  int err = control(p, EPOLL_CTL_DEL, fd, 0, 0);
  return err != 0 ? err : -ENOENT;
}

/* What is queued of the entry is dropped: the kernel looks at the descriptor
 * anew when it is modified, and reports again what is still so. */
int poller_modify(struct poller *p, int fd, uint32_t events) {
  struct entry *e = poller_find(p, fd);
  int err;
  if (e == NULL)
    return not_watched(p, fd);
  err = control(p, EPOLL_CTL_MOD, fd, events, ++p->gen);
  if (err != 0)
    return err;
  queue_unlink(p, e);
  e->gen = p->gen;
  e->events = events;
  entry_arm(e, true);
  return 0;
}

/* Forgotten also when the kernel knows it no more (a plain number that was
 * closed); its answer is given all the same. */
int poller_remove(struct poller *p, int fd) {
  struct entry *e = poller_find(p, fd);
  if (e == NULL)
    return not_watched(p, fd);
  entry_drop(e);
  return control(p, EPOLL_CTL_DEL, fd, 0, 0);
}

int poller_lost(struct poller *p) {
  while (p->lost != NULL) {
    struct entry *e = p->lost;
    p->lost = e->next_lost;
    e->lost = false;
    if (!e->live)
      return e->fd;
  }
  return -1;
}

/* --- waiting --- */

/* epoll_wait(2) in ms, rounded up: never early. */
static int wait_ms(int fd, struct epoll_event *ev, int max, int64_t ns) {
  int64_t ms = ns / 1000000 + (ns % 1000000 != 0);
  if (ns == POLLER_FOREVER)
    ms = -1;
  return epoll_wait(fd, ev, max, ms > INT_MAX ? INT_MAX : (int)ms);
}

/* epoll_pwait2(2), since 5.11, counts in ns. */
static int wait_ns(int fd, struct epoll_event *ev, int max, int64_t ns) {
#ifdef SYS_epoll_pwait2
  struct {
    int64_t sec, nsec;
  } ts = {ns / 1000000000, ns % 1000000000};
  return (int)syscall(SYS_epoll_pwait2, fd, ev, max,
                      ns == POLLER_FOREVER ? NULL : &ts, NULL, (size_t)8);
#else
  errno = ENOSYS;
  return -1;
#endif
}

/* Old sandboxes answer EPERM for a call that they don't know. */
static int wait_any(int fd, struct epoll_event *ev, int max, int64_t ns) {
  static bool coarse;
  int n = coarse ? -1 : wait_ns(fd, ev, max, ns);
  if (coarse || (n < 0 && (errno == ENOSYS || errno == EPERM))) {
    coarse = true;
    n = wait_ms(fd, ev, max, ns);
  }
  return n;
}

static int kernel_wait(struct poller *p, int64_t ns, int max) {
  struct epoll_event none = {0};
  struct epoll_event *ev = p->taken != NULL ? p->taken : &none;
  int room = p->taken != NULL ? p->room : 1;
  int n = wait_any(p->desc->fd, ev, max < room ? max : room, ns);
  return n >= 0 ? n : -errno;
}

static struct entry *event_entry(const struct poller *p,
                                 const struct epoll_event *ev) {
  struct entry *e = poller_find(p, (int)(uint32_t)ev->data.u64);
  return e != NULL && e->gen == ev->data.u64 >> 32 ? e : NULL;
}

/* Level-triggered: reported anew for as long as it is ready. */
static bool entry_lasts(const struct entry *e) {
  return (e->events & (EPOLLET | EPOLLONESHOT)) == 0;
}

static void entry_report(struct poller *p, struct entry *e, uint32_t ready) {
  if (!e->armed)
    return;
  e->seen = p->look;
  e->ready = entry_lasts(e) ? ready : e->ready | ready;
  if (e->link == NULL)
    queue_append(p, e);
  if (e->events & EPOLLONESHOT)
    entry_arm(e, false);
}

/* Moves one registration to another instance. A disarmed one-shot may fire
 * once more there: entry_report drops that. */
static int entry_move(struct entry *e, int from, int to) {
  struct epoll_event ev = {.events = e->armed ? e->events : EPOLLONESHOT,
                           .data.u64 =
                               (uint64_t)e->gen << 32 | (uint32_t)e->fd};
  if (epoll_ctl(from, EPOLL_CTL_DEL, e->fd, NULL) != 0)
    return -errno;
  return epoll_ctl(to, EPOLL_CTL_ADD, e->fd, &ev) == 0 ? 0 : -errno;
}

/* A waiter that watches this one holds the instance just replaced. */
static void poller_reintroduce(struct poller *p) {
  struct watch *w, *next;
  for (w = p->desc->watches; w != NULL; w = next) {
    struct entry *e = (struct entry *)w;
    next = w->next;
    if (w->gone == entry_gone && e->poller->epoch == epoch_now() &&
        control(e->poller, EPOLL_CTL_ADD, e->fd, e->events, e->gen) != 0)
      entry_lose(e);
  }
}

/* The kernel goes on reporting a number that was closed while another copy of
 * the descriptor keeps its file open, and no EPOLL_CTL_DEL can name it any
 * more: a level-triggered one would turn every wait into a busy loop. The way
 * out is a new instance under the old number. */
static int poller_rebuild(struct poller *p) {
  int old = p->desc->fd, err = 0;
  int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0)
    return -errno;
  for (size_t i = 0; i < p->nfds; i++) {
    struct entry *e = poller_find(p, (int)i);
    if (e != NULL && entry_move(e, old, fd) != 0)
      entry_lose(e);
  }
  if (dup3(fd, old, O_CLOEXEC) < 0)
    err = -errno;
  close(fd);
  poller_reintroduce(p);
  return err;
}

/* An earlier wait left some in the queue. Those that are level-triggered and
 * ready no more are dropped; nothing is lost, the kernel reports them when
 * they are. New ones join only if the kernel would not report them again. */
static void poller_refresh(struct poller *p) {
  int n = kernel_wait(p, 0, p->room);
  struct entry *e, *next;
  p->look++;
  for (int i = 0; i < n; i++) {
    e = event_entry(p, &p->taken[i]);
    if (e != NULL && (e->link != NULL || !entry_lasts(e)))
      entry_report(p, e, p->taken[i].events);
  }
  for (e = p->head; e != NULL && n >= 0 && n < p->room; e = next) {
    next = e->next;
    if (entry_lasts(e) && e->seen != p->look)
      queue_unlink(p, e);
  }
}

/* Queues what the kernel reported; false when some of it is not ours. */
static bool poller_collect(struct poller *p, int n) {
  bool ours = true;
  p->look++;
  for (int i = 0; i < n; i++) {
    struct entry *e = event_entry(p, &p->taken[i]);
    if (e != NULL)
      entry_report(p, e, p->taken[i].events);
    else
      ours = false;
  }
  return ours;
}

int poller_wait(struct poller *p, int64_t ns, int max) {
  int n, err = 0;
  if (p->queued > 0 && max > 0)
    poller_refresh(p);
  if (p->queued > 0 && max > 0)
    return (int)p->queued;
  n = kernel_wait(p, ns, max);
  if (n < 0)
    return n;
  if (!poller_collect(p, n)) {
    err = poller_rebuild(p);
    if (err == 0 && p->queued == 0)
      return poller_wait(p, 0, max);
  }
  return p->queued > 0 ? (int)p->queued : err;
}
