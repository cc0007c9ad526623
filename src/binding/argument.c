/* The checks of arguments: numbers, sizes, strings, flags, descriptors. */
#include "binding/api.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- numbers ---- */

/* Whether idx holds an integer, or a float with an integer value. Strings are
 * not numbers here. */
static bool to_integer(lua_State *L, int idx, const char *what,
                       lua_Integer *n) {
  int ok = lua_isinteger(L, idx);
  if (!ok && lua_type(L, idx) != LUA_TNUMBER)
    return false;
  *n = lua_tointegerx(L, idx, &ok);
  if (!ok)
    api_bad(L, idx, what, "%s has no integer value",
            luaL_tolstring(L, idx, NULL));
  return true;
}

/* The factor of a size's last letter, 0 for none that is known. */
static lua_Integer unit(char c) {
  switch (c) {
  case 'k':
  case 'K':
    return 1024;
  case 'm':
  case 'M':
    return 1024 * 1024;
  case 'g':
  case 'G':
    return 1024 * 1024 * 1024;
  case 't':
  case 'T':
    return INT64_C(1) << 40;
  default:
    return 0;
  }
}

/* "64k". Digits only, then at most one letter. */
static lua_Integer parse_bytes(lua_State *L, int idx, const char *what) {
  size_t len;
  const char *s = lua_tolstring(L, idx, &len);
  size_t digits = strspn(s, "0123456789");
  lua_Integer n = 0, factor = digits + 1 == len ? unit(s[digits]) : 1;
  if (digits == 0 || digits + (factor > 1) != len || factor == 0)
    return api_bad(L, idx, what,
                   "'%.20s' is not a size (a number, or \"4k\", \"1m\")", s);
  for (size_t i = 0; i < digits; i++)
    if (__builtin_mul_overflow(n, 10, &n) ||
        __builtin_add_overflow(n, s[i] - '0', &n))
      return api_bad(L, idx, what, "'%.20s' is too large", s);
  if (__builtin_mul_overflow(n, factor, &n))
    return api_bad(L, idx, what, "'%.20s' is too large", s);
  return n;
}

static lua_Integer other_bytes(lua_State *L, int idx, const char *what) {
  lua_Integer n = 0;
  if (to_integer(L, idx, what, &n))
    return n;
  if (lua_type(L, idx) == LUA_TSTRING)
    return parse_bytes(L, idx, what);
  return api_badtype(L, idx, what, "number");
}

inline lua_Integer api_bytes(lua_State *L, int idx, const char *what) {
  return lua_isinteger(L, idx) ? lua_tointegerx(L, idx, NULL)
                               : other_bytes(L, idx, what);
}

size_t api_size(lua_State *L, int idx, const char *what) {
  lua_Integer n = api_bytes(L, idx, what);
  if (n < 0)
    api_bad(L, idx, what, "%lld is negative", (long long)n);
  return (size_t)n;
}

size_t api_optsize(lua_State *L, int idx, const char *what, size_t def) {
  return lua_isnoneornil(L, idx) ? def : api_size(L, idx, what);
}

lua_Integer api_int(lua_State *L, int idx, const char *what, lua_Integer min,
                    lua_Integer max) {
  lua_Integer n = 0;
  if (lua_isinteger(L, idx))
    n = lua_tointegerx(L, idx, NULL);
  else if (!to_integer(L, idx, what, &n))
    return api_badtype(L, idx, what, "number");
  if (n < min || n > max)
    api_bad(L, idx, what, "%lld is not in %lld..%lld", (long long)n,
            (long long)min, (long long)max);
  return n;
}

const char *api_cstring(lua_State *L, int idx, const char *what) {
  size_t len;
  if (lua_type(L, idx) != LUA_TSTRING)
    api_badtype(L, idx, what, "string");
  const char *s = lua_tolstring(L, idx, &len);
  if (strlen(s) != len)
    api_bad(L, idx, what, "the string contains a zero byte");
  return s;
}

/* More than 30 years are as good as for ever, and keep the sum of a clock and
 * a timeout in range. */
static const double longest = 1e9;

int64_t api_timeout(lua_State *L, int idx, const char *what) {
  if (lua_isnoneornil(L, idx))
    return API_FOREVER;
  if (lua_type(L, idx) != LUA_TNUMBER)
    return api_badtype(L, idx, what, "number");
  lua_Number s = lua_tonumber(L, idx);
  if (isnan(s) || s < 0)
    return api_bad(L, idx, what, "a timeout can't be %s",
                   isnan(s) ? "NaN" : "negative");
  if (s > longest)
    s = longest;
  int64_t ns = (int64_t)(s * 1e9);
  return ns == 0 && s > 0 ? 1 : ns;
}

/* ---- flags ---- */

static bool same(const char *name, const char *s, size_t len) {
  return strlen(name) == len && memcmp(name, s, len) == 0;
}

/* Something like it: the same beginning, or all but its first letter. */
static const char *nearest(const struct api_flag *set, const char *s,
                           size_t len) {
  for (const struct api_flag *f = set; f->name != NULL; f++)
    if (len > 0 && strncmp(f->name, s, len) == 0)
      return f->name;
  for (const struct api_flag *f = set; f->name != NULL; f++)
    if (len > 2 && strncmp(f->name, s, 2) == 0)
      return f->name;
  return NULL;
}

static unsigned flag_value(lua_State *L, int idx, const char *what,
                           const struct api_flag *set, const char *s,
                           size_t len) {
  for (const struct api_flag *f = set; f->name != NULL; f++)
    if (same(f->name, s, len))
      return f->value;
  const char *near = nearest(set, s, len);
  return (unsigned)api_bad(L, idx, what, "unknown flag '%.*s'%s%s%s",
                           len > 40 ? 40 : (int)len, s,
                           near != NULL ? " (did you mean '" : "",
                           near != NULL ? near : "", near != NULL ? "'?)" : "");
}

unsigned api_flags(lua_State *L, int idx, const char *what,
                   const struct api_flag *set) {
  lua_Integer n = 0;
  if (to_integer(L, idx, what, &n)) {
    if (n < INT32_MIN || n > UINT32_MAX)
      api_bad(L, idx, what, "%lld does not fit 32 bits", (long long)n);
    return (unsigned)n;
  }
  if (lua_type(L, idx) != LUA_TSTRING)
    api_badtype(L, idx, what, "string or number");
  unsigned bits = 0;
  const char *s = api_cstring(L, idx, what);
  while (*s != '\0') {
    size_t len = strcspn(s, ",|");
    size_t lead = strspn(s, " ");
    size_t used = len;
    while (used > lead && s[used - 1] == ' ')
      used--;
    if (used > lead)
      bits |= flag_value(L, idx, what, set, s + lead, used - lead);
    s += len + (s[len] != '\0');
  }
  return bits;
}

void api_pushflags(lua_State *L, unsigned bits, const struct api_flag *set) {
  luaL_Buffer b;
  const char *comma = "";
  luaL_buffinit(L, &b);
  for (const struct api_flag *f = set; f->name != NULL; f++) {
    if (f->value == 0 || (bits & f->value) != f->value)
      continue;
    luaL_addstring(&b, comma);
    luaL_addstring(&b, f->name);
    bits &= ~f->value;
    comma = ",";
  }
  if (bits != 0) {
    char rest[16];
    snprintf(rest, sizeof rest, "%s0x%x", comma, bits);
    luaL_addstring(&b, rest);
  }
  luaL_pushresult(&b);
}

static bool known_key(lua_State *L, int idx, const char *const *names) {
  size_t len;
  if (lua_type(L, idx) != LUA_TSTRING)
    return false;
  const char *key = lua_tolstring(L, idx, &len);
  while (*names != NULL && !same(*names, key, len))
    names++;
  return *names != NULL;
}

void api_knownkeys(lua_State *L, int idx, const char *const *names) {
  idx = lua_absindex(L, idx);
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) {
    lua_pop(L, 1);
    if (!known_key(L, -1, names))
      api_bad(L, idx, NULL, "unknown field '%s'", luaL_tolstring(L, -1, NULL));
  }
}

/* ---- descriptors ---- */

static int fd_of_file(lua_State *L, int idx, const char *what) {
  luaL_Stream *s = luaL_testudata(L, idx, LUA_FILEHANDLE);
  if (s == NULL || lua_rawlen(L, idx) < sizeof *s)
    return -1;
  if (s->closef == NULL)
    api_bad(L, idx, what, "the file is closed");
  return fileno(s->f);
}

/* Objects as cqueues knows them: pollfd is a method or a number. */
static int fd_of_pollfd(lua_State *L, int idx, const char *what) {
  idx = lua_absindex(L, idx);
  if (lua_type(L, idx) != LUA_TTABLE && lua_type(L, idx) != LUA_TUSERDATA)
    return api_badtype(L, idx, what, "something with a descriptor");
  lua_getfield(L, idx, "pollfd");
  if (lua_isfunction(L, -1)) {
    lua_pushvalue(L, idx);
    lua_call(L, 1, 1);
  }
  lua_Integer n = 0;
  if (!to_integer(L, -1, what, &n))
    return api_badtype(L, idx, what, "something with a descriptor");
  lua_pop(L, 1);
  return (int)n;
}

/* The number of one of our objects, which may not have one. */
static int fd_of_own(lua_State *L, int idx, const char *what,
                     const struct api_type *t, struct desc **d) {
  void *object = lua_touserdata(L, idx);
  if (t->desc == NULL)
    return api_badtype(L, idx, what, "something with a descriptor");
  if (t->lazy)
    fd_of_pollfd(L, idx, what);
  *d = t->desc(object);
  if (*d == NULL || (*d)->shut)
    api_bad(L, idx, what, "the %s is closed", t->name);
  return (*d)->fd;
}

int api_fd(lua_State *L, int idx, const char *what, struct desc **d) {
  lua_Integer n = 0;
  struct desc *none;
  if (d == NULL)
    d = &none;
  *d = NULL;
  if (to_integer(L, idx, what, &n)) {
    if (n < INT32_MIN || n > INT32_MAX)
      api_bad(L, idx, what, "%lld is no descriptor", (long long)n);
    return (int)n;
  }
  const struct api_type *t = api_type_of(L, idx);
  if (t != NULL)
    return fd_of_own(L, idx, what, t, d);
  int fd = fd_of_file(L, idx, what);
  return fd >= 0 ? fd : fd_of_pollfd(L, idx, what);
}
