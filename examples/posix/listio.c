/* Eight writes by lio_listio, a sync, and eight reads that tell by a signal
 * that they have ended: the C program beside listio.lua.
 *   cc listio.c */
#define _GNU_SOURCE
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REQUESTS = 8, SIZE = 4096 };

static void check(int ok, const char *what, int err) {
  if (ok)
    return;
  fprintf(stderr, "%s: %s\n", what, strerror(err));
  exit(1);
}

int main(void) {
  static struct aiocb cbs[REQUESTS], sync;
  static char bufs[REQUESTS][SIZE];
  struct aiocb *list[REQUESTS];
  const char *path = "aiosh-posix_listio.tmp";
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  check(fd >= 0, "open", errno);
  unlink(path);

  for (int i = 0; i < REQUESTS; i++) {
    struct aiocb *cb = list[i] = &cbs[i];
    memset(bufs[i], 'a' + i, SIZE);
    cb->aio_fildes = fd;
    cb->aio_buf = bufs[i];
    cb->aio_nbytes = SIZE;
    cb->aio_offset = i * SIZE;
    cb->aio_lio_opcode = LIO_WRITE;
    cb->aio_sigevent.sigev_notify = SIGEV_NONE;
  }
  int r = lio_listio(LIO_WAIT, list, REQUESTS, NULL);
  check(r == 0, "lio_listio", errno);
  for (int i = 0; i < REQUESTS; i++)
    printf("write %d: error %d, return %d\n", i, aio_error(&cbs[i]),
           (int)aio_return(&cbs[i]));

  sync.aio_fildes = fd;
  sync.aio_sigevent.sigev_notify = SIGEV_NONE;
  r = aio_fsync(O_SYNC, &sync);
  check(r == 0, "aio_fsync", errno);
  const struct aiocb *one[] = {&sync};
  struct timespec timeout = {.tv_sec = 10};
  while (aio_error(&sync) == EINPROGRESS)
    check(aio_suspend(one, 1, &timeout) == 0, "aio_suspend", errno);
  printf("sync: error %d, return %d\n", aio_error(&sync),
         (int)aio_return(&sync));

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  for (int i = 0; i < REQUESTS; i++) {
    struct aiocb *cb = &cbs[i];
    memset(bufs[i], 0, SIZE);
    cb->aio_sigevent.sigev_notify = SIGEV_SIGNAL;
    cb->aio_sigevent.sigev_signo = SIGRTMIN;
    cb->aio_sigevent.sigev_value.sival_int = i;
    r = aio_read(cb);
    check(r == 0, "aio_read", errno);
  }
  for (int done = 0; done < REQUESTS; done++) {
    siginfo_t info;
    check(sigtimedwait(&signals, &info, &timeout) > 0, "sigtimedwait", errno);
    int i = info.si_value.sival_int;
    printf("read %d: '%c', error %d, return %d\n", i, bufs[i][0],
           aio_error(&cbs[i]), (int)aio_return(&cbs[i]));
  }

  r = aio_cancel(fd, NULL);
  printf("cancel: %s\n", r == AIO_ALLDONE ? "all done" : "not all done");
  close(fd);
  return 0;
}
