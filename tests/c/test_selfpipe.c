/* Self-pipes that come and go while other threads are being signalled; and
 * what a forked child finds of them. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/selfpipe.h"
#include "tap.h"

#define THREADS 2
#define TURNS 2000

static atomic_bool stop;
static atomic_uint sent;

static void *sender(void *arg) {
  (void)arg;
  while (!atomic_load(&stop)) {
    raise(SIGUSR1);
    atomic_fetch_add(&sent, 1);
  }
  return NULL;
}

static struct selfpipe *taking(int signo, int *fd) {
  struct selfpipe *s = NULL;
  if (selfpipe_open(&s, fd) == 0 && selfpipe_take(s, signo) == 0)
    return s;
  perror("selfpipe");
  _exit(1);
}

static unsigned drain(struct selfpipe *s, int fd) {
  struct selfpipe_event e;
  unsigned n = 0;
  while (selfpipe_read(s, fd, &e) == 0)
    n += e.count;
  return n;
}

/* One stays open and must count every signal; the others come and go. */
static void threads(void) {
  pthread_t t[THREADS];
  int all, fd;
  struct selfpipe *keeps = taking(SIGUSR1, &all);
  unsigned n = 0;
  for (int i = 0; i < THREADS; i++)
    pthread_create(&t[i], NULL, sender, NULL);
  for (int i = 0; i < TURNS; i++) {
    struct selfpipe *s = taking(SIGUSR1, &fd);
    n += drain(keeps, all);
    selfpipe_close(s);
    close(fd);
  }
  atomic_store(&stop, true);
  for (int i = 0; i < THREADS; i++)
    pthread_join(t[i], NULL);
  n += drain(keeps, all);
  ok(n == atomic_load(&sent), "%u signals were sent, %u read",
     atomic_load(&sent), n);
  selfpipe_close(keeps);
  close(all);
}

static int status_of(void (*child)(void)) {
  int status = -1;
  pid_t pid = fork();
  if (pid == 0) {
    child();
    _exit(0);
  }
  waitpid(pid, &status, 0);
  return status;
}

static void raise_term(void) {
  raise(SIGTERM);
}

static struct selfpipe *parents;
static int parents_fd;

static void take_anew(void) {
  struct selfpipe_event e = {0};
  int fd;
  struct selfpipe *s = taking(SIGTERM, &fd);
  raise(SIGTERM);
  if (selfpipe_read(s, fd, &e) != 0 || e.signo != SIGTERM || e.pid != getpid())
    _exit(1);
  selfpipe_close(s);
  close(fd);
  selfpipe_close(parents);
  raise(SIGTERM);
}

static void forks(void) {
  struct selfpipe_event e;
  int status;
  parents = taking(SIGTERM, &parents_fd);
  status = status_of(raise_term);
  ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM,
     "a child that takes nothing itself is killed");
  status = status_of(take_anew);
  ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM,
     "a child may take it, and give it back");
  ok(selfpipe_read(parents, parents_fd, &e) == -EAGAIN,
     "the parent was told nothing");
  raise(SIGTERM);
  ok(selfpipe_read(parents, parents_fd, &e) == 0 && e.signo == SIGTERM,
     "and still takes it");
  selfpipe_close(parents);
  close(parents_fd);
}

/* Whoever has installed another handler since keeps it. */
static void foreign(void) {
  struct sigaction now;
  int fd;
  struct selfpipe *s = taking(SIGUSR2, &fd);
  signal(SIGUSR2, SIG_IGN);
  selfpipe_close(s);
  close(fd);
  sigaction(SIGUSR2, NULL, &now);
  ok(now.sa_handler == SIG_IGN, "a disposition of somebody else's stays");
}

static void values(void) {
  struct selfpipe_event e;
  int fd;
  struct selfpipe *s = taking(SIGUSR1, &fd);
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = -7});
  ok(selfpipe_read(s, fd, &e) == 0 && e.valued && e.value == -7,
     "a value that was sent along");
  raise(SIGUSR1);
  ok(selfpipe_read(s, fd, &e) == 0 && !e.valued && e.value == 0, "none");
  selfpipe_close(s);
  close(fd);
}

static void raise_usr1(void) {
  raise(SIGUSR1);
}

static void spare_before(void) {
  selfpipe_spare(SIGUSR1);
  raise(SIGUSR1);
}

static void spare_while_taken(void) {
  int fd;
  struct selfpipe *s = taking(SIGUSR1, &fd);
  selfpipe_spare(SIGUSR1);
  raise(SIGUSR1);
  selfpipe_close(s);
  raise(SIGUSR1);
}

static void spare_what_is_ignored(void) {
  struct sigaction now;
  signal(SIGUSR1, SIG_IGN);
  selfpipe_spare(SIGUSR1);
  sigaction(SIGUSR1, NULL, &now);
  _exit(now.sa_handler == SIG_IGN ? 0 : 1);
}

static void spared(void) {
  int status = status_of(raise_usr1);
  ok(WIFSIGNALED(status), "a signal that nobody takes kills");
  ok(status_of(spare_before) == 0, "not when it is spared");
  ok(status_of(spare_while_taken) == 0, "nor when it is taken no more");
  ok(status_of(spare_what_is_ignored) == 0, "what is ignored stays so");
  ok(selfpipe_spare(SIGKILL) == -EINVAL && selfpipe_spare(0) == -EINVAL,
     "what can't be handled is refused");
}

int main(void) {
  values();
  spared();
  threads();
  forks();
  foreign();
  return done();
}
