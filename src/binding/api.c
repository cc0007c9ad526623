/* Types, argument checks and failures, shared by every binding file. */
#include "binding/api.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "binding/host.h"
#include "core/clock.h"

/* ---- types ---- */

enum { TYPES_MAX = 32 };

/* All types ever registered: what a userdata's first word may point to. */
static const struct api_type *known[TYPES_MAX];

const struct api_type *api_known_type(unsigned i) {
  return i < TYPES_MAX ? known[i] : NULL;
}

static bool is_known(const struct api_type *t) {
  for (size_t i = 0; i < TYPES_MAX && known[i] != NULL; i++)
    if (known[i] == t)
      return true;
  return false;
}

static void remember(const struct api_type *t) {
  size_t i = 0;
  while (known[i] != NULL && known[i] != t)
    i++;
  known[i] = t;
}

/* luaL_argerror and tracebacks find the names of functions in what is loaded:
 * "aio:context.submit" instead of "?", also when called through pcall. The
 * methods' table is on top. */
static void name_methods(lua_State *L, const struct api_type *t) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushfstring(L, "aio:%s", t->name);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/* Pushes what the table of functions at that upvalue has for the key at 2;
 * debug.setupvalue may have put something else there. */
static bool find_function(lua_State *L, int upvalue) {
  lua_pushvalue(L, 2);
  return lua_istable(L, lua_upvalueindex(upvalue)) &&
         lua_rawget(L, lua_upvalueindex(upvalue)) == LUA_TFUNCTION &&
         lua_iscfunction(L, -1);
}

/* obj.name: a method, else a getter's value. */
static int type_index(lua_State *L) {
  if (find_function(L, 1))
    return 1;
  if (!find_function(L, 2))
    return luaL_error(L, "%s has no field '%s'",
                      lua_tostring(L, lua_upvalueindex(3)),
                      luaL_tolstring(L, 2, NULL));
  lua_CFunction get = lua_tocfunction(L, -1);
  lua_settop(L, 2);
  return get(L);
}

static int type_newindex(lua_State *L) {
  if (!find_function(L, 1))
    return luaL_error(L, "%s has no field '%s' to set",
                      lua_tostring(L, lua_upvalueindex(2)),
                      luaL_tolstring(L, 2, NULL));
  lua_CFunction set = lua_tocfunction(L, -1);
  lua_settop(L, 3);
  return set(L);
}

static void push_functions(lua_State *L, const luaL_Reg *list) {
  lua_newtable(L);
  if (list != NULL)
    luaL_setfuncs(L, list, 0);
}

void api_register(lua_State *L, const struct api_type *t,
                  const struct api_methods *m) {
  remember(t);
  luaL_newmetatable(L, t->name);
  luaL_setfuncs(L, m->meta, 0);
  push_functions(L, m->methods);
  for (int i = 0; i < 2 && m->more[i] != NULL; i++)
    luaL_setfuncs(L, m->more[i], 0);
  name_methods(L, t);
  push_functions(L, m->getters);
  lua_pushstring(L, t->name);
  lua_pushcclosure(L, type_index, 3);
  lua_setfield(L, -2, "__index");
  if (lua_getfield(L, -1, "__newindex") == LUA_TNIL) {
    push_functions(L, m->setters);
    lua_pushstring(L, t->name);
    lua_pushcclosure(L, type_newindex, 2);
    lua_setfield(L, -3, "__newindex");
  }
  lua_pop(L, 2);
}

void *api_new(lua_State *L, const struct api_type *t, int nuv) {
  struct api_object *o = lua_newuserdatauv(L, t->size, nuv);
  memset(o, 0, t->size);
  o->type = t;
  luaL_setmetatable(L, t->name);
  return o;
}

const struct api_type *api_type_of(lua_State *L, int idx) {
  struct api_object *o = lua_touserdata(L, idx);
  if (o == NULL || lua_rawlen(L, idx) < sizeof *o || !is_known(o->type) ||
      api_test(L, idx, o->type) == NULL)
    return NULL;
  return o->type;
}

/* ---- failures ---- */

/* Pushes "aio:context." and "submit" in one if the function at the top, f, is
 * in the table of the same name of what is loaded. */
static const char *name_within(lua_State *L, int f, const char *module) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, module);
  if (!lua_istable(L, -1))
    return NULL;
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
    if (lua_type(L, -2) == LUA_TSTRING && lua_rawequal(L, -1, f))
      return lua_pushfstring(L, "%s.%s", module, lua_tostring(L, -2));
  return NULL;
}

/* What the running function is called where nobody else knows: its caller had
 * it from obj[name], or a pcall. */
static const char *loaded_name(lua_State *L, lua_Debug *ar) {
  luaL_checkstack(L, 8, NULL);
  lua_getinfo(L, "f", ar);
  int f = lua_gettop(L);
  const char *name = name_within(L, f, "aio");
  for (size_t i = 0; name == NULL && i < TYPES_MAX && known[i] != NULL; i++) {
    lua_settop(L, f);
    name = name_within(L, f, lua_pushfstring(L, "aio:%s", known[i]->name));
  }
  return name;
}

static bool nameless(const lua_Debug *ar) {
  return ar->name == NULL || strcmp(ar->name, "?") == 0 ||
         strcmp(ar->namewhat, "metamethod") == 0;
}

static int bad_argument(lua_State *L, int idx, const char *text) {
  lua_Debug ar;
  if (lua_getstack(L, 0, &ar) && lua_getinfo(L, "n", &ar) && nameless(&ar)) {
    const char *name = loaded_name(L, &ar);
    if (name != NULL)
      luaL_error(L, "bad argument #%d to '%s' (%s)", idx, name, text);
  }
  return luaL_argerror(L, idx, text);
}

static int bad_field(lua_State *L, const char *what, const char *text) {
  lua_Debug ar;
  const char *name = NULL;
  if (lua_getstack(L, 0, &ar) && lua_getinfo(L, "n", &ar))
    name = nameless(&ar) ? loaded_name(L, &ar) : ar.name;
  if (name == NULL)
    return luaL_error(L, "bad field '%s' (%s)", what, text);
  return luaL_error(L, "bad field '%s' to '%s' (%s)", what, name, text);
}

int api_bad(lua_State *L, int idx, const char *what, const char *fmt, ...) {
  char text[256];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  return what == NULL ? bad_argument(L, idx, text) : bad_field(L, what, text);
}

const char *api_typename(lua_State *L, int idx) {
  const char *name = luaL_typename(L, idx);
  if (luaL_getmetafield(L, idx, "__name") == LUA_TSTRING)
    name = lua_tostring(L, -1);
  return name;
}

int api_badtype(lua_State *L, int idx, const char *what, const char *expected) {
  return api_bad(L, idx, what, "%s expected, got %s", expected,
                 api_typename(L, idx));
}

/* The registry's key of the list of one. */
static const char last_failure[] = "aio.failure";

void api_open(lua_State *L) {
  lua_createtable(L, 1, 0);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, last_failure);
}

void api_failure(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, last_failure) == LUA_TTABLE) {
    lua_pushvalue(L, idx);
    lua_rawseti(L, -2, 1);
  }
  lua_pop(L, 1);
}

void api_push_failure(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, last_failure);
  lua_rawgeti(L, -1, 1);
  lua_remove(L, -2);
}

int api_fail(lua_State *L, const char *call, int err, const char *cause) {
  const char *name = api_errname(err);
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: %s (%s)%s%s", call, strerror(err),
                  name != NULL ? name : "unknown error",
                  cause != NULL ? ": " : "", cause != NULL ? cause : "");
  api_failure(L, -1);
  lua_pushinteger(L, err);
  return 3;
}

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

lua_Integer api_bytes(lua_State *L, int idx, const char *what) {
  lua_Integer n = 0;
  if (lua_isinteger(L, idx))
    return lua_tointegerx(L, idx, NULL);
  if (to_integer(L, idx, what, &n))
    return n;
  if (lua_type(L, idx) == LUA_TSTRING)
    return parse_bytes(L, idx, what);
  return api_badtype(L, idx, what, "number");
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

/* ---- memory, interrupts ---- */

void api_weigh(lua_State *L, size_t bytes) {
  size_t kib = bytes / 1024;
  if (kib > 0)
    lua_gc(L, LUA_GCSTEP, kib > INT32_MAX ? INT32_MAX : (int)kib);
}

volatile sig_atomic_t host_interrupted;
bool host_owns_signals;
static volatile sig_atomic_t signals_taken;

unsigned api_signals(void) {
  return (unsigned)signals_taken;
}

void api_signal_taken(void) {
  signals_taken = (sig_atomic_t)((unsigned)signals_taken + 1u);
}

void api_interrupt(lua_State *L) {
  if (!host_interrupted)
    return;
  host_interrupted = 0;
  luaL_error(L, "interrupted!");
}

bool api_goes_on(lua_State *L, unsigned signals_before) {
  api_interrupt(L);
  return host_owns_signals && api_signals() == signals_before;
}
