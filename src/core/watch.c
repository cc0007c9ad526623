#include "core/watch.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "core/clock.h"
#include "core/epoch.h"

struct note {
  _Atomic uint64_t position; /* of the event it is about, plus 1 */
  _Atomic int64_t at, gap;
};

struct watched {
  struct watched *next, **link;
  struct ring ring;
  uint32_t base; /* head when watching began: position 0 */
  unsigned epoch;
  _Atomic uint64_t taken; /* events before this position have left the ring */
  atomic_uint flying;
  uint64_t seen;  /* the thread's: positions below this have a note */
  int64_t looked; /* when it looked last; 0: never */
  struct note note[];
};

/* How long nothing has to move for the thread to look less often, and for it
 * to look seldom: a poll may wait for hours. */
enum { QUIET_NS = 10000000, STILL_NS = 200000000 };

/* Two looks so far apart, with something between them: not by chance. */
enum { FAR_NS = 5000 };

bool watch_on;

/* What the thread and the others share, guarded by lock but for the atomics.
 * The thread holds lock while it looks at rings, and leaves it alone while
 * somebody waits for it. */
static struct watched *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static pthread_cond_t begun = PTHREAD_COND_INITIALIZER;
static bool running;
static atomic_uint waiting;
static atomic_bool asleep, stopping, news;
static pthread_t thread;
static unsigned users, owner;
static bool disturbed; /* the thread's: see leave_cpu */

static void enter(void) {
  atomic_fetch_add(&waiting, 1);
  pthread_mutex_lock(&lock);
  atomic_fetch_sub(&waiting, 1);
}

/* In a forked child the parent's rings are not there, nor is the thread; the
 * lock may be held by it for ever. */
static void forget_parent(void) {
  static const pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;
  if (owner == epoch_now())
    return;
  lock = unlocked;
  atomic_store(&waiting, 0);
  all = NULL;
  users = 0;
  watch_on = false;
  owner = epoch_now();
}

/* ---- the thread ---- */

static void write_note(struct watched *w, uint64_t position, int64_t now) {
  struct note *n = &w->note[position % w->ring.nr];
  atomic_store_explicit(&n->at, now, memory_order_relaxed);
  atomic_store_explicit(&n->gap, w->looked > 0 ? now - w->looked : -1,
                        memory_order_relaxed);
  atomic_store_explicit(&n->position, position + 1, memory_order_release);
}

/* Notes what came since the last look; whether there was something. */
static bool look(struct watched *w) {
  uint32_t nr = w->ring.nr;
  uint64_t from = atomic_load(&w->taken);
  uint32_t tail = __atomic_load_n(&w->ring.map->tail, __ATOMIC_ACQUIRE);
  int64_t now = clock_now();
  uint64_t to =
      from + ((uint64_t)tail + nr - w->base % nr + nr - from % nr) % nr;
  if (from != atomic_load(&w->taken) || tail >= nr)
    return true; /* the taker is at work: look again */
  bool moved = to > w->seen;
  for (uint64_t p = from > w->seen ? from : w->seen; p < to; p++)
    write_note(w, p, now);
  disturbed |= moved && w->looked > 0 && now - w->looked > FAR_NS;
  w->seen = to;
  w->looked = now;
  return moved;
}

/* Whether something is in flight that was not seen in the ring. */
static bool outstanding(const struct watched *w) {
  uint64_t taken = atomic_load(&w->taken);
  return atomic_load(&w->flying) > (w->seen > taken ? w->seen - taken : 0);
}

/* Looks at all rings; *busy when something is outstanding in one of them. */
static bool look_at_all(bool *busy) {
  bool moved = false;
  for (struct watched *w = all; w != NULL; w = w->next) {
    if (outstanding(w))
      moved = look(w) || moved;
    else
      w->looked = 0;
    *busy = *busy || outstanding(w);
  }
  return moved;
}

/* Until something flies again. */
static void sleep_idle(void) {
  bool busy = false;
  atomic_store(&asleep, true);
  look_at_all(&busy);
  if (!busy && !atomic_load(&stopping))
    pthread_cond_wait(&wake, &lock);
  atomic_store(&asleep, false);
}

/* One look: whether something moves. To wake a thread takes longer than many
 * a request: it sleeps only when nothing has moved for long. */
static bool look_once(bool quiet) {
  bool busy = false;
  pthread_mutex_lock(&lock);
  bool moved = look_at_all(&busy);
  if (!busy && quiet)
    sleep_idle();
  pthread_mutex_unlock(&lock);
  return atomic_exchange(&news, false) || moved;
}

/* Between two looks: a moment, or longer when nothing has moved for long. */
static void pause_looking(int64_t still) {
  struct timespec nap = {.tv_nsec = still > STILL_NS ? 1000000 : 20000};
  while (atomic_load(&waiting) > 0)
    sched_yield();
  if (still > QUIET_NS)
    nanosleep(&nap, NULL);
  else
    sched_yield();
}

/* The device's interrupt keeps this CPU from looking just when requests
 * complete: the thread goes elsewhere. */
static void leave_cpu(const cpu_set_t *allowed) {
  cpu_set_t others = *allowed;
  int cpu = sched_getcpu();
  disturbed = false;
  if (cpu >= 0)
    CPU_CLR((size_t)cpu, &others);
  if (CPU_COUNT(&others) > 0)
    sched_setaffinity(0, sizeof others, &others);
}

static void announce(void) {
  pthread_mutex_lock(&lock);
  running = true;
  pthread_cond_signal(&begun);
  pthread_mutex_unlock(&lock);
}

static void *watch_thread(void *unused) {
  int64_t moved = clock_now(), still = 0;
  cpu_set_t allowed;
  prctl(PR_SET_TIMERSLACK, 1UL);
  sched_getaffinity(0, sizeof allowed, &allowed);
  announce();
  while (!atomic_load(&stopping)) {
    if (look_once(still > QUIET_NS))
      moved = clock_now();
    if (disturbed)
      leave_cpu(&allowed);
    still = clock_now() - moved;
    pause_looking(still);
  }
  return unused;
}

/* With every signal blocked: handlers belong to the threads of the host. */
static int start_thread(void) {
  sigset_t every, old;
  sigfillset(&every);
  atomic_store(&stopping, false);
  running = false;
  pthread_sigmask(SIG_SETMASK, &every, &old);
  int err = pthread_create(&thread, NULL, watch_thread, NULL);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  pthread_mutex_lock(&lock);
  while (err == 0 && !running)
    pthread_cond_wait(&begun, &lock);
  pthread_mutex_unlock(&lock);
  return -err;
}

int watch_start(void) {
  forget_parent();
  int err = users == 0 ? start_thread() : 0;
  if (err != 0)
    return err;
  users++;
  watch_on = true;
  return 0;
}

void watch_stop(void) {
  forget_parent();
  if (users == 0 || --users > 0)
    return;
  watch_on = false;
  atomic_store(&stopping, true);
  enter();
  pthread_cond_signal(&wake);
  pthread_mutex_unlock(&lock);
  pthread_join(thread, NULL);
}

/* ---- rings ---- */

struct watched *watch_add(const struct ring *r) {
  forget_parent();
  if (r->map == NULL || !watch_on)
    return NULL;
  struct watched *w = calloc(1, sizeof *w + r->nr * sizeof *w->note);
  if (w == NULL)
    return NULL;
  w->ring = *r;
  w->base = __atomic_load_n(&r->map->head, __ATOMIC_RELAXED) % r->nr;
  w->epoch = epoch_now();
  enter();
  w->next = all;
  w->link = &all;
  if (all != NULL)
    all->link = &w->next;
  all = w;
  pthread_mutex_unlock(&lock);
  return w;
}

void watch_remove(struct watched *w) {
  if (w == NULL)
    return;
  if (w->epoch == epoch_now()) {
    enter();
    *w->link = w->next;
    if (w->next != NULL)
      w->next->link = w->link;
    pthread_mutex_unlock(&lock);
  }
  free(w);
}

void watch_expect(struct watched *w, unsigned flying) {
  if (w == NULL)
    return;
  atomic_store(&w->flying, flying);
  atomic_store(&news, true);
  if (!atomic_load(&asleep))
    return;
  enter();
  pthread_cond_signal(&wake);
  pthread_mutex_unlock(&lock);
}

/* ---- the taker ---- */

uint64_t watch_begin(struct watched *w, uint32_t n) {
  uint32_t nr = w->ring.nr;
  uint32_t head = __atomic_load_n(&w->ring.map->head, __ATOMIC_RELAXED) % nr;
  uint32_t first = (head + nr - n % nr) % nr;
  uint64_t taken = atomic_load(&w->taken);
  uint32_t expected = (uint32_t)((w->base + taken) % nr);
  return taken + (first + nr - expected) % nr;
}

bool watch_stamp(const struct watched *w, uint64_t position, struct stamp *s) {
  const struct note *n = &w->note[position % w->ring.nr];
  if (atomic_load_explicit(&n->position, memory_order_acquire) != position + 1)
    return false;
  s->at = atomic_load_explicit(&n->at, memory_order_relaxed);
  s->gap = atomic_load_explicit(&n->gap, memory_order_relaxed);
  return true;
}

void watch_end(struct watched *w, uint32_t n, unsigned flying) {
  uint64_t first = watch_begin(w, n);
  atomic_store(&w->taken, first + n);
  atomic_store(&w->flying, flying);
}
