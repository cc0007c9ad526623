/* aio.open: names of flags, and modes that people write in octal. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "binding/file.h"
#include "binding/words.h"

/* ---- flags ---- */

/* O_RDONLY is 0: to see which modes were asked for, each gets a bit of its
 * own, above all of open(2)'s. */
enum {
  ASK_RDONLY = 1 << 28,
  ASK_WRONLY = 1 << 29,
  ASK_RDWR = 1 << 30,
  ASK_ANY = ASK_RDONLY | ASK_WRONLY | ASK_RDWR
};

/* Some are made of others (O_SYNC has O_DSYNC's bit, O_TMPFILE O_DIRECTORY's):
 * these come first, for showing. */
const struct api_flag open_flags[] = {{"rdonly", ASK_RDONLY},
                                      {"wronly", ASK_WRONLY},
                                      {"rdwr", ASK_RDWR},
                                      {"creat", O_CREAT},
                                      {"excl", O_EXCL},
                                      {"trunc", O_TRUNC},
                                      {"append", O_APPEND},
                                      {"direct", O_DIRECT},
                                      {"sync", O_SYNC},
                                      {"dsync", O_DSYNC},
                                      {"rsync", O_RSYNC},
                                      {"nonblock", O_NONBLOCK},
                                      {"ndelay", O_NDELAY},
                                      {"tmpfile", O_TMPFILE},
                                      {"directory", O_DIRECTORY},
                                      {"nofollow", O_NOFOLLOW},
                                      {"noatime", O_NOATIME},
                                      {"noctty", O_NOCTTY},
                                      {"async", O_ASYNC},
                                      {"path", O_PATH},
                                      {"largefile", O_LARGEFILE},
                                      {"cloexec", O_CLOEXEC},
                                      {NULL, 0}};

static int access_mode(lua_State *L, int idx, unsigned asked) {
  switch (asked & ASK_ANY) {
  case 0:
  case ASK_RDONLY:
    return O_RDONLY;
  case ASK_WRONLY:
    return O_WRONLY;
  case ASK_RDWR:
    return O_RDWR;
  default:
    return api_bad(L, idx, NULL, "only one of rdonly, wronly and rdwr");
  }
}

/* io.open's modes are no flags: says which ones they stand for. */
static void refuse_mode(lua_State *L, int idx) {
  static const char *const modes[][2] = {{"r+", "rdwr"},
                                         {"rw", "rdwr"},
                                         {"w", "wronly,creat,trunc"},
                                         {"w+", "rdwr,creat,trunc"},
                                         {"a", "wronly,creat,append"},
                                         {"a+", "rdwr,creat,append"}};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
    if (lua_type(L, idx) == LUA_TSTRING &&
        strcmp(lua_tostring(L, idx), modes[i][0]) == 0)
      api_bad(L, idx, NULL, "unknown flag '%s' (did you mean '%s'?)",
              modes[i][0], modes[i][1]);
}

/* A number goes to open(2) as it is. */
static int flags_arg(lua_State *L, int idx) {
  if (lua_isnoneornil(L, idx))
    return O_RDONLY;
  refuse_mode(L, idx);
  unsigned bits = api_flags(L, idx, NULL, open_flags);
  if (lua_type(L, idx) == LUA_TNUMBER)
    return (int)bits;
  return (int)(bits & ~(unsigned)ASK_ANY) | access_mode(L, idx, bits);
}

static const char *access_name(int flags) {
  static const char *const names[] = {"rdonly", "wronly", "rdwr", "3"};
  return names[flags & O_ACCMODE];
}

int file_push_flags(lua_State *L, int fd) {
  luaL_Buffer names;
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0)
    return api_fail(L, "fcntl", errno, NULL);
  unsigned left = (unsigned)flags;
  luaL_buffinit(L, &names);
  luaL_addstring(&names, access_name(flags));
  for (const struct api_flag *f = open_flags; f->name != NULL; f++) {
    if (f->value == 0 || (left & f->value) != f->value)
      continue;
    left &= ~f->value;
    luaL_addchar(&names, ',');
    luaL_addstring(&names, f->name);
  }
  luaL_pushresult(&names);
  return 1;
}

/* ---- modes ---- */

/* Permissions that people give. A number is taken for octal digits typed in
 * decimal when its digits spell one of these and its value is none: so 644 is
 * refused (it is 01204), and 420 (0644) passes, though 0420 has octal digits
 * too. The bits above (set-id, sticky) do not matter. */
static const short usual_modes[] = {
    0000, 0400, 0440, 0444, 0500, 0550, 0555, 0600, 0640, 0644, 0660, 0664,
    0666, 0700, 0711, 0744, 0750, 0751, 0755, 0770, 0771, 0774, 0775, 0777};

static bool is_usual(lua_Integer mode) {
  for (size_t i = 0; i < sizeof usual_modes / sizeof *usual_modes; i++)
    if ((mode & 0777) == usual_modes[i])
      return mode <= 07777;
  return false;
}

/* The digits of n read as octal; -1 where there is an 8 or 9. */
static lua_Integer digits_as_octal(lua_Integer n) {
  lua_Integer value = 0;
  for (lua_Integer place = 1; n > 0; n /= 10, place *= 8) {
    if (n % 10 > 7)
      return -1;
    value += n % 10 * place;
  }
  return value;
}

static mode_t number_mode(lua_State *L, int idx) {
  lua_Integer n = api_int(L, idx, NULL, 0, 7777);
  lua_Integer octal = digits_as_octal(n);
  if (octal >= 0 && is_usual(octal) && !is_usual(n))
    api_bad(L, idx, NULL,
            "mode %d is octal %o: octal typed in decimal? write \"%d\"", (int)n,
            (unsigned)n, (int)n);
  if (n > 07777)
    api_bad(L, idx, NULL, "mode %d is over octal 7777", (int)n);
  return (mode_t)n;
}

static mode_t string_mode(lua_State *L, int idx) {
  const char *text = api_cstring(L, idx, NULL);
  size_t digits = strspn(text, "01234567");
  unsigned long mode = strtoul(text, NULL, 8);
  if (digits == 0 || text[digits] != '\0' || digits > 8 || mode > 07777)
    api_bad(L, idx, NULL, "mode \"%s\" is not octal like \"644\"", text);
  return (mode_t)mode;
}

static mode_t mode_arg(lua_State *L, int idx) {
  if (lua_isnoneornil(L, idx))
    return 0644;
  return lua_type(L, idx) == LUA_TSTRING ? string_mode(L, idx)
                                         : number_mode(L, idx);
}

/* ---- aio.open ---- */

static ssize_t call_open(const struct file_call *c) {
  return open(c->path, c->flags, c->mode);
}

/**
 * aio.open(path [, flags [, mode]]) -> file
 *
 * Opens a file, always close-on-exec. flags: one of "rdonly" (the default),
 * "wronly", "rdwr", and any other of open(2)'s in lower case without O_, as in
 * "rdwr,creat,direct"; or a number. mode, for a new file: octal digits in a
 * string ("644" is the default) or a number; one like 644 or 755, which is
 * octal typed in decimal, raises.
 * Returns: nil, message, errno where the system refuses.
 * Example: f = assert(aio.open("/tmp/example.dat", "rdwr,creat", "600"))
 * See: open(2), aio.pipe
 */
int file_aio_open(lua_State *L) {
  const char *path = api_cstring(L, 1, NULL);
  struct file_call c = {.path = path};
  c.flags = flags_arg(L, 2) | O_CLOEXEC;
  c.mode = mode_arg(L, 3);
  struct file *f = file_new(L, 1);
  ssize_t fd = file_retry(L, call_open, &c);
  if (fd < 0)
    return api_fail(L, "open", (int)-fd, path);
  int err = file_take(f, (int)fd);
  return err != 0 ? api_fail(L, "open", -err, path) : 1;
}
