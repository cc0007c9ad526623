-- What each error means by the call that it comes from: lines of aio.explain
-- of a number. "event" is what a completed request reports.
return {
  EAGAIN = {
    { "io_setup", "over fs.aio-max-nr, the limit of the whole system" },
    { "io_submit", "the completion ring is full: take events first" },
    { "event", "rw_flags nowait or O_NONBLOCK, and it would have to wait" },
  },
  EBADF = {
    { "io_submit", "fd or eventfd is closed, O_PATH, or of the wrong access "
      .. "mode" },
  },
  ECANCELED = { { "event", "the request was cancelled (POSIX AIO)" } },
  EFAULT = {
    { "io_submit", "an address of the kernel, or a list of segments at NULL" },
    { "event", "buf is NULL, unmapped or protected" },
  },
  EFBIG = { { "event", "beyond RLIMIT_FSIZE or the largest file" } },
  EINPROGRESS = {
    { "io_cancel", "the request is being cancelled: its event comes" },
  },
  EINTR = {
    { "io_getevents", "a signal came before an event" },
    { "event", "a signal ended a wait inside io_submit" },
  },
  EINVAL = {
    { "io_setup", "nr_events is 0 or far too large" },
    { "io_submit", "a field: opcode, reserved2, a negative offset or length, "
      .. "over 1024 segments, priority; or a file that takes no such request, "
      .. "an eventfd that is none" },
    { "io_getevents", "min_nr over nr, or negative" },
    { "io_cancel", "not in flight, finished, or no poll" },
    { "event", "O_DIRECT: address, offset or length not aligned" },
  },
  EIO = { { "event", "the device or the file system reports an error" } },
  ENOMEM = {
    { "io_setup", "no memory, or RLIMIT_AS leaves no room for the ring" },
  },
  ENOSPC = { { "event", "the file system is full, or the device ends" } },
  ENOSYS = {
    { "any call", "no AIO in this kernel (CONFIG_AIO), or a sandbox hides it" },
  },
  EOPNOTSUPP = {
    { "io_submit", "a flag of rw_flags that file or kernel does not know" },
    { "event", "rw_flags nowait on a buffered write" },
  },
  EPERM = {
    { "any call", "a sandbox (seccomp) forbids it" },
    { "io_submit", "real-time priority without CAP_SYS_NICE" },
    { "event", "a sealed memfd, a read-only device" },
  },
  EPIPE = { { "event", "nobody reads the pipe or socket" } },
  EROFS = { { "event", "the file system is, or has become, read-only" } },
  ESPIPE = { { "event", "an offset on a socket" } },
}
