#include "core/kaio.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The calls take the kernel's old timespec of two longs. */
static_assert(sizeof(struct timespec) == 2 * sizeof(long), "timespec");

static int answer(long res) {
  return res < 0 ? -errno : (int)res;
}

static int kernel_setup(struct kaio *k, unsigned nr, aio_context_t *id) {
  (void)k;
  return answer(syscall(SYS_io_setup, nr, id));
}

static int kernel_destroy(struct kaio *k, aio_context_t id) {
  (void)k;
  return answer(syscall(SYS_io_destroy, id));
}

static int kernel_submit(struct kaio *k, aio_context_t id, long nr,
                         struct iocb **list) {
  (void)k;
  return answer(syscall(SYS_io_submit, id, nr, list));
}

static int kernel_cancel(struct kaio *k, aio_context_t id, struct iocb *iocb,
                         struct io_event *event) {
  (void)k;
  return answer(syscall(SYS_io_cancel, id, iocb, event));
}

static int kernel_getevents(struct kaio *k, aio_context_t id, long min_nr,
                            long nr, struct io_event *events,
                            struct timespec *timeout) {
  (void)k;
  return answer(syscall(SYS_io_getevents, id, min_nr, nr, events, timeout));
}

/* The kernel's struct __aio_sigset, which no header has. Its sigset is of 8
 * bytes, not of sizeof(sigset_t) (fs/aio.c). */
struct aio_sigset {
  const sigset_t *mask;
  size_t size;
};

static int kernel_pgetevents(struct kaio *k, aio_context_t id, long min_nr,
                             long nr, struct io_event *events,
                             struct timespec *timeout,
                             const sigset_t *blocked) {
  struct aio_sigset set = {blocked, 8};
  (void)k;
  return answer(syscall(SYS_io_pgetevents, id, min_nr, nr, events, timeout,
                        blocked != NULL ? &set : NULL));
}

struct kaio kaio_kernel = {kernel_setup,  kernel_destroy,   kernel_submit,
                           kernel_cancel, kernel_getevents, kernel_pgetevents};
