/* What alignment direct I/O on a file wants. */
#ifndef CORE_DIOALIGN_H
#define CORE_DIOALIGN_H

struct dioalign {
  unsigned mem, offset; /* of addresses; of offsets and lengths */
  const char *how;      /* where this was learnt: a static string */
};

/* 0; -EOPNOTSUPP where the file can't do direct I/O; other -errno. */
int dioalign_get(int fd, struct dioalign *out);

#endif
