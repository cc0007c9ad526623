-- What constants mean: for each what it is, and by families where they are
-- used. Families without a text of their own tell where to look.

local constants = {}

-- {prefix, manual page, where it is used here}; the first that fits.
constants.families = {
  { "O_", "open(2)", "aio.open(path, \"%s\")" },
  { "RWF_", "preadv2(2)", "aio.pread{..., rw_flags=\"%s\"}" },
  { "IOCB_CMD_", "io_submit(2)", "aio.%s(...)" },
  { "IOCB_FLAG_", "io_submit(2)", "aio.iocb{..., flags=\"%s\"}" },
  { "IOPRIO_", "ioprio_set(2)" },
  { "POLL", "poll(2)", "aio.poll(fd, \"%s\")" },
  { "EPOLL_", "epoll_ctl(2)" },
  { "EPOLL", "epoll_ctl(2)", "w:add(obj, \"%s\")" },
  { "EFD_", "eventfd(2)", "aio.eventfd(0, \"%s\")" },
  { "TFD_", "timerfd_create(2)" },
  { "SFD_", "signalfd(2)" },
  { "SIG", "signal(7)", "aio.signals(\"%s\")" },
  { "SEEK_", "lseek(2)" },
  { "FALLOC_FL_", "fallocate(2)", "f:fallocate(off, len, \"%s\")" },
  { "FIEMAP_", "ioctl_fiemap(2)" },
  { "STATX_", "statx(2)" },
  { "MAP_", "mmap(2)" },
  { "PROT_", "mmap(2)" },
  { "AIO_RING_", "io_setup(2)" },
  { "S_", "inode(7)" },
}

constants.text = {
  O_RDONLY = "Open for reading: the default of aio.open.",
  O_WRONLY = "Open for writing only: a read through it is EBADF at submit.",
  O_RDWR = "Open for reading and writing.",
  O_CREAT = "Make the file where there is none, with the mode given "
    .. "(\"644\").",
  O_EXCL = "With creat: the file must not exist (EEXIST).",
  O_TRUNC = "Cut the file to 0 bytes.",
  O_APPEND = "Every write goes to the end of the file, whatever its offset; "
    .. "the RWF_ flag \"noappend\" honours the offset again.",
  O_DIRECT = "Direct I/O, past the page cache: what makes reads and writes of "
    .. "files asynchronous. Memory, offset and length must be aligned as "
    .. "f:dioalign() says; a request that is not has res -EINVAL in its event. "
    .. "Writes that extend an ext4 file are done inside io_submit all the "
    .. "same: truncate or fallocate the file first.",
  O_SYNC = "Every write is on the device, with all metadata, when it "
    .. "completes.",
  O_DSYNC = "Every write is on the device, with the metadata needed to read "
    .. "it back, when it completes. The RWF_ flag \"dsync\" says it of one.",
  O_NONBLOCK = "Reads and writes of pipes and sockets answer EAGAIN instead "
    .. "of waiting. Of no effect on regular files.",
  O_TMPFILE = "A file without a name in the directory that path names; gone "
    .. "when it is closed.",
  O_DIRECTORY = "Fail where path is no directory (ENOTDIR).",
  O_PATH = "Only a place in the file system: requests on it are EBADF.",
  O_CLOEXEC = "Not for children. All that aiosh opens is so.",
  RWF_HIPRI = "Poll the device for the completion; accepted, and of no effect "
    .. "for most devices.",
  RWF_DSYNC = "This write is on the device when it completes, as with O_DSYNC.",
  RWF_SYNC = "This write is on the device, with all metadata, when it "
    .. "completes, as with O_SYNC.",
  RWF_NOWAIT = "Do not wait inside io_submit: what is not in the page cache, "
    .. "or would need a busy device, has res -EAGAIN in its event. EOPNOTSUPP "
    .. "at submit where the file can't (tmpfs), in the event for buffered "
    .. "writes on ext4.",
  RWF_APPEND = "This write goes to the end of the file, whatever its offset.",
  RWF_NOAPPEND = "Honour the offset although the file is open with append. "
    .. "Linux 6.9.",
  RWF_ATOMIC = "All of the write or nothing survives a power cut. EOPNOTSUPP "
    .. "where device, file system or size can't. Linux 6.11.",
  RWF_DONTCACHE = "Buffered, but the pages leave the cache afterwards. "
    .. "EOPNOTSUPP on tmpfs and others. Linux 6.14.",
  RWF_NOSIGNAL = "No SIGPIPE for this write. Linux 6.18.",
  IOCB_CMD_PREAD = "Opcode 0: read nbytes at offset into one buffer.",
  IOCB_CMD_PWRITE = "Opcode 1: write nbytes at offset from one buffer.",
  IOCB_CMD_FSYNC = "Opcode 2: flush data and metadata to the device. "
    .. "Asynchronous, and not ordered after writes that are in flight.",
  IOCB_CMD_FDSYNC = "Opcode 3: flush data to the device, with the metadata "
    .. "needed to read it back.",
  IOCB_CMD_POLL = "Opcode 5: complete once when the descriptor is ready. The "
    .. "one request that can be cancelled. EINVAL at submit for a terminal "
    .. "that is not ready.",
  IOCB_CMD_NOOP = "Opcode 6: in the kernel's header, but not in the kernel: "
    .. "EINVAL at submit.",
  IOCB_CMD_PREADV = "Opcode 7: read into several buffers. nbytes is the number "
    .. "of segments, at most 1024.",
  IOCB_CMD_PWRITEV = "Opcode 8: write from several buffers. nbytes is the "
    .. "number of segments, at most 1024.",
  IOCB_FLAG_RESFD = "Add 1 to the eventfd in aio_resfd at completion. Set "
    .. "when cb.eventfd is.",
  IOCB_FLAG_IOPRIO = "aio_reqprio is an I/O priority. Set when cb.reqprio is.",
  POLLIN = "There is something to read (or the end).",
  POLLOUT = "Writing would not block.",
  POLLPRI = "Urgent data, or a change of /proc/self/mounts and the like.",
  POLLERR = "An error, or a pipe without readers; always reported.",
  POLLHUP = "The other side hung up; always reported.",
  POLLRDHUP = "The other side of a stream socket will write no more.",
  POLLNVAL = "The descriptor is not open.",
  EPOLLIN = "There is something to read.",
  EPOLLOUT = "Writing would not block.",
  EPOLLET = "Edge-triggered: reported once for each change, even if what is "
    .. "there was not read.",
  EPOLLONESHOT = "Reported once; w:modify arms it again.",
  EPOLLEXCLUSIVE = "Wake one of several epolls that watch the same thing.",
  EFD_NONBLOCK = "A read of 0 answers EAGAIN instead of waiting: the default "
    .. "of aio.eventfd.",
  EFD_SEMAPHORE = "Each read takes 1 of the counter instead of all.",
  AIO_RING_MAGIC = "The number by which a ring of events in user memory is "
    .. "known (ctx.ring.magic).",
}

return constants
