#include "program/history.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NEWLINE = 1 };

static char path[PATH_MAX];

/* ---- where it is ---- */

/* An empty variable is none, and a relative path is not followed (the XDG base
 * directory specification). */
static const char *absolute(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] == '/' ? value : NULL;
}

static int find_path(void) {
  const char *state = absolute("XDG_STATE_HOME"), *home = absolute("HOME");
  int size;
  if (state != NULL)
    size = snprintf(path, sizeof path, "%s/aiosh/history", state);
  else if (home != NULL)
    size = snprintf(path, sizeof path, "%s/.local/state/aiosh/history", home);
  else
    return -ENOENT;
  if ((size_t)size < sizeof path)
    return 0;
  path[0] = '\0';
  return -ENAMETOOLONG;
}

/* mkdir -p of what stands before the last slash. */
static void make_directories(void) {
  for (char *slash = strchr(path + 1, '/'); slash != NULL;
       slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, 0700);
    *slash = '/';
  }
}

static int open_file(int flags) {
  return open(path, flags | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
}

/* ---- reading and cutting ---- */

/* The whole file, with a zero behind it; malloc'ed. NULL: none. */
static char *read_all(int fd, size_t *size) {
  struct stat st;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
    return NULL;
  char *text = malloc((size_t)st.st_size + 1);
  ssize_t n = text != NULL ? pread(fd, text, (size_t)st.st_size, 0) : 0;
  if (n <= 0) {
    free(text);
    return NULL;
  }
  text[n] = '\0';
  *size = (size_t)n;
  return text;
}

/* The beginning of the last n lines. */
static char *last_lines(char *text, size_t size, unsigned n) {
  char *line = text + size;
  while (n-- > 0 && line > text) {
    char *newline = memrchr(text, '\n', (size_t)(line - text - 1));
    line = newline != NULL ? newline + 1 : text;
  }
  return line;
}

/* Keeps the end of the file, in place: others append to it meanwhile, but not
 * while it is locked. What is kept is written before anything is lost. */
static void cut(int fd, const char *kept, size_t size) {
  if (pwrite(fd, kept, size, 0) == (ssize_t)size &&
      ftruncate(fd, (off_t)size) != 0)
    return; /* the old end is still there, after a copy of it */
}

/* Cuts only what is longer by half, so that not each start does it. */
static void cut_if_long(int fd, char *text, size_t size) {
  if (last_lines(text, size, HISTORY_ENTRIES * 3 / 2) == text)
    return;
  char *kept = last_lines(text, size, HISTORY_ENTRIES);
  cut(fd, kept, size - (size_t)(kept - text));
}

static void tell_entries(char *text, void (*each)(const char *entry)) {
  char *rest = text;
  for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
    for (char *c = line; *c != '\0'; c++)
      if (*c == NEWLINE)
        *c = '\n';
    if (line[0] != '\0')
      each(line);
  }
}

/* Reads the file, under the lock that everybody takes who changes it. */
static void load(int fd, void (*each)(const char *entry)) {
  size_t size;
  bool locked = flock(fd, LOCK_EX) == 0;
  char *text = read_all(fd, &size);
  if (text == NULL)
    return;
  if (locked)
    cut_if_long(fd, text, size);
  tell_entries(last_lines(text, size, HISTORY_ENTRIES), each);
  free(text);
}

int history_open(void (*each)(const char *entry)) {
  int err = find_path();
  if (err != 0)
    return err;
  make_directories();
  int fd = open_file(O_RDWR);
  if (fd < 0) {
    err = -errno;
    path[0] = '\0';
    return err;
  }
  load(fd, each);
  close(fd);
  return 0;
}

/* ---- appending ---- */

/* One write(2) at the end, under a lock that cutting takes as well. */
static void append(const char *line, size_t size) {
  int fd = open_file(O_WRONLY | O_APPEND);
  if (fd < 0)
    return;
  flock(fd, LOCK_EX);
  ssize_t put = write(fd, line, size);
  (void)put; /* a full disk: the entry lives in this session */
  close(fd);
}

void history_append(const char *entry) {
  size_t size = strlen(entry);
  char *line = path[0] != '\0' ? malloc(size + 1) : NULL;
  if (line == NULL)
    return;
  for (size_t i = 0; i < size; i++)
    line[i] = entry[i] == '\n' ? NEWLINE : entry[i];
  line[size] = '\n';
  append(line, size + 1);
  free(line);
}
