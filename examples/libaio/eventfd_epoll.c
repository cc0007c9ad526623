/* 128 reads whose completions are counted by an eventfd that epoll watches:
 * the C program beside eventfd_epoll.lua.
 *   cc eventfd_epoll.c -laio */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libaio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { REQUESTS = 128, SIZE = 1024 };

struct custom_iocb {
  struct iocb iocb;
  int nth_request;
};

static void on_read(io_context_t ctx, struct iocb *iocb, long res, long res2) {
  (void)ctx;
  struct custom_iocb *own = (struct custom_iocb *)iocb;
  printf("nth_request: %d, request_type: %s, offset: %lld, length: %lu, "
         "res: %ld, res2: %ld\n",
         own->nth_request,
         iocb->aio_lio_opcode == IO_CMD_PREAD ? "READ" : "WRITE",
         iocb->u.c.offset, iocb->u.c.nbytes, res, res2);
}

static void check(int ok, const char *what, int err) {
  if (ok)
    return;
  fprintf(stderr, "%s: %s\n", what, strerror(err));
  exit(1);
}

int main(void) {
  static struct custom_iocb iocbs[REQUESTS];
  static struct iocb *ios[REQUESTS];
  static struct io_event events[REQUESTS];
  const char *path = "aiosh-eventfd_epoll.tmp";
  int fd = open(path, O_RDWR | O_CREAT | O_DIRECT, 0644);
  check(fd >= 0, "open", errno);
  unlink(path);
  check(ftruncate(fd, 127 * 1024) == 0, "ftruncate", errno);

  io_context_t ctx = 0;
  int r = io_setup(8192, &ctx);
  check(r == 0, "io_setup", -r);
  void *buf;
  r = posix_memalign(&buf, 512, SIZE);
  check(r == 0, "posix_memalign", r);
  int efd = eventfd(0, EFD_NONBLOCK);
  for (int i = 0; i < REQUESTS; i++) {
    struct iocb *iocb = ios[i] = &iocbs[i].iocb;
    io_prep_pread(iocb, fd, buf, SIZE, i * SIZE);
    io_set_eventfd(iocb, efd);
    io_set_callback(iocb, on_read);
    iocbs[i].nth_request = i + 1;
  }
  r = io_submit(ctx, REQUESTS, ios);
  check(r == REQUESTS, "io_submit", -r);

  int epfd = epoll_create1(0);
  struct epoll_event ready = {.events = EPOLLIN | EPOLLET};
  epoll_ctl(epfd, EPOLL_CTL_ADD, efd, &ready);
  for (int done = 0; done < REQUESTS;) {
    check(epoll_wait(epfd, &ready, 1, 10000) == 1, "epoll_wait", ETIMEDOUT);
    uint64_t finished = 0;
    check(read(efd, &finished, sizeof finished) == 8, "read", errno);
    printf("finished io number: %" PRIu64 "\n", finished);
    r = io_getevents(ctx, (long)finished, (long)finished, events, NULL);
    check(r == (int)finished, "io_getevents", -r);
    for (int i = 0; i < r; i++) {
      io_callback_t callback = (io_callback_t)events[i].data;
      callback(ctx, events[i].obj, (long)events[i].res, (long)events[i].res2);
    }
    done += r;
  }

  close(epfd);
  close(efd);
  free(buf);
  io_destroy(ctx);
  close(fd);
  return 0;
}
