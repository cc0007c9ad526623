/* A forked child holds copies of the parent's contexts, requests in flight,
 * waiters and signals: each call says so, their end makes no call, and the
 * parent's events are the parent's (design, invariant 9). */
#include <sys/wait.h>
#include <unistd.h>

#include "core/context.h"
#include "script.h"

/* fork(f): calls f in a child, closes the child's state; whether all went
 * well there. */
static int fork_and_call(lua_State *L) {
  int status = -1;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    bool good = lua_pcall(L, 0, 0, 0) == LUA_OK;
    if (!good)
      fprintf(stderr, "# in the child: %s\n", lua_tostring(L, -1));
    lua_close(L);
    _exit(good ? 0 : 1);
  }
  lua_pushboolean(L, pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
  return 1;
}

/* One context with a poll in flight, one read done and one in the queue. */
static const char tools[] =
    "r, w = aio.pipe()\n"
    "ctx = assert(aio.setup(8))\n"
    "poll, buf = aio.poll(r, 'in'), aio.buffer(4096)\n"
    "zero = aio.open '/dev/zero'\n"
    "one, two = aio.pread(zero, buf, 512), aio.pread(zero, buf, 512, 512)\n"
    "function says(pattern, f, ...)\n"
    "  local good, err = pcall(f, ...)\n"
    "  if good then error('it did not raise: ' .. pattern, 2) end\n"
    "  if not tostring(err):find(pattern) then error(err, 2) end\n"
    "end\n"
    "function nothing_works()\n"
    "  local parent = 'parent process'\n"
    "  says(parent, ctx.submit, ctx, aio.poll(r, 'in'))\n"
    "  says(parent, ctx.submit, ctx)\n"
    "  says(parent, ctx.getevents, ctx, 0)\n"
    "  says(parent, ctx.pgetevents, ctx, 0, 1, 0)\n"
    "  says(parent, ctx.reap, ctx)\n"
    "  says(parent, ctx.each, ctx)\n"
    "  says(parent, ctx.run, ctx)\n"
    "  says(parent, ctx.cancel, ctx, poll)\n"
    "  says(parent, ctx.destroy, ctx)\n"
    "  says(parent, ctx.eventfd, ctx)\n"
    "  ctx:close()\n"
    "  assert(ctx.inflight == 0 and ctx.ring == nil)\n"
    "  assert(tostring(ctx):find 'parent')\n"
    "  assert(ctx.nr_events == 8 and type(ctx.last_submit) == 'table')\n"
    "  assert(buf.inflight == 0)\n"
    "  assert(#buf:get() == 4096)\n"
    "  buf:fill('child')\n"
    "end\n";

static const char in_flight[] =
    "ctx:submit(one) ctx:submit(two) ctx:submit(poll)\n"
    "for cb in ctx:each(2) do break end\n"
    "is(ctx.inflight, 2, 'a poll in flight, an event in the queue')\n"
    "ok(fork(nothing_works), 'nothing works in the child')\n"
    "ok(fork(function()\n"
    "  nothing_works()\n"
    "  ctx, poll, one, two, buf = nil\n"
    "  collectgarbage() collectgarbage()\n"
    "end), 'all of it is collected in the child')\n"
    "ok(fork(function()\n"
    "  buf:close() poll:close() zero:close() r:close() w:close()\n"
    "end), 'and closed')\n"
    "ok(fork(function() assert(fork(nothing_works)) nothing_works() end),\n"
    "  'nor in a child of the child')\n"
    "is(ctx.inflight, 2, 'the parent did not notice')\n"
    "w:write 'x'\n"
    "local evs = ctx:getevents(2, 8, 5)\n"
    "is(#evs, 2, 'both events come')\n"
    "is(evs[1].obj, two, 'the one in the queue first')\n"
    "is(evs[2].obj, poll, 'then the poll')\n"
    "is(#ctx:getevents(0), 0, 'and no other')\n"
    "is(ctx.inflight, 0, 'none in flight')\n";

/* Completed, not reaped: a child that moved the ring's head would steal. */
static const char in_the_ring[] =
    "ctx:submit(one, two)\n"
    "ok(fork(nothing_works), 'the child leaves the ring alone')\n"
    "is(#ctx:reap(), 2, 'the parent reaps')\n"
    "ctx:submit(poll)\n"
    "ok(fork(function()\n"
    "  for _ in pairs { 1, 2 } do\n"
    "    local mine = { assert(aio.setup(8)) }\n"
    "    local a, b = aio.pipe()\n"
    "    local cb = aio.poll(a, 'in')\n"
    "    for i = 2, 4 do mine[i] = assert(aio.setup(8)) end\n"
    "    for i = 1, 4 do assert(mine[i]:submit(i == 1 and cb or cb:copy()))\n"
    "    end\n"
    "    says('in flight', mine[2].submit, mine[2], poll)\n"
    "    assert(mine[1]:cancel(cb) == true)\n"
    "    assert(mine[1]:getevents(1)[1].obj == cb)\n"
    "    b:write 'x'\n"
    "    for i = 2, 4 do assert(#mine[i]:getevents(1) == 1) end\n"
    "    local mem = aio.pread(zero, buf)\n"
    "    assert(mine[3]:submit(mem) == 1 and mine[3]:reap()[1].res == 4096)\n"
    "    for i = 1, 4 do mine[i]:destroy() end\n"
    "  end\n"
    "end), 'a child with contexts of its own')\n"
    "w:write 'x'\n"
    "is(ctx:getevents(1, 8, 5)[1].obj, poll, 'the poll is still the "
    "parent\\'s')\n"
    "ctx:destroy()\n"
    "ok(fork(function()\n"
    "  says('destroyed', ctx.reap, ctx) ctx:close() end), 'destroyed "
    "before')\n";

static const char waiters[] =
    "local wt, efd, t = aio.waiter(), aio.eventfd(), aio.timer(60)\n"
    "local s = aio.signals('SIGUSR1')\n"
    "wt:add(efd, 'in') wt:add(r, 'in') wt:add(s, 'in') wt:add(ctx, 'in')\n"
    "wt:add(t, 'in')\n"
    "ctx:submit(one, poll)\n"
    "ok(fork(function()\n"
    "  local parent = 'parent process'\n"
    "  says(parent, wt.wait, wt, 0)\n"
    "  says(parent, wt.add, wt, w, 'out')\n"
    "  says(parent, wt.modify, wt, r, 'out')\n"
    "  says(parent, wt.remove, wt, r)\n"
    "  says(parent, s.read, s)\n"
    "  efd:close() r:close() s:close() t:close()\n"
    "  wt:close()\n"
    "  local mine, e = aio.waiter(), aio.eventfd(1)\n"
    "  mine:add(e, 'in')\n"
    "  local n = 0\n"
    "  for obj in mine:wait(1) do n = n + 1 assert(obj == e) end\n"
    "  assert(n == 1)\n"
    "end), 'waiter and signals in the child')\n"
    "ok(fork(function() collectgarbage() end), 'or left to its end')\n"
    "local function ready()\n"
    "  local t = {}\n"
    "  for obj in wt:wait(1) do t[#t + 1] = obj end\n"
    "  return t\n"
    "end\n"
    "local objs = ready()\n"
    "ok(#objs == 1 and objs[1] == ctx, 'in the parent the context is ready')\n"
    "is(#ctx:reap(), 1, 'its event is there')\n"
    "efd:write(1)\n"
    "objs = ready()\n"
    "ok(#objs == 1 and objs[1] == efd, 'the eventfd is still waited for')\n"
    "efd:read() w:write 'x'\n"
    "objs = {}\n"
    "for _, obj in ipairs(ready()) do objs[obj] = true end\n"
    "ok(objs[r], 'so is the pipe')\n"
    "is(ctx:getevents(1, 1, 5)[1].obj, poll, 'and the poll')\n";

static void one(const char *name, const char *chunk) {
  lua_State *L = script_state();
  lua_register(L, "fork", fork_and_call);
  if (script_run(L, "tools", tools))
    script_run(L, name, chunk);
  lua_close(L);
}

/* What was recorded before is a copy; the thread that watches is not there. */
static const char recorded[] =
    "local told = 0\n"
    "local teller = aio.record{to = function() told = told + 1 end}\n"
    "local record = aio.record{precise = true}\n"
    "ctx:submit(one)\n"
    "local function read()\n"
    "  local mine = assert(aio.setup(4))\n"
    "  local before = told\n"
    "  mine:submit(aio.pread(zero, aio.buffer(512)))\n"
    "  assert(#mine:getevents() == 1 and told - before == 4)\n"
    "  assert(#aio.inflight() == 0 and #aio.contexts() == 1)\n"
    "  mine:destroy()\n"
    "end\n"
    "ok(fork(function()\n"
    "  assert(#record:entries() == 2)\n"
    "  read()\n"
    "  assert(aio.record{precise = true}.precise)\n"
    "  read()\n"
    "  aio.record(false)\n"
    "  teller:stop()\n"
    "end), 'a child records for itself')\n"
    "ok(fork(function() end), 'or not at all')\n"
    "is(#ctx:getevents(1), 1, 'the event is the parent\\'s')\n"
    "is(#record:entries(), 4, 'and the record')\n"
    "teller:stop()\n"
    "record:stop()\n";

/* ---- no call is made ---- */

static void forbid(struct fake *f, enum fake_call call) {
  (void)f;
  fprintf(stderr, "# the child made call %d\n", (int)call);
  _exit(1);
}

static int forbid_calls(lua_State *L) {
  script_fake(L)->hook = forbid;
  return 0;
}

static const char scripted[] =
    "local ctx, k = fake.setup(8)\n"
    "local buf = aio.buffer(4096)\n"
    "ctx:submit(aio.pread(0, buf), aio.poll(0, 'in'), aio.pread(0, buf))\n"
    "fake.complete(k, 1)\n"
    "ok(fork(function() forbid(k) end), 'the end of a child: no call')\n"
    "ok(fork(function()\n"
    "  forbid(k) ctx:close() ctx = nil\n"
    "  collectgarbage() collectgarbage()\n"
    "end), 'collected: no call')\n"
    "fake.complete(k)\n"
    "is(#ctx:getevents(3), 3, 'all events are the parent\\'s')\n";

static void no_call(void) {
  lua_State *L = script_state();
  lua_register(L, "fork", fork_and_call);
  lua_register(L, "forbid", forbid_calls);
  script_run(L, "no call", scripted);
  lua_close(L);
}

static void none(unsigned pending) {
  ok(false, "%u requests are pending", pending);
}

int main(void) {
  struct context *c;
  int err = context_open(&c, &kaio_kernel, 1);
  if (err != 0)
    skip_all("io_setup is refused here");
  context_destroy(c);
  context_free(c);
  no_call();
  one("in flight", in_flight);
  one("in the ring", in_the_ring);
  one("waiters", waiters);
  one("recorded", recorded);
  context_quit(none);
  return done();
}
