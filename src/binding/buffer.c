/* Buffers: aligned memory that requests read from and write to, and slices. */
#include "binding/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "binding/bytes.h"
#include "binding/words.h"

enum { DEFAULT_ALIGN = 4096 };

static bool is_open(const struct buffer *b) {
  return b->mem != NULL && !b->mem->shut;
}

struct buffer *buffer_check(lua_State *L, int idx, const char *what) {
  struct buffer *b = api_test(L, idx, &buffer_type);
  if (b == NULL)
    api_badtype(L, idx, what, "buffer");
  else if (!is_open(b))
    api_bad(L, idx, what, "buffer is closed");
  return b;
}

/* ---- making ---- */

/* What is asked for; the options in the order of the manual. */
struct options {
  size_t size, align;
  int prot; /* -1: not said */
  int fd;   /* of the file to map; -1: none */
  bool maps;
  off_t offset;
};

const char *const buffer_options[] = {"align", "prot", "map", "offset", NULL};

/* Pushes the option; its place on the stack, or 0 for nil. */
static int option(lua_State *L, const char *key) {
  lua_pushstring(L, key);
  return lua_rawget(L, 2) == LUA_TNIL ? 0 : lua_gettop(L);
}

static int prot_option(lua_State *L, int idx) {
  const char *prot = api_cstring(L, idx, "prot");
  if (strcmp(prot, "none") == 0)
    return PROT_NONE;
  if (strcmp(prot, "r") == 0)
    return PROT_READ;
  if (strcmp(prot, "rw") != 0)
    api_bad(L, idx, "prot", "\"none\", \"r\" or \"rw\" expected, got \"%s\"",
            prot);
  return PROT_READ | PROT_WRITE;
}

/* A mapping is as writable as its file, unless prot says less. */
static void map_option(lua_State *L, int idx, struct options *r) {
  r->maps = true;
  r->fd = api_fd(L, idx, "map", NULL);
  int flags = fcntl(r->fd, F_GETFL);
  if (r->prot < 0)
    r->prot = flags >= 0 && (flags & O_ACCMODE) == O_RDWR
                  ? PROT_READ | PROT_WRITE
                  : PROT_READ;
}

static void read_options(lua_State *L, struct options *r) {
  api_knownkeys(L, 2, buffer_options);
  int align = option(L, "align");
  int prot = option(L, "prot");
  int offset = option(L, "offset");
  int map = option(L, "map");
  if (align != 0 && map != 0)
    api_bad(L, align, "align", "a mapped file is aligned to pages");
  if (offset != 0 && map == 0)
    api_bad(L, offset, "offset", "there is no file to map");
  if (align != 0)
    r->align = api_size(L, align, "align");
  if (prot != 0)
    r->prot = prot_option(L, prot);
  if (offset != 0)
    r->offset = (off_t)api_bytes(L, offset, "offset");
  if (map != 0) /* last: finding a descriptor may run Lua */
    map_option(L, map, r);
}

static const char *make_block(struct mem **out, const struct options *r,
                              int *err) {
  if (r->maps) {
    *err =
        r->fd < 0 ? -EBADF : mem_file(out, r->fd, r->offset, r->size, r->prot);
    return "mmap";
  }
  if (r->prot >= 0 && r->prot != (PROT_READ | PROT_WRITE)) {
    *err = mem_anon(out, r->size, r->align, r->prot);
    return "mmap";
  }
  *err = mem_alloc(out, r->size, r->align);
  return "posix_memalign";
}

static int refused(lua_State *L, const char *call, int err,
                   const struct options *r) {
  char cause[100] = "";
  if (err == -EINVAL && !r->maps)
    snprintf(cause, sizeof cause,
             "align %zu is not a power of two and multiple of %zu", r->align,
             sizeof(void *));
  return api_fail(L, call, -err, cause[0] != '\0' ? cause : NULL);
}

/**
 * aio.buffer(size [, align | options]) -> buffer
 *
 * Memory for requests: size bytes of zeros at an address that is a multiple of
 * align (4096 unless given), as posix_memalign(3) makes it. Options:
 * align; prot="none"|"r"|"rw": memory that the kernel may not access, or only
 * read, for asking it wrong questions; map=file: the file's bytes from offset
 * on (0 unless given), shared, writable if the file is.
 * Returns: nil, message, errno where the system refuses (EINVAL, ENOMEM ...).
 * Example: buf = aio.buffer("64k", 512)
 * See: posix_memalign(3), mmap(2)
 */
static int new_buffer(lua_State *L) {
  struct options r = {.align = DEFAULT_ALIGN, .prot = -1, .fd = -1};
  struct mem *mem;
  int err;
  r.size = api_size(L, 1, NULL);
  lua_settop(L, 2);
  struct buffer *b = api_new(L, &buffer_type, 1);
  if (lua_istable(L, 2))
    read_options(L, &r);
  else
    r.align = api_optsize(L, 2, NULL, DEFAULT_ALIGN);
  const char *call = make_block(&mem, &r, &err);
  if (err != 0)
    return refused(L, call, err, &r);
  b->mem = mem;
  b->len = r.size;
  lua_settop(L, 3);
  api_weigh(L, r.size);
  return 1;
}

/**
 * buf:slice(offset, len) -> buffer
 *
 * A view of part of the buffer, over the same bytes; it has all methods of a
 * buffer. It keeps its parent; closing the parent closes it, closing it leaves
 * the parent open. slice(1, 511) misaligns on purpose.
 * Example: buf:slice(512, 512)
 */
static int buffer_slice(lua_State *L) {
  buffer_check(L, 1, NULL);
  struct span s = span_sized(L, 2, api_size(L, 3, NULL));
  struct buffer *view = api_new(L, &buffer_type, 1);
  const struct buffer *b = buffer_check(L, 1, NULL); /* api_new may collect */
  mem_ref(b->mem);
  view->mem = b->mem;
  view->off = b->off + s.off;
  view->len = s.len;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  return 1;
}

/* ---- closing, showing ---- */

static bool is_slice(lua_State *L, int idx) {
  bool slice = lua_getiuservalue(L, idx, 1) != LUA_TNIL;
  lua_pop(L, 1);
  return slice;
}

/**
 * buf:close() -> true
 *
 * Closes the buffer and every slice of it; a slice closes only itself. The
 * memory is freed at once, or when the last request in flight over it ends.
 * Closing twice is harmless.
 */
static int buffer_close(lua_State *L) {
  struct buffer *b = api_check(L, 1, &buffer_type);
  struct mem *mem = b->mem;
  b->mem = NULL;
  if (mem != NULL && !is_slice(L, 1))
    mem_shut(mem);
  mem_unref(mem);
  lua_pushboolean(L, 1);
  return 1;
}

/* An address is as aligned as its lowest bit set says, up to what was asked
 * for the block. */
static size_t alignment(const struct buffer *b) {
  uintptr_t address = (uintptr_t)b->mem->base + b->off;
  size_t lowest = address & (~address + 1);
  return lowest < b->mem->align ? lowest : b->mem->align;
}

static int buffer_tostring(lua_State *L) {
  const struct buffer *b = api_check(L, 1, &buffer_type);
  char place[60] = "", pins[40] = "";
  if (!is_open(b)) {
    lua_pushliteral(L, "buffer (closed)");
    return 1;
  }
  unsigned n = mem_pinned(b->mem, b->off, b->len);
  if (is_slice(L, 1))
    snprintf(place, sizeof place, " at %zu of %zu", b->off, b->mem->size);
  if (n > 0)
    snprintf(pins, sizeof pins, ", %u in flight", n);
  lua_pushfstring(L, "buffer (%I bytes%s, align %I%s)", (LUAI_UACINT)b->len,
                  place, (LUAI_UACINT)alignment(b), pins);
  return 1;
}

static int buffer_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)buffer_check(L, 1, NULL)->len);
  return 1;
}

/**
 * buf.align -> integer
 *
 * The alignment of the buffer's address: what was asked for; of a slice the
 * largest power of two that divides its address, up to the parent's.
 */
static int get_align(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)alignment(buffer_check(L, 1, NULL)));
  return 1;
}

/**
 * buf.address -> integer
 *
 * Where the buffer is in memory: for showing only, nothing takes it back.
 */
static int get_address(lua_State *L) {
  const struct buffer *b = buffer_check(L, 1, NULL);
  lua_pushinteger(L, (lua_Integer)((uintptr_t)b->mem->base + b->off));
  return 1;
}

/**
 * buf.inflight -> integer
 *
 * How many requests in flight use bytes of this buffer or slice.
 */
static int get_inflight(lua_State *L) {
  const struct buffer *b = buffer_check(L, 1, NULL);
  lua_pushinteger(L, mem_pinned(b->mem, b->off, b->len));
  return 1;
}

/* ---- registration ---- */

const struct api_type buffer_type = {.name = "buffer",
                                     .size = sizeof(struct buffer)};

static const luaL_Reg methods[] = {{"fill", buffer_fill},
                                   {"check", buffer_compare},
                                   {"get", buffer_get},
                                   {"set", buffer_set},
                                   {"peek", buffer_peek},
                                   {"poke", buffer_poke},
                                   {"pack", buffer_pack},
                                   {"unpack", buffer_unpack},
                                   {"slice", buffer_slice},
                                   {"crc32c", buffer_crc32c},
                                   {"hexdump", buffer_hexdump},
                                   {"close", buffer_close},
                                   {NULL, NULL}};

static const luaL_Reg getters[] = {{"align", get_align},
                                   {"address", get_address},
                                   {"inflight", get_inflight},
                                   {NULL, NULL}};

static const luaL_Reg meta[] = {{"__gc", buffer_close},
                                {"__close", buffer_close},
                                {"__tostring", buffer_tostring},
                                {"__len", buffer_len},
                                {NULL, NULL}};

static const luaL_Reg functions[] = {{"buffer", new_buffer}, {NULL, NULL}};

void buffer_open(lua_State *L) {
  const struct api_methods m = {
      .methods = methods, .getters = getters, .meta = meta};
  api_register(L, &buffer_type, &m);
  bytes_open(L);
  luaL_setfuncs(L, functions, 0);
}
