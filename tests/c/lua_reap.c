/* Taking events, when the kernel and the user do what they rarely do: errors
 * and destroy in the middle of a batch, partial submits, EAGAIN and EINTR,
 * events that come twice or belong to nobody, an old kernel's cancel. */
#include <errno.h>

#include "script.h"

/* batch(ctx, n) submits n reads; got counts how often each is delivered. */
static const char tools[] =
    "function reads(n)\n"
    "  local t = {}\n"
    "  for i = 1, n do t[i] = aio.pread{fd=0, buf=aio.buffer(64), data=i} end\n"
    "  return t\n"
    "end\n"
    "function count(evs)\n"
    "  local n = 0\n"
    "  for _, ev in ipairs(evs) do if ev.obj then n = n + 1 end end\n"
    "  return n\n"
    "end\n"
    "function ready(n, ring)\n"
    "  local ctx, k = fake.setup(64, ring)\n"
    "  local list = reads(n)\n"
    "  assert(ctx:submit(list) == n)\n"
    "  fake.complete(k)\n"
    "  return ctx, k, list\n"
    "end\n";

/* ---- loops that end early ---- */

static const char loops[] =
    "local ring = ...\n"
    "local ctx, k, list = ready(9, ring)\n"
    "local seen = {}\n"
    "for cb, res in ctx:each() do seen[#seen + 1] = cb break end\n"
    "is(ctx.inflight, 8, 'break leaves the rest')\n"
    "pcall(function() for cb in ctx:each() do\n"
    "  seen[#seen + 1] = cb error 'oops' end end)\n"
    "is(ctx.inflight, 7, 'so does an error')\n"
    "for cb in ctx:each(1, 2) do\n"
    "  seen[#seen + 1] = cb\n"
    "  for inner in ctx:each(1, 1) do seen[#seen + 1] = inner end\n"
    "end\n"
    "is(#seen, 4, 'a loop in a loop takes its events')\n"
    "local co = coroutine.wrap(function()\n"
    "  for cb in ctx:each(1, 2) do coroutine.yield(cb) end end)\n"
    "seen[#seen + 1] = co()\n"
    "seen[#seen + 1] = ctx:reap(1)[1].obj\n"
    "is(co(), nil, 'a loop that yielded ends where others took its events')\n"
    "for _, ev in ipairs(ctx:getevents(1, 1)) do seen[#seen + 1] = ev.obj end\n"
    "local n, rest = ctx:run()\n"
    "is(n, 0, 'no callbacks')\n"
    "for _, ev in ipairs(rest) do seen[#seen + 1] = ev.obj end\n"
    "local same = #seen == 9\n"
    "for i, cb in ipairs(seen) do same = same and cb == list[i] end\n"
    "ok(same, 'each was delivered once, in order')\n"
    "is(ctx.inflight, 0, 'none is left')\n"
    "is(#ctx:reap(), 0, 'reap finds nothing')\n"
    "is(#ctx:getevents(0), 0, 'nor does getevents')\n"
    "ctx:destroy()\n";

/* What was taken is still handed out; what was not, destroy tells. */
static const char destroyed_inside[] =
    "local ring = ...\n"
    "local ctx, k, list = ready(4, ring)\n"
    "ctx:submit(reads(2))\n"
    "local n, lost = 0, nil\n"
    "for cb in ctx:each(1, 4) do\n"
    "  n = n + 1\n"
    "  if n == 2 then for _ in ctx:each(1, 2) do\n"
    "    n = n + 1 lost = lost or ctx:destroy() end end\n"
    "end\n"
    "is(lost, 2, 'destroy inside of two loops: what was not taken')\n"
    "is(n, 4, 'what was taken is delivered')\n"
    "is(tostring(ctx), 'context (destroyed)', 'tostring')\n"
    "ok(not pcall(ctx.reap, ctx), 'nothing is left: reap raises')\n"
    "for _, how in ipairs { 'run', 'getevents' } do\n"
    "  ctx, k = fake.setup(64, ring)\n"
    "  list, n = reads(5), 0\n"
    "  for i, cb in ipairs(list) do\n"
    "    cb.callback = function(c, b, res)\n"
    "      n = n + 1\n"
    "      if i == 2 then c:destroy() list = nil collectgarbage() end\n"
    "    end\n"
    "  end\n"
    "  ctx:submit(list)\n"
    "  fake.complete(k)\n"
    "  if how == 'run' then is(ctx:run(), 5, 'destroyed in a callback')\n"
    "  else\n"
    "    for _, ev in ipairs(ctx:getevents(5)) do\n"
    "      ev.obj.callback(ctx, ev.obj, ev.res) end\n"
    "  end\n"
    "  is(n, 5, how .. ': all callbacks ran')\n"
    "  is(ctx.inflight, 0, 'none in flight')\n"
    "end\n";

static const char callbacks[] =
    "local ring = ...\n"
    "local ctx, k, list = fake.setup(64, ring)\n"
    "list = reads(6)\n"
    "local order = {}\n"
    "local function note(c, cb, res) order[#order + 1] = cb.data end\n"
    "for i = 2, 6, 2 do list[i].callback = note end\n"
    "ctx:submit(list) fake.complete(k)\n"
    "local n, rest = ctx:run(1)\n"
    "is(n, 3, 'run: three have a callback')\n"
    "is(#rest, 3, 'the rest comes as events')\n"
    "is(table.concat(order, ' '), '2 4 6', 'in order')\n"
    "for i = 1, 6 do list[i].callback = note end\n"
    "list[3].callback = function() error 'oops' end\n"
    "order = {}\n"
    "ctx:submit(list) fake.complete(k)\n"
    "local good, err = pcall(ctx.run, ctx)\n"
    "ok(not good and err:find 'oops', 'a callback raises')\n"
    "is(ctx:run(), 3, 'the next run goes on')\n"
    "is(table.concat(order, ' '), '1 2 4 5 6', 'none is called twice')\n"
    "order = {}\n"
    "list[3].callback = function(c) for _, ev in ipairs(c:reap(2)) do\n"
    "  order[#order + 1] = -ev.data end end\n"
    "ctx:submit(list) fake.complete(k)\n"
    "is(ctx:run(), 4, 'a callback takes two itself')\n"
    "is(table.concat(order, ' '), '1 2 -4 -5 6', 'each of them once')\n"
    "list[1].callback, list[2].callback, order = nil, nil, {}\n"
    "list[3].callback = function(c) c:reap(1) end\n"
    "ctx:submit(list) fake.complete(k)\n"
    "n, rest = ctx:run()\n"
    "is(n, 4, 'one that has none')\n"
    "is(#rest, 1, 'only those without a callback are the rest')\n"
    "is(ctx.inflight, 0, 'nothing is left')\n"
    "list[1].callback = function(c, cb) c:submit(cb) fake.complete(k) end\n"
    "ctx:submit(list[1]) fake.complete(k)\n"
    "is(ctx:run(), 1, 'a callback that submits itself is called once')\n"
    "is(ctx.inflight, 1, 'and is in flight again')\n"
    "ctx:destroy()\n";

/* ---- what the kernel answers ---- */

static const char answers[] =
    "local ring = ...\n"
    "local ctx, k = fake.setup(64, ring)\n"
    "local list, f = reads(5), aio.open('/dev/zero')\n"
    "for _, cb in ipairs(list) do cb.fd = f end\n"
    "fake.take(k, 2)\n"
    "is(ctx:submit(list), 2, 'a partial submit')\n"
    "is(ctx.last_submit.refused, list[3], 'where it stopped')\n"
    "ok(list[2].inflight and not list[3].inflight, 'the others are free')\n"
    "ok(list[2].buf.inflight ~= 0 and list[2].buf.inflight, 'pinned')\n"
    "list[3].offset = 512\n"
    "list[3].buf:fill('x')\n"
    "fake.fail(k, 'submit', 1, aio.EAGAIN)\n"
    "local n, msg, errno = ctx:submit(list, 3, 3)\n"
    "is(errno, aio.EAGAIN, 'EAGAIN')\n"
    "ok(n == nil and msg:find('request 3 of 5', 1, true), 'which one')\n"
    "is(ctx:submit(list, 3, 3), 3, 'and again')\n"
    "f:close()\n"
    "fake.fail(k, 'getevents', 1, aio.EINTR)\n"
    "n, msg, errno = ctx:getevents(1, 1, 0)\n"
    "ok(n == nil and errno == aio.EINTR, 'getevents: EINTR')\n"
    "fake.complete(k)\n"
    "is(#ctx:getevents(5), 5, 'nothing was lost')\n"
    "ctx:submit(list[1]:pread(0, list[1].buf))\n"
    "fake.complete(k, 1, -aio.EIO)\n"
    "local ev = ctx:getevents()[1]\n"
    "is(ev.err, 'EIO', 'a failed one')\n"
    "ctx:submit(list[1]) fake.complete(k, 1, 10)\n"
    "is(ctx:getevents()[1].res, 10, 'a short one')\n"
    "local one, two = aio.pread(0, aio.buffer(64)), aio.pread(0, list[2].buf)\n"
    "for i = 1, 3 do\n"
    "  ok(not pcall(ctx.submit, ctx, one, two, one), 'twice in one call')\n"
    "end\n"
    "is(ctx.inflight, 0, 'submits nothing')\n"
    "fake.fail(k, 'setup', 1, aio.ENOSYS)\n"
    "ctx:destroy()\n";

/* Gathered and let go again: nothing was held, nothing may be dropped. */
static const char gathered[] =
    "do\n"
    "  local ctx, k = fake.setup(64)\n"
    "  local f = aio.open('/dev/zero')\n"
    "  local one = aio.pread(f, aio.buffer(64))\n"
    "  one.eventfd = aio.eventfd()\n"
    "  for i = 1, 2 do\n"
    "    assert(not pcall(ctx.submit, ctx, one, one))\n"
    "    assert(not pcall(ctx.submit, ctx, one, 'x'))\n"
    "  end\n"
    "  ctx:destroy() ctx, one = nil\n"
    "  collectgarbage() collectgarbage()\n"
    "  ok(f:read(1, 0), 'the file is still open')\n"
    "  f:close()\n"
    "end\n"
    "collectgarbage() collectgarbage()\n";

static const char strangers[] =
    "local ring = ...\n"
    "local ctx, k = fake.setup(64, ring)\n"
    "local takers = {\n"
    "  getevents = function(...) return ctx:getevents(...) end,\n"
    "  reap = function() return ctx:reap() end,\n"
    "  run = function(...) return select(2, ctx:run(...)) end,\n"
    "  each = function(...)\n"
    "    local t = {}\n"
    "    for cb, res in ctx:each(...) do\n"
    "      t[#t + 1] = { obj = cb or nil, foreign = not cb, res = res } end\n"
    "    return t\n"
    "  end,\n"
    "}\n"
    "for name, take in pairs(takers) do\n"
    "  local list = reads(3)\n"
    "  ctx:submit(list)\n"
    "  fake.foreign(k)\n"
    "  fake.complete(k, 2)\n"
    "  fake.again(k) fake.again(k)\n"
    "  fake.complete(k)\n"
    "  local evs = take(1, 20, 0)\n"
    "  is(#evs, 6, name .. ': six events')\n"
    "  is(count(evs), 3, 'three are ours')\n"
    "  local foreign = 0\n"
    "  for _, ev in ipairs(evs) do\n"
    "    if ev.foreign then foreign = foreign + 1 assert(tostring(ev)) end "
    "end\n"
    "  is(foreign, 3, 'three are foreign')\n"
    "  is(ctx.inflight, 0, 'none in flight')\n"
    "  ctx:submit(list[1])\n"
    "  fake.again(k)\n"
    "  is(count(take(1, 20, 0)), 0, 'an old event, its slot in use again')\n"
    "  fake.complete(k)\n"
    "  is(count(take(1, 20, 0)), 1, 'the new one')\n"
    "end\n"
    "ctx:destroy()\n";

static const char cancels[] =
    "local ring = ...\n"
    "local ctx, k = fake.setup(64, ring)\n"
    "local poll, read = aio.poll(0, 'in'), reads(1)[1]\n"
    "ctx:submit(poll, read)\n"
    "local n, msg, errno = ctx:cancel(read)\n"
    "is(errno, aio.EINVAL, 'only polls can be cancelled')\n"
    "is(ctx:cancel(poll), true, 'accepted')\n"
    "n, msg, errno = ctx:cancel(poll)\n"
    "is(errno, aio.EINVAL, 'not twice')\n"
    "ok(poll.inflight, 'still in flight')\n"
    "local ev = ctx:getevents(1)[1]\n"
    "ok(ev.obj == poll and ev.res == 0, 'its event comes')\n"
    "n, msg, errno = ctx:cancel(poll)\n"
    "is(errno, aio.EINVAL, 'not in flight')\n"
    "fake.set(k, 'hands_over')\n"
    "ctx:submit(poll)\n"
    "fake.complete(k, 1)\n"
    "ev = ctx:cancel(poll)\n"
    "ok(ev.obj == poll and ev.res == 0, 'an old kernel hands it over')\n"
    "ok(not poll.inflight, 'then it is over')\n"
    "ev = ctx:getevents(1)[1]\n"
    "is(ev.obj, read, 'the other one comes the normal way')\n"
    "for _, errno in ipairs { aio.EAGAIN, aio.EFAULT, aio.ENOSYS } do\n"
    "  ctx:submit(poll)\n"
    "  fake.fail(k, 'cancel', 1, errno)\n"
    "  is(select(3, ctx:cancel(poll)), errno, 'fails')\n"
    "  fake.complete(k)\n"
    "  is(#ctx:getevents(1), 1, 'its event comes')\n"
    "end\n"
    "ctx:destroy()\n";

static void both_ways(const char *name, const char *chunk) {
  static const char *const rings[] = {"ring", "noring"};
  for (int i = 0; i < 2; i++) {
    lua_State *L = script_state();
    printf("# %s, %s\n", name, rings[i]);
    script_run(L, "tools", tools);
    lua_pushstring(L, rings[i]);
    script_run(L, name, chunk);
    lua_close(L);
    script_touch();
  }
}

int main(void) {
  both_ways("loops", loops);
  both_ways("destroyed inside", destroyed_inside);
  both_ways("callbacks", callbacks);
  both_ways("answers", answers);
  both_ways("gathered", gathered);
  both_ways("strangers", strangers);
  both_ways("cancels", cancels);
  return done();
}
