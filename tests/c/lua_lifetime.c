/* Everything that can be collected is, while its requests are in flight, in
 * each of the collector's modes; the scripted kernel writes all it holds. */
#include "core/context.h"
#include "script.h"

static int touch(lua_State *L) {
  (void)L;
  script_touch();
  return 0;
}

static int pending(lua_State *L) {
  lua_pushinteger(L, context_pending());
  return 1;
}

/* Only the context is kept: iocbs come back with their events. */
static const char context_kept[] =
    "local ctx, k = fake.setup(64, ring)\n"
    "for round = 1, 20 do\n"
    "  for i = 1, 20 do\n"
    "    local b = aio.buffer(4096)\n"
    "    local cb = i % 3 == 0 and aio.preadv(0, { b:slice(0, 9), b })\n"
    "      or aio.pread(aio.open '/dev/zero', b:slice(512, 512))\n"
    "    cb.data = { round = round, i = i, buf = b }\n"
    "    if i % 4 == 0 then b:close() else ctx:submit(cb) end\n"
    "  end\n"
    "  collectgarbage() touch()\n"
    "  local n = 0\n"
    "  while ctx.inflight > 0 do\n"
    "    fake.complete(k, math.random(fake.held(k)))\n"
    "    for cb, res in ctx:each() do\n"
    "      n = n + 1\n"
    "      assert(cb.data.round == round and #cb.data.buf == 4096)\n"
    "      assert(cb.data.buf:get(512, 1) == 'Z')\n"
    "    end\n"
    "    touch()\n"
    "  end\n"
    "  assert(n == 15, n)\n"
    "end\n"
    "ok(true, 'only the context is kept')\n"
    "ctx:destroy()\n";

/* Nothing is kept: a context lives until its events were taken, and takes
 * them itself. */
static const char nothing_kept[] =
    "local first = {}\n"
    "for i = 1, 10 do\n"
    "  local ctx, k = fake.setup(8, ring)\n"
    "  ctx:submit(aio.pread(aio.open '/dev/zero', aio.buffer(4096)),\n"
    "    aio.poll(0, 'in'), aio.pwrite(0, aio.buffer(64)))\n"
    "  first[i] = k\n"
    "  if i > 5 then fake.complete(k, 2) end\n"
    "end\n"
    "collectgarbage() collectgarbage() touch()\n"
    "is(pending(), 25, 'contexts stay as long as requests are in flight')\n"
    "for i = 1, 10 do\n"
    "  is(fake.calls(first[i], 'destroy'), 0, 'not destroyed')\n"
    "  fake.complete(first[i])\n"
    "end\n"
    "for i = 1, 3 do collectgarbage() end\n"
    "is(pending(), 0, 'then their events are taken')\n"
    "for i = 1, 10 do\n"
    "  is(fake.calls(first[i], 'destroy'), 1, 'and they are destroyed')\n"
    "end\n"
    "ok(true, 'nothing is kept')\n";

/* An iocb that holds its own context, and the other way round. */
static const char cycles[] = "local ks = {}\n"
                             "for i = 1, 5 do\n"
                             "  local ctx, k = fake.setup(8, ring)\n"
                             "  local cb = aio.pread(0, aio.buffer(64))\n"
                             "  cb.data = { ctx, cb }\n"
                             "  cb.callback = function() return ctx, cb end\n"
                             "  ctx:submit(cb)\n"
                             "  for _ in ctx:each(0, 1, 0) do end\n"
                             "  ks[i] = k\n"
                             "end\n"
                             "for i = 1, 3 do collectgarbage() touch() end\n"
                             "for i = 1, 5 do fake.complete(ks[i]) end\n"
                             "for i = 1, 3 do collectgarbage() end\n"
                             "is(pending(), 0, 'cycles are collected')\n";

/* Slices, a shared buffer, close in every state. */
static const char closing[] =
    "local ctx, k = fake.setup(64, ring)\n"
    "local b = aio.buffer(4096)\n"
    "local f = aio.open('/dev/zero')\n"
    "local fd = f:fileno()\n"
    "local one = aio.pread(f, b:slice(0, 512))\n"
    "local two = aio.pread(f, b:slice(512, 512))\n"
    "ctx:submit(one, two)\n"
    "b:close() f:close()\n"
    "ok(not pcall(b.get, b) and not pcall(f.fileno, f), 'shut at once')\n"
    "local g = aio.open('/dev/zero')\n"
    "ok(g:fileno() ~= fd, 'its number is not another file yet')\n"
    "touch()\n"
    "fake.complete(k, 1)\n"
    "is(ctx:reap()[1].obj, one, 'the first ends')\n"
    "touch()\n"
    "ok(not pcall(ctx.submit, ctx, one), 'and cannot go out again')\n"
    "fake.complete(k, 1)\n"
    "is(ctx:reap()[1].obj, two, 'the second ends')\n"
    "is(aio.open('/dev/zero'):fileno(), fd, 'now its number is free')\n"
    "one = aio.pread(g, aio.buffer(64))\n"
    "one.data = 'kept'\n"
    "ctx:submit(one)\n"
    "one:close()\n"
    "touch()\n"
    "fake.complete(k)\n"
    "local ev = ctx:getevents()[1]\n"
    "ok(ev.obj == one and ev.res == 64, 'an iocb closed in flight')\n"
    "ctx:destroy()\n";

/* Everything at random. */
static const char at_random[] =
    "math.randomseed(1)\n"
    "local submitted, delivered, ctxs = 0, 0, {}\n"
    "local function step()\n"
    "  local what, slot = math.random(8), math.random(4)\n"
    "  local c = ctxs[slot]\n"
    "  if not c then\n"
    "    local ctx, k = fake.setup(16, ring)\n"
    "    ctxs[slot] = { ctx = ctx, k = k }\n"
    "  elseif what <= 3 then\n"
    "    fake.take(c.k, math.random(0, 3))\n"
    "    submitted = submitted + (c.ctx:submit(\n"
    "      aio.pread(0, aio.buffer(512)), aio.pwrite(0, aio.buffer(64)),\n"
    "      aio.preadv(0, { aio.buffer(9), aio.buffer(99) })) or 0)\n"
    "  elseif what <= 5 then\n"
    "    if fake.held(c.k) > 0 then\n"
    "      fake.complete(c.k, math.random(fake.held(c.k))) end\n"
    "  elseif what == 6 then delivered = delivered + #c.ctx:reap(2)\n"
    "  elseif what == 7 then\n"
    "    for _ in c.ctx:each(0, 9, 0) do delivered = delivered + 1 break end\n"
    "  elseif math.random(4) == 1 then\n"
    "    fake.complete(c.k)\n"
    "    delivered = delivered + #c.ctx:getevents(0)\n"
    "    ctxs[slot] = nil\n"
    "  end\n"
    "  if math.random(9) == 1 then touch() end\n"
    "end\n"
    "for i = 1, 3000 do step() end\n"
    "for _, c in pairs(ctxs) do\n"
    "  fake.complete(c.k)\n"
    "  delivered = delivered + #c.ctx:getevents(0)\n"
    "end\n"
    "is(delivered, submitted, 'at random: each was delivered once')\n"
    "ctxs = nil\n"
    "for i = 1, 3 do collectgarbage() end\n"
    "is(pending(), 0, 'nothing is left')\n";

static void one(const char *mode, const char *chunk, const char *ring) {
  lua_State *L = script_state();
  lua_register(L, "touch", touch);
  lua_register(L, "pending", pending);
  lua_pushstring(L, ring);
  lua_setglobal(L, "ring");
  script_run(L, "mode", mode);
  script_run(L, mode, chunk);
  lua_close(L);
}

int main(void) {
  static const char *const modes[] = {
      "collectgarbage('incremental', 0, 1000, 4)",
      "collectgarbage('incremental')", "collectgarbage('generational')"};
  static const char *const chunks[] = {context_kept, nothing_kept, cycles,
                                       closing, at_random};
  for (int m = 0; m < 3; m++)
    for (int c = 0; c < 5; c++) {
      one(modes[m], chunks[c], "ring");
      one(modes[m], chunks[c], "noring");
    }
  return done();
}
