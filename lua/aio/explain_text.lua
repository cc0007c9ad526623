-- What aio.explain() says about each kind of cause: the rule, where it is
-- written, what to do. The keys are those of the causes (lua/aio/cause_*.lua);
-- names of errors are for what the request alone tells.
local function text(rule, see, todo)
  return { rule = rule, see = see, todo = todo }
end

local direct = "Direct I/O moves whole sectors between device and memory: "
  .. "addresses, offsets and lengths have to be multiples. The kernel tells of "
  .. "it in the event, never from io_submit."
local alignment = "open(2), O_DIRECT; statx(2), STATX_DIOALIGN"
local path = "open(2), O_PATH; fs/aio.c, __io_submit_one: fget"

return {
  dio_memory = text(direct, alignment,
    "use aio.buffer(n), which is aligned to 4096, and slices at multiples"),
  dio_offset = text(direct, alignment,
    "round the offset: f:dioalign() tells to what; or open without direct"),
  dio_length = text(direct, alignment,
    "round the length up and use only a part; or open without direct"),
  short_read = text("Such a descriptor hands out whole values.",
    "eventfd(2), timerfd_create(2), signalfd(2)", "give a larger buffer"),
  atomic = text("An atomic write is a power of two long and aligned to it.",
    "io_submit(2), pwritev2(2), RWF_ATOMIC", "choose offset and length so"),
  null = text("The kernel copies to and from the address that it is given.",
    "io_submit(2), EFAULT", "set buf"),
  protected = text("The memory's protection holds for the kernel, too.",
    "mmap(2), PROT_NONE and PROT_READ", "use a buffer with prot \"rw\""),
  mapped = text("A mapping has no memory behind the end of its file.",
    "mmap(2), SIGBUS", "keep the file at least as long as the mapping"),
  nowait = text("RWF_NOWAIT makes the kernel give up instead of waiting.",
    "preadv2(2), RWF_NOWAIT",
    "try again without nowait, or when the data is there"),
  nonblock = text("With O_NONBLOCK nothing waits, AIO neither.",
    "open(2), O_NONBLOCK", "submit aio.poll(fd, \"in\") first, then read"),
  rw_flags = text("Each file system and driver says which RWF_ flags it "
    .. "knows; any other is refused.",
    "io_submit(2), preadv2(2); linux/fs.h, kiocb_set_rw_flags",
    "leave the flag out; aiosh --doctor=FILE lists what FILE accepts"),
  full = text("Blocks are allocated when data is written.", "write(2), ENOSPC",
    "make room; f:fallocate reserves it beforehand"),
  device_end = text("A block device does not grow.", "write(2), ENOSPC",
    "stay below f:size()"),
  fsize = text("No file of the process may grow beyond RLIMIT_FSIZE.",
    "setrlimit(2), RLIMIT_FSIZE; SIGXFSZ", "raise it: ulimit -f"),
  max_size = text("A file system has a largest offset.", "write(2), EFBIG",
    "write at a smaller offset"),
  sealed = text("Seals forbid changes for ever.",
    "fcntl(2), F_ADD_SEALS", "make another memfd"),
  readonly = text("What is read-only takes no writes, through no descriptor.",
    "mount(8), blockdev(8) --setrw", "look in the kernel's log why it is"),
  pipe = text("What nobody can read is not taken.", "pipe(7), EPIPE",
    "keep a reading end open"),
  no_offset = text("A socket has no offsets.", "pread(2), ESPIPE",
    "use offset 0"),
  signal = text("A request that has to wait does so inside io_submit, and a "
    .. "signal ends that; the request was accepted, so the event tells.",
    "signal(7)", "submit it again; or poll first"),
  peer = text("The other end decides.", "the server's log", "connect anew"),
  device = text("EIO comes from below: the medium, the driver, or a file "
    .. "system that has shut down.", "dmesg(1)", "check the device"),
  closed = text("A number is a descriptor only from open to close.",
    "io_submit(2), EBADF", "keep the file open: aio.open's objects raise "
    .. "when they were closed"),
  path = text("O_PATH opens a name, not its contents.", path,
    "open without path"),
  mode = text("The access mode is fixed when a file is opened.",
    "open(2); fs/aio.c, aio_read: FMODE_READ", "open it rdwr"),
  no_eventfd = text("A completion can signal an eventfd, nothing else.",
    "io_submit(2), IOCB_FLAG_RESFD", "eventfd = aio.eventfd()"),
  operation = text("AIO calls the file's read_iter, write_iter or fsync "
    .. "itself; a file without it can't do AIO, even where read(2) works.",
    "io_submit(2), EINVAL; fs/aio.c, aio_read", "use read(2), or poll"),
  poll_file = text("Such a file never wakes anybody.", "poll(2)",
    "poll it for in or out"),
  poll_queues = text("AIO's poll waits in exactly one wait queue.",
    "fs/aio.c, aio_poll", "use a waiter: aio.waiter():add(fd, \"in\")"),
  count = text("io_submit takes a count of 0 or more.", "io_submit(2)",
    "give the number of requests"),
  EINVAL = text("The kernel checks an iocb's fields before anything else.",
    "io_submit(2), EINVAL; fs/aio.c, io_submit_one", "correct the field"),
  EBADF = text("The kernel looks the descriptors up first.",
    "io_submit(2), EBADF", "give an open descriptor of the right mode"),
  EFAULT = text("An address in the kernel's half is refused at once, whatever "
    .. "is there.", "fs/aio.c, aio_setup_rw: access_ok", "use a buffer"),
  EAGAIN = text("Each request in flight has a place in the completion ring; "
    .. "the kernel divides them among the CPUs.", "io_submit(2), EAGAIN",
    "take events (ctx:reap, ctx:getevents), then submit the rest; or set up "
    .. "more"),
  EOPNOTSUPP = text("RWF_ flags that the kernel does not know are refused.",
    "io_submit(2), EOPNOTSUPP", "leave the flag out"),
  EPERM = text("Real-time I/O priority is a privilege; a sandbox may forbid "
    .. "the call itself.", "ioprio_set(2); seccomp(2)",
    "use class 2 (best effort), or another sandbox"),
  ENOSYS = text("The call is not in this kernel, or hidden.",
    "io_submit(2), ENOSYS", "aiosh --doctor tells what works here"),
  unknown = text("No rule that is known here is broken.",
    "the call's man page; the file system's documentation",
    "aiosh --doctor=FILE tries what works on this file"),
}
