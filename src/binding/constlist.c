/* The other C constants, by the header or manual page that defines them.
 * What older headers lack has here the value that the kernel gave it. */
#include "binding/constants.h"

#include <aio.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define C(name)                                                                \
  { #name, name }

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif
#ifndef RWF_ATOMIC
#define RWF_ATOMIC 0x40
#endif
#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80
#endif
#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x100
#endif
#ifndef IOCB_FLAG_IOPRIO
#define IOCB_FLAG_IOPRIO (1 << 1)
#endif
#ifndef STATX_DIOALIGN
#define STATX_DIOALIGN 0x2000
#endif
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000
#endif
#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET (1 << 1)
#endif

/* linux/ioprio.h is younger than the kernels that know these; fs/aio.c keeps
 * its ring's numbers to itself. */
enum {
  IOPRIO_CLASS_SHIFT = 13,
  IOPRIO_CLASS_NONE = 0,
  IOPRIO_CLASS_RT,
  IOPRIO_CLASS_BE,
  IOPRIO_CLASS_IDLE,
  AIO_RING_COMPAT_FEATURES = 1,
  AIO_RING_INCOMPAT_FEATURES = 0
};
#define AIO_RING_MAGIC 0xa10a10a1u

const struct constant constants_other[] = {
    /* poll(2) */
    C(POLLIN),
    C(POLLPRI),
    C(POLLOUT),
    C(POLLERR),
    C(POLLHUP),
    C(POLLNVAL),
    C(POLLRDNORM),
    C(POLLRDBAND),
    C(POLLWRNORM),
    C(POLLWRBAND),
    C(POLLMSG),
    C(POLLREMOVE),
    C(POLLRDHUP),
    /* epoll(7) */
    C(EPOLLIN),
    C(EPOLLPRI),
    C(EPOLLOUT),
    C(EPOLLRDNORM),
    C(EPOLLRDBAND),
    C(EPOLLWRNORM),
    C(EPOLLWRBAND),
    C(EPOLLMSG),
    C(EPOLLERR),
    C(EPOLLHUP),
    C(EPOLLRDHUP),
    C(EPOLLEXCLUSIVE),
    C(EPOLLWAKEUP),
    C(EPOLLONESHOT),
    C(EPOLLET),
    C(EPOLL_CLOEXEC),
    C(EPOLL_CTL_ADD),
    C(EPOLL_CTL_DEL),
    C(EPOLL_CTL_MOD),
    /* linux/aio_abi.h, and the ring of fs/aio.c */
    C(IOCB_CMD_PREAD),
    C(IOCB_CMD_PWRITE),
    C(IOCB_CMD_FSYNC),
    C(IOCB_CMD_FDSYNC),
    C(IOCB_CMD_POLL),
    C(IOCB_CMD_NOOP),
    C(IOCB_CMD_PREADV),
    C(IOCB_CMD_PWRITEV),
    C(IOCB_FLAG_RESFD),
    C(IOCB_FLAG_IOPRIO),
    C(AIO_RING_MAGIC),
    C(AIO_RING_COMPAT_FEATURES),
    C(AIO_RING_INCOMPAT_FEATURES),
    /* aio.h */
    C(AIO_CANCELED),
    C(AIO_NOTCANCELED),
    C(AIO_ALLDONE),
    C(LIO_READ),
    C(LIO_WRITE),
    C(LIO_NOP),
    C(LIO_WAIT),
    C(LIO_NOWAIT),
    C(SIGEV_SIGNAL),
    C(SIGEV_NONE),
    C(SIGEV_THREAD),
    /* aio_rw_flags */
    C(RWF_HIPRI),
    C(RWF_DSYNC),
    C(RWF_SYNC),
    C(RWF_NOWAIT),
    C(RWF_APPEND),
    C(RWF_NOAPPEND),
    C(RWF_ATOMIC),
    C(RWF_DONTCACHE),
    C(RWF_NOSIGNAL),
    /* linux/ioprio.h */
    C(IOPRIO_CLASS_SHIFT),
    C(IOPRIO_CLASS_NONE),
    C(IOPRIO_CLASS_RT),
    C(IOPRIO_CLASS_BE),
    C(IOPRIO_CLASS_IDLE),
    /* eventfd(2), timerfd_create(2), signalfd(2) */
    C(EFD_CLOEXEC),
    C(EFD_NONBLOCK),
    C(EFD_SEMAPHORE),
    C(TFD_CLOEXEC),
    C(TFD_NONBLOCK),
    C(TFD_TIMER_ABSTIME),
    C(TFD_TIMER_CANCEL_ON_SET),
    C(SFD_CLOEXEC),
    C(SFD_NONBLOCK),
    /* open(2) */
    C(O_RDONLY),
    C(O_WRONLY),
    C(O_RDWR),
    C(O_ACCMODE),
    C(O_CREAT),
    C(O_EXCL),
    C(O_NOCTTY),
    C(O_TRUNC),
    C(O_APPEND),
    C(O_NONBLOCK),
    C(O_NDELAY),
    C(O_SYNC),
    C(O_DSYNC),
    C(O_RSYNC),
    C(O_ASYNC),
    C(O_DIRECT),
    C(O_LARGEFILE),
    C(O_DIRECTORY),
    C(O_NOFOLLOW),
    C(O_NOATIME),
    C(O_CLOEXEC),
    C(O_PATH),
    C(O_TMPFILE),
    /* inode(7) */
    C(S_IFMT),
    C(S_IFSOCK),
    C(S_IFLNK),
    C(S_IFREG),
    C(S_IFBLK),
    C(S_IFDIR),
    C(S_IFCHR),
    C(S_IFIFO),
    C(S_ISUID),
    C(S_ISGID),
    C(S_ISVTX),
    C(S_IRWXU),
    C(S_IRUSR),
    C(S_IWUSR),
    C(S_IXUSR),
    C(S_IRWXG),
    C(S_IRGRP),
    C(S_IWGRP),
    C(S_IXGRP),
    C(S_IRWXO),
    C(S_IROTH),
    C(S_IWOTH),
    C(S_IXOTH),
    /* mmap(2) */
    C(PROT_NONE),
    C(PROT_READ),
    C(PROT_WRITE),
    C(PROT_EXEC),
    C(MAP_SHARED),
    C(MAP_PRIVATE),
    C(MAP_ANONYMOUS),
    /* fallocate(2) */
    C(FALLOC_FL_KEEP_SIZE),
    C(FALLOC_FL_PUNCH_HOLE),
    C(FALLOC_FL_COLLAPSE_RANGE),
    C(FALLOC_FL_ZERO_RANGE),
    C(FALLOC_FL_INSERT_RANGE),
    C(FALLOC_FL_UNSHARE_RANGE),
    /* linux/fiemap.h */
    C(FIEMAP_EXTENT_LAST),
    C(FIEMAP_EXTENT_UNKNOWN),
    C(FIEMAP_EXTENT_DELALLOC),
    C(FIEMAP_EXTENT_ENCODED),
    C(FIEMAP_EXTENT_DATA_ENCRYPTED),
    C(FIEMAP_EXTENT_NOT_ALIGNED),
    C(FIEMAP_EXTENT_DATA_INLINE),
    C(FIEMAP_EXTENT_DATA_TAIL),
    C(FIEMAP_EXTENT_UNWRITTEN),
    C(FIEMAP_EXTENT_MERGED),
    C(FIEMAP_EXTENT_SHARED),
    /* statx(2) */
    C(STATX_BASIC_STATS),
    C(STATX_BTIME),
    C(STATX_MNT_ID),
    C(STATX_DIOALIGN),
    /* lseek(2) */
    C(SEEK_SET),
    C(SEEK_CUR),
    C(SEEK_END),
    C(SEEK_DATA),
    C(SEEK_HOLE),
    /* signal(7) */
    C(SIGHUP),
    C(SIGINT),
    C(SIGQUIT),
    C(SIGILL),
    C(SIGTRAP),
    C(SIGABRT),
    C(SIGIOT),
    C(SIGBUS),
    C(SIGFPE),
    C(SIGKILL),
    C(SIGUSR1),
    C(SIGSEGV),
    C(SIGUSR2),
    C(SIGPIPE),
    C(SIGALRM),
    C(SIGTERM),
    C(SIGSTKFLT),
    C(SIGCHLD),
    C(SIGCLD),
    C(SIGCONT),
    C(SIGSTOP),
    C(SIGTSTP),
    C(SIGTTIN),
    C(SIGTTOU),
    C(SIGURG),
    C(SIGXCPU),
    C(SIGXFSZ),
    C(SIGVTALRM),
    C(SIGPROF),
    C(SIGWINCH),
    C(SIGIO),
    C(SIGPOLL),
    C(SIGPWR),
    C(SIGSYS),
    {NULL, 0},
};
