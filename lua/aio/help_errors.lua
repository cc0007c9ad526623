-- What errors mean where AIO answers them: for each name a list of {who
-- answers, the cause, what to do}. "event" is res in an event; what happens
-- in the file itself looks the same to f:read and f:write.
return {
  EACCES = {
    { "aio.open", "the permissions of the file, or of a directory on the way",
      "look at ls -l; open with less, as \"rdonly\"" },
  },
  EAGAIN = {
    { "aio.setup", "all contexts of the system together would ask for more "
      .. "than fs.aio-max-nr", "ask for less, destroy contexts that nobody "
      .. "needs, or raise the limit: print(aio.limits())" },
    { "ctx:submit", "the ring is full: no slot is free for the first request",
      "take events (ctx:getevents, ctx:reap), then submit again" },
    { "event", "it would have had to wait: rw_flags \"nowait\" and data not "
      .. "in the cache, or a busy device; or a nonblocking pipe or socket",
      "submit it again without nowait, or poll first" },
    { "efd:read, t:read, s:read", "nothing is there to be read",
      "wait for it: w:add(efd), w:wait()" },
  },
  EBADF = {
    { "ctx:submit", "the descriptor of the first request is not open, is "
      .. "negative or an O_PATH one, or was not opened for what is asked (a "
      .. "write on \"rdonly\"); or resfd, the eventfd, is not open",
      "look at cb.fd, f.flags and cb.eventfd" },
    { "w:add", "the number is no open descriptor", "look where it was closed" },
  },
  EBUSY = {
    { "aio.open", "a device that somebody uses exclusively", "find its user" },
  },
  ECANCELED = {
    { "event", "not native AIO: a poll that was cancelled has res 0; POSIX "
      .. "AIO says so of requests that aio_cancel stopped", "help \"cancel\"" },
  },
  ECONNABORTED = {
    { "event", "a FUSE file system was aborted while it had the request",
      "mount it again" },
  },
  EEXIST = {
    { "aio.open", "\"creat,excl\", and the file is there", "leave out excl" },
    { "w:add", "it is watched already", "w:modify changes what for" },
  },
  EFAULT = {
    { "event", "an address outside of the process, or memory that may not be "
      .. "accessed so: aio.null, a buffer with prot, the part of a mapped file "
      .. "that was cut off", "look at cb.buf" },
    { "ctx:submit", "an address in the kernel's half: aio.wild",
      "use a buffer" },
  },
  EFBIG = {
    { "event", "a write past the largest size that the file system, or the "
      .. "limit RLIMIT_FSIZE, allows", "look at cb.offset and aio.limits()" },
  },
  EINPROGRESS = {
    { "io_cancel", "libaio's name for success: the poll is being cancelled "
      .. "and its event will come; ctx:cancel returns true instead",
      "take the event" },
  },
  EINTR = {
    { "ctx:getevents, ctx:pgetevents", "a signal arrived before any event",
      "call it again: nothing was lost" },
    { "event", "a signal ended a read or write that blocked inside io_submit, "
      .. "as of an empty pipe", "submit it again; poll the pipe first" },
  },
  EINVAL = {
    { "event", "direct I/O with an address, offset or length that is no "
      .. "multiple of what f:dioalign() says; a vector of more than 1024 "
      .. "segments", "help \"alignment\"" },
    { "ctx:submit", "the first request: an unknown opcode (noop too), a "
      .. "negative offset, nbytes with its top bit set, reserved2 not 0; "
      .. "fields that fsync and poll want to be 0; an eventfd that is none; a "
      .. "file that cannot do it: a directory, most of /proc, fsync of a pipe, "
      .. "poll of a terminal that is not ready", "the message names the field; "
      .. "print(cb)" },
    { "ctx:getevents", "min_nr is over nr or negative, or nr is negative",
      "mind the order: min_nr, nr, timeout" },
    { "ctx:cancel", "it is no poll, or not in flight in this context",
      "help \"cancel\"" },
    { "aio.setup", "nr_events is 0, or over some four million",
      "ask for what will be in flight at once" },
    { "aio.open", "flags that do not go together, or \"direct\" where the "
      .. "file system has none", "leave out direct" },
    { "aio.buffer", "an alignment that is no power of two, or below 8",
      "512 or 4096" },
  },
  EIO = {
    { "event", "the device could not do it; for FUSE also a write that was "
      .. "answered short", "look at dmesg; the bytes are not there" },
  },
  EISDIR = {
    { "aio.open", "a directory, for writing", "\"rdonly\", or a file in it" },
  },
  EMFILE = {
    { "aio.open, aio.pipe, aio.eventfd", "the process has its limit of open "
      .. "descriptors", "close some; aio.limits().nofile" },
  },
  ENFILE = {
    { "aio.open, aio.pipe, aio.eventfd", "the system has its limit of open "
      .. "files", "fs.file-max" },
  },
  ENODEV = {
    { "aio.buffer", "map=file, and the file cannot be mapped", "a plain file" },
  },
  ENOENT = {
    { "aio.open", "there is no such file, or directory on the way",
      "\"creat\" makes a file" },
    { "w:modify, w:remove", "it is not watched", "w:add" },
  },
  ENOMEM = {
    { "aio.setup, aio.buffer", "not enough memory or address space, or too "
      .. "many mappings", "close what is not needed; aio.limits().as" },
  },
  ENOSPC = {
    { "event", "the file system or the block device is full; a write that "
      .. "crosses the end may be short instead", "look at df" },
  },
  ENOSYS = {
    { "aio.setup", "a kernel without AIO, or a sandbox that hides it",
      "another kernel, or another seccomp profile" },
  },
  ENOTCONN = {
    { "event", "a FUSE file system that is gone, or a socket not connected",
      "mount, or connect" },
  },
  ENOTDIR = {
    { "aio.open", "a part of the path is no directory", "look at the path" },
  },
  ENXIO = {
    { "aio.open", "a FIFO opened \"wronly,nonblock\" without a reader, or a "
      .. "device that is not there", "open the reader first" },
  },
  EOPNOTSUPP = {
    { "ctx:submit", "an RWF_ flag that the kernel or the file does not know: "
      .. "nowait or dontcache on tmpfs, atomic on most",
      "look at cb.rw_flags" },
    { "event", "nowait for a buffered write on ext4", "leave out nowait" },
    { "f:extents, f:fallocate", "the file system cannot do it", "ext4, xfs" },
  },
  EPERM = {
    { "aio.setup", "a sandbox forbids the call", "another seccomp profile" },
    { "ctx:submit", "reqprio of the real-time class without the privilege",
      "class 2 or 3" },
    { "event", "a sealed memfd, or a device that became read-only",
      "look at its seals" },
    { "w:add", "epoll refuses regular files and directories",
      "submit reads instead; help \"waiting\"" },
  },
  EPIPE = {
    { "event", "a write to a pipe or socket that nobody reads (SIGPIPE does "
      .. "not kill here)", "look who closed the other end" },
  },
  EROFS = {
    { "aio.open, event", "the file system is, or has become, read-only",
      "look at dmesg and the mount options" },
  },
  ESPIPE = {
    { "event, f:read, f:write", "an offset was given for a socket, a pipe or "
      .. "a terminal", "leave the offset out, or 0" },
  },
  ETXTBSY = {
    { "aio.open", "writing to a program that is running", "make a copy" },
  },
}
