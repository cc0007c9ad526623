/* aio.histogram: counts of latencies, with percentiles; print draws it. */
#include "binding/api.h"

#include "core/hist.h"

struct histogram {
  const struct api_type *type;
  struct hist hist;
};

static const struct api_type histogram_type = {
    .name = "histogram", .size = sizeof(struct histogram)};

static struct hist *to_hist(lua_State *L, int idx) {
  return &((struct histogram *)api_check(L, idx, &histogram_type))->hist;
}

/**
 * aio.histogram([list]) -> histogram
 *
 * A histogram of latencies in ns, empty or with the numbers of a list. Each
 * power of two has 32 buckets, so that what is read back is off by at most
 * 1/32; its size is fixed. print(h) draws it by powers of two.
 * Example: h = aio.histogram{1200, 1300, 95000}
 */
static int aio_histogram(lua_State *L) {
  bool filled = !lua_isnoneornil(L, 1);
  if (filled)
    luaL_checktype(L, 1, LUA_TTABLE);
  struct histogram *h = api_new(L, &histogram_type, 0);
  lua_Integer n = filled ? (lua_Integer)lua_rawlen(L, 1) : 0;
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    hist_add(&h->hist, api_int(L, -1, NULL, INT64_MIN, INT64_MAX));
    lua_pop(L, 1);
  }
  return 1;
}

/**
 * h:add(ns) -> histogram
 *
 * Counts a latency. Below 0 counts as 0.
 * Example: for _, ev in ipairs(ctx:getevents()) do h:add(ev.lat) end
 */
static int histogram_add(lua_State *L) {
  struct hist *h = to_hist(L, 1);
  hist_add(h, api_int(L, 2, NULL, INT64_MIN, INT64_MAX));
  lua_settop(L, 1);
  return 1;
}

/**
 * h:merge(other) -> histogram
 *
 * Adds what another histogram has counted to this one.
 * Example: all:merge(reads):merge(writes)
 */
static int histogram_merge(lua_State *L) {
  struct hist *into = to_hist(L, 1);
  struct hist from = *to_hist(L, 2);
  hist_merge(into, &from);
  lua_settop(L, 1);
  return 1;
}

/**
 * h:percentile(p) -> ns
 *
 * The latency that p percent (0 to 100, also 99.9) of all do not exceed, to
 * within 1/32; 0 where nothing was counted.
 * Example: print(aio.duration(h:percentile(99)))
 */
static int histogram_percentile(lua_State *L) {
  const struct hist *h = to_hist(L, 1);
  lua_Number p = luaL_checknumber(L, 2);
  if (!(p >= 0 && p <= 100))
    api_bad(L, 2, NULL, "a percentile is in 0..100");
  lua_pushinteger(L, hist_percentile(h, p));
  return 1;
}

/**
 * h:mean() -> ns
 * h:stdev() -> ns
 *
 * The mean and the standard deviation, as floats; 0 where nothing was counted.
 * Example: print(("%.0f +- %.0f ns"):format(h:mean(), h:stdev()))
 */
static int histogram_mean(lua_State *L) {
  lua_pushnumber(L, hist_mean(to_hist(L, 1)));
  return 1;
}

static int histogram_stdev(lua_State *L) {
  lua_pushnumber(L, hist_stdev(to_hist(L, 1)));
  return 1;
}

/**
 * h:buckets() -> list
 *
 * The counts by powers of two, from the first that holds something to the
 * last: a list of {from=, to=, count=}; a bucket has the latencies from from
 * (inclusive) to to (exclusive).
 * Example: for _, b in ipairs(h:buckets()) do print(b.from, b.count) end
 */
static int histogram_buckets(lua_State *L) {
  const struct hist *h = to_hist(L, 1);
  uint64_t counts[64] = {0};
  int first = 64, last = -1;
  lua_Integer n = 0;
  for (unsigned i = 0; i < HIST_BUCKETS; i++) {
    uint64_t floor = (uint64_t)hist_floor(i);
    int power = floor < 2 ? 0 : 63 - __builtin_clzll(floor);
    counts[power] += h->bucket[i];
    if (h->bucket[i] == 0)
      continue;
    first = power < first ? power : first;
    last = power;
  }
  lua_newtable(L);
  for (int power = first; power <= last; power++) {
    int64_t from = power == 0 ? 0 : INT64_C(1) << power;
    int64_t to = power < 62 ? INT64_C(2) << power : INT64_MAX;
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, from);
    lua_setfield(L, -2, "from");
    lua_pushinteger(L, to);
    lua_setfield(L, -2, "to");
    lua_pushinteger(L, (lua_Integer)counts[power]);
    lua_setfield(L, -2, "count");
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/**
 * h.count, h.min, h.max
 *
 * How many latencies were counted, the least and the greatest (0 where there
 * is none).
 */
static int get_count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)to_hist(L, 1)->count);
  return 1;
}

static int get_min(lua_State *L) {
  lua_pushinteger(L, to_hist(L, 1)->min);
  return 1;
}

static int get_max(lua_State *L) {
  lua_pushinteger(L, to_hist(L, 1)->max);
  return 1;
}

/* Drawn by lua/aio/histogram_text.lua, which is loaded when the first is
 * printed. */
static int histogram_tostring(lua_State *L) {
  to_hist(L, 1);
  lua_settop(L, 1);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "aio.histogram_text");
  lua_call(L, 1, 1);
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

/* ---- registration ---- */

static const luaL_Reg methods[] = {{"add", histogram_add},
                                   {"merge", histogram_merge},
                                   {"percentile", histogram_percentile},
                                   {"mean", histogram_mean},
                                   {"stdev", histogram_stdev},
                                   {"buckets", histogram_buckets},
                                   {NULL, NULL}};

static const luaL_Reg getters[] = {
    {"count", get_count}, {"min", get_min}, {"max", get_max}, {NULL, NULL}};

static const luaL_Reg meta[] = {{"__tostring", histogram_tostring},
                                {NULL, NULL}};

void histogram_open(lua_State *L) {
  api_register(L, &histogram_type,
               &(struct api_methods){
                   .methods = methods, .getters = getters, .meta = meta});
  lua_pushcfunction(L, aio_histogram);
  lua_setfield(L, -2, "histogram");
}
