/* An epoll instance that is safe to use from a garbage-collected language.
 *
 * One entry per descriptor number. The kernel's data word holds the number
 * and a generation, so that an event of an earlier registration is never
 * taken for one of a later. What epoll_wait(2) reported is queued in the
 * entries themselves (each at most once, the oldest first) and stays there
 * until it is handed out, removed, or found to be ready no more.
 *
 * A poller belongs to the process that opened it: the instance is shared with
 * forked children, so that a child must only shut it (see epoch.h). */
#ifndef CORE_POLLER_H
#define CORE_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "core/desc.h"

#define POLLER_FOREVER INT64_C(-1)

struct entry {
  struct watch watch; /* first: what `gone` is called with. Linked while the
                         descriptor is one of ours */
  struct poller *poller;
  int fd;
  uint32_t gen, events;
  uint32_t ready; /* reported, not handed out; in the queue when link is set */
  unsigned seen;  /* the look that reported it last */
  bool live;      /* registered, as far as we know */
  bool armed;     /* live, and not a one-shot that has fired */
  bool lost;      /* in the list of those whose descriptor was closed */
  struct entry *next, **link, *next_lost;
};

struct poller {
  struct desc *desc;
  unsigned epoch;
  uint32_t gen;
  unsigned look;
  unsigned watched, armed, queued;
  uint64_t passed; /* how many have left the queue, ever */
  struct entry **by_fd;
  size_t nfds;
  struct entry *head, **tail, *lost;
  struct epoll_event *taken; /* room for one of each that is watched */
  int room;
};

int poller_open(struct poller **out);

/* What close(2) said: 0 or -errno. Frees p. */
int poller_shut(struct poller *p);

/* Makes room to add fd; -ENOMEM. Nothing else here allocates. */
int poller_reserve(struct poller *p, int fd);

/* epoll_ctl(2): 0 or -errno. d (or NULL): who must tell when fd is closed. An
 * entry whose number the system has given to another file is replaced. */
int poller_add(struct poller *p, int fd, struct desc *d, uint32_t events);
int poller_modify(struct poller *p, int fd, uint32_t events);
int poller_remove(struct poller *p, int fd);

/* The live entry of fd, or NULL. */
struct entry *poller_find(const struct poller *p, int fd);

/* Takes a number whose descriptor was closed while watched out of the list
 * of such; -1 when there is none. */
int poller_lost(struct poller *p);

/* How many events are queued now: what an earlier wait left over (looked at
 * again), else what one epoll_wait(2) of at most max reported, 0 = timeout.
 * ns: POLLER_FOREVER or how long. -errno. */
int poller_wait(struct poller *p, int64_t ns, int max);

/* The oldest queued entry (or NULL); takes it out of the queue. */
struct entry *poller_peek(const struct poller *p);
void poller_pop(struct poller *p);

#endif
