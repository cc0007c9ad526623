/* Lua chunks in which the n-th allocation fails, for every n:
 *
 *   exhaust(name, prepare, act, check)
 *
 * calls prepare, then act with what that returned while memory runs out, then
 * check(what prepare returned, what act returned; nil if it failed), with ever
 * more memory until act has all it wants. act fails with the error "not enough
 * memory", or answers nil, message, ENOMEM. Nothing may be left over: no
 * block of malloc's, no descriptor. */
#ifndef TESTS_EXHAUSTED_H
#define TESTS_EXHAUSTED_H

#include <unistd.h>

#include "exhaust.h"
#include "script.h"

/* attempt(kind, n, f, ...) -> failed, ok, results: a call of f in which the
 * n-th request fails. */
static inline int exhausted_attempt(lua_State *L) {
  enum exhaust_kind kind = (enum exhaust_kind)luaL_checkinteger(L, 1);
  unsigned n = (unsigned)luaL_checkinteger(L, 2);
  luaL_checkstack(L, 20, NULL);
  exhaust_arm(kind, n);
  int status = lua_pcall(L, lua_gettop(L) - 3, LUA_MULTRET, 0);
  bool fired = exhaust_disarm();
  lua_pushboolean(L, fired);
  lua_replace(L, 1);
  lua_pushboolean(L, status == LUA_OK);
  lua_replace(L, 2);
  return lua_gettop(L);
}

static inline int exhausted_kinds(lua_State *L) {
  lua_pushinteger(L, exhaust_malloc_works() ? EXHAUST_KINDS : EXHAUST_MALLOC);
  return 1;
}

/* blocks() -> malloc's blocks, open descriptors */
static inline int exhausted_blocks(lua_State *L) {
  int n = 0;
  for (int fd = 0; fd < 256; fd++)
    n += dup2(fd, fd) == fd;
  lua_pushinteger(L, exhaust_blocks());
  lua_pushinteger(L, n);
  return 2;
}

static const char exhausted_tools[] =
    "local kinds = { [0] = 'Lua', 'Lua, once', 'malloc', 'malloc, once' }\n"
    "local function refused(good, value, errno)\n"
    "  if good then return value == nil and errno == aio.ENOMEM end\n"
    "  value = tostring(value)\n"
    "  return value:find 'not enough memory' or value:find 'ENOMEM'\n"
    "end\n"
    "local function round(kind, n, prepare, act, check)\n"
    "  local s = prepare and prepare()\n"
    "  local fired, good, value, msg, errno = attempt(kind, n, act, s)\n"
    "  if fired and refused(good, value, errno) then value = nil\n"
    "  elseif not good then error(value, 0)\n"
    "  elseif value == nil then error(msg or 'it returned nil', 0) end\n"
    "  if check then check(s, value) end\n"
    "  return fired\n"
    "end\n"
    "local function rounds(kind, prepare, act, check)\n"
    "  local n = 0\n"
    "  repeat\n"
    "    n = n + 1\n"
    "    local good, more = pcall(round, kind, n, prepare, act, check)\n"
    "    if not good then return n, tostring(more) end\n"
    "    if n % 8 == 0 then collectgarbage() end\n"
    "  until not more\n"
    "  return n\n"
    "end\n"
    "local function rest()\n"
    "  collectgarbage() collectgarbage()\n"
    "  return blocks()\n"
    "end\n"
    "function exhaust(name, prepare, act, check)\n"
    "  round(0, 1 << 30, prepare, act, check)\n"
    "  for kind = 0, last_kind - 1 do\n"
    "    local before, fds = rest()\n"
    "    local n, why = rounds(kind, prepare, act, check)\n"
    "    local after, fds_after = rest()\n"
    "    if after > before then\n"
    "      why = why or (after - before) .. ' blocks are left over' end\n"
    "    if fds_after ~= fds then\n"
    "      why = why or fds_after - fds .. ' descriptors are left over' end\n"
    "    ok(not why, ('%s: %s, %d rounds'):format(name, kinds[kind], n))\n"
    "    if why then print('# ' .. why) end\n"
    "  end\n"
    "end\n";

static inline void exhausted(const char *tools, const char *chunk,
                             const char *ring) {
  poison_enabled = false;
  lua_State *L = lua_newstate(exhaust_alloc, NULL);
  script_libraries(L);
  lua_register(L, "attempt", exhausted_attempt);
  lua_register(L, "blocks", exhausted_blocks);
  exhausted_kinds(L);
  lua_setglobal(L, "last_kind");
  lua_pushstring(L, ring);
  lua_setglobal(L, "ring");
  script_run(L, "exhaust", exhausted_tools);
  script_run(L, "tools", tools);
  script_run(L, "oom", chunk);
  lua_close(L);
}

#endif
