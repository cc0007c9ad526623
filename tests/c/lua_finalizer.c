/* Finalizers that run in the middle of a call, at any allocation of it: they
 * destroy the context, take its events, submit to it. Every request is
 * accounted for exactly once all the same. */
#include "script.h"

/* spread(name, act, f) calls f again and again while hundreds of finalizers
 * are due: the collector runs ten of them at each allocation. f sets armed
 * before the call that it is about, and in each round act is called at a later
 * one. */
static const char tools[] =
    "collectgarbage('incremental', 0, 40, 4)\n"
    "armed, fired, ran, wait = false, 0, 0, 0\n"
    "local due = {}\n"
    "function due.__gc()\n"
    "  ran = ran + 1\n"
    "  if not armed then return end\n"
    "  wait = wait - 1\n"
    "  if wait <= 0 then armed = false fired = fired + 1 due.act() end\n"
    "end\n"
    "local function load()\n"
    "  collectgarbage()\n"
    "  for i = 1, 1000 do setmetatable({}, due) end\n"
    "  ran = 0\n"
    "  repeat collectgarbage('step', 0) until ran > 0\n"
    "end\n"
    "function spread(name, act, f)\n"
    "  local good, rounds, why = 0, 60, nil\n"
    "  fired, due.act = 0, act\n"
    "  for shift = 1, rounds do\n"
    "    load()\n"
    "    wait = shift * 10 - 5\n"
    "    local ok, err = pcall(f, shift)\n"
    "    armed = false\n"
    "    if ok then good = good + 1 else why = why or err end\n"
    "  end\n"
    "  collectgarbage()\n"
    "  if why then print('# ' .. tostring(why)) end\n"
    "  is(good, rounds, name .. ': every round')\n"
    "  ok(fired > 0, name .. ': finalizers ran inside')\n"
    "end\n"
    "function reads(n)\n"
    "  local t = {}\n"
    "  for i = 1, n do t[i] = aio.pread(0, aio.buffer(64)) end\n"
    "  return t\n"
    "end\n"
    "ledger = {}\n"
    "function tally(evs)\n"
    "  for _, ev in ipairs(evs) do\n"
    "    assert(not ledger[ev.obj], 'delivered twice')\n"
    "    ledger[ev.obj] = ev.res\n"
    "  end\n"
    "  return #evs\n"
    "end\n"
    "function settled(list)\n"
    "  for i, cb in ipairs(list) do\n"
    "    if ledger[cb] ~= 64 then error('lost number ' .. i) end\n"
    "  end\n"
    "  ledger = {}\n"
    "end\n";

/* getevents, reap and run build tables while a finalizer takes, too. */
static const char taking[] =
    "local inner = ...\n"
    "for _, outer in ipairs { 'getevents', 'reap', 'run' } do\n"
    "  local ctx, k = fake.setup(64)\n"
    "  local function act() tally(ctx[inner](ctx, 1)) end\n"
    "  local name = outer .. ' while a finalizer calls ' .. inner\n"
    "  spread(name, act, function()\n"
    "    local list = reads(5)\n"
    "    assert(ctx:submit(list) == 5)\n"
    "    fake.complete(k)\n"
    "    armed = true\n"
    "    local n, rest = ctx[outer](ctx, 1, 5, 0)\n"
    "    armed = false\n"
    "    tally(rest or n)\n"
    "    tally(ctx:reap())\n"
    "    settled(list)\n"
    "    assert(ctx.inflight == 0)\n"
    "  end)\n"
    "  ctx:destroy()\n"
    "end\n";

static const char destroying[] =
    "for _, outer in ipairs { 'getevents', 'reap', 'run', 'list' } do\n"
    "  local ctx, k, lost\n"
    "  local function act() lost = ctx:destroy() end\n"
    "  spread(outer .. ' while a finalizer destroys', act, function()\n"
    "    ctx, k = fake.setup(64)\n"
    "    lost = nil\n"
    "    local list = reads(3)\n"
    "    for i = 4, 5 do list[i] = aio.poll(0, 'in') end\n"
    "    assert(ctx:submit(list) == 5)\n"
    "    for i = 1, 3 do fake.complete(k, 1) end\n"
    "    armed = true\n"
    "    local ok, n, rest = pcall(ctx[outer], ctx, 1, 5, 0)\n"
    "    armed = false\n"
    "    local got = ok and outer ~= 'list' and tally(rest or n) or 0\n"
    "    if not ok then assert(tostring(n):find 'destroyed', n) end\n"
    "    if lost then assert(lost + got == 5, lost .. ' + ' .. got)\n"
    "    else assert(ctx:destroy() + got == 5) end\n"
    "    for _, cb in ipairs(list) do assert(not cb.inflight) end\n"
    "    ledger = {}\n"
    "  end)\n"
    "end\n";

/* Nothing in submit can run a finalizer once it gathers, but it asks foreign
 * objects for their descriptors before: 64 requests and one more need new
 * slots, and the object's pollfd does as it likes. */
static const char submitting[] =
    "local ctx, k, act\n"
    "local fd = { pollfd = function() if act then act() end return 0 end }\n"
    "local function batch(n)\n"
    "  act = nil\n"
    "  ctx, k = fake.setup(64)\n"
    "  local list = reads(n - 1)\n"
    "  list[n] = aio.pread(fd, aio.buffer(64))\n"
    "  return list\n"
    "end\n"
    "local list, more = batch(64), reads(1)\n"
    "act = function() act = nil assert(ctx:submit(more) == 1) end\n"
    "is(ctx:submit(list), 64, 'submits while it is submitting')\n"
    "fake.complete(k)\n"
    "tally(ctx:getevents(1, 65))\n"
    "settled(list) ctx:destroy()\n"
    "list = batch(3)\n"
    "act = function() ctx:destroy() end\n"
    "local ok_, err = pcall(ctx.submit, ctx, list)\n"
    "ok(not ok_ and err:find 'destroyed', 'destroys')\n"
    "for i = 1, 3 do\n"
    "  list = batch(3)\n"
    "  act = function() list[i]:close() end\n"
    "  ok_, err = pcall(ctx.submit, ctx, list)\n"
    "  ok(not ok_ and err:find 'closed', 'closes iocb ' .. i)\n"
    "  is(ctx.inflight, 0, 'nothing is submitted')\n"
    "  ctx:destroy()\n"
    "end\n"
    "list = batch(3)\n"
    "local other = list[1]\n"
    "act = function() act = nil other.buf:close() end\n"
    "ok_, err = pcall(ctx.submit, ctx, list)\n"
    "ok(not ok_ and err:find 'closed', 'closes a buffer')\n"
    "act = function() act = nil ctx:submit(other) end\n"
    "other.buf = aio.buffer(64)\n"
    "ok_, err = pcall(ctx.submit, ctx, list)\n"
    "ok(not ok_ and err:find 'in flight', 'submits one of them')\n"
    "is(ctx.inflight, 1, 'and only that')\n"
    "act = function() act = nil list[1], list[2], list[3] = 1, 2, 3 end\n"
    "list[1] = aio.noop()\n"
    "ok_, err = pcall(ctx.submit, ctx, list)\n"
    "ok(not ok_ and err:find 'iocb', 'changes the list')\n"
    "list = batch(3)\n"
    "act = function() act = nil error 'oops' end\n"
    "ok_, err = pcall(ctx.submit, ctx, list)\n"
    "ok(not ok_ and err:find 'oops', 'raises')\n"
    "is(ctx.inflight, 0, 'nothing is submitted')\n"
    "act = nil\n"
    "is(ctx:submit(list), 3, 'and the same list goes out now')\n"
    "fake.complete(k)\n"
    "is(#ctx:getevents(3), 3, 'and comes back')\n"
    "ctx:destroy()\n";

/* Preparing, while a finalizer sends the very iocb off. */
static const char preparing[] =
    "local ctx, k = fake.setup(64)\n"
    "local cb, buf, other\n"
    "local function act() ctx:submit(cb) end\n"
    "spread('prepare while a finalizer submits', act, function()\n"
    "  buf, other = aio.buffer(64), aio.buffer(64)\n"
    "  cb = aio.pread(0, buf)\n"
    "  armed = true\n"
    "  local ok, err = pcall(cb.preadv, cb, 0, { other, buf:slice(0, 8) })\n"
    "  armed = false\n"
    "  assert(ok or err:find 'in flight', err)\n"
    "  assert(ok or cb.buf == buf)\n"
    "  fake.complete(k)\n"
    "  ctx:reap()\n"
    "  assert(not cb.inflight)\n"
    "end)\n"
    "ctx:destroy()\n";

/* The event that an old kernel's cancel hands over. */
static const char cancelling[] =
    "local ctx, k = fake.setup(64)\n"
    "local function act() tally(ctx:reap()) end\n"
    "spread('cancel while a finalizer reaps', act, function()\n"
    "  local cb = aio.poll(0, 'in')\n"
    "  fake.set(k, 'hands_over')\n"
    "  ctx:submit(cb)\n"
    "  armed = true\n"
    "  local ev = ctx:cancel(cb)\n"
    "  armed = false\n"
    "  assert(ev.obj == cb and ev.res == 0)\n"
    "  assert(ctx.inflight == 0 and not cb.inflight)\n"
    "  ledger = {}\n"
    "end)\n"
    "ctx:destroy()\n";

/* The table of all contexts, which a new one goes into. */
static const char listing[] =
    "local made = {}\n"
    "for i = 1, 30 do made[i] = fake.setup(4) end\n"
    "local function act()\n"
    "  for i = 1, 40 do made[#made + 1] = fake.setup(4) end\n"
    "end\n"
    "spread('contexts while a finalizer sets some up', act, function()\n"
    "  local before, seen = #made, {}\n"
    "  armed = true\n"
    "  local list = aio.contexts()\n"
    "  armed = false\n"
    "  for _, ctx in ipairs(list) do\n"
    "    assert(not seen[ctx], 'told twice')\n"
    "    seen[ctx] = true\n"
    "  end\n"
    "  for i = 1, before do assert(seen[made[i]], 'missing') end\n"
    "  while #made > 30 do table.remove(made):destroy() end\n"
    "end)\n"
    "for _, ctx in ipairs(made) do ctx:destroy() end\n";

static void run_with(const char *name, const char *chunk,
                     const char *argument) {
  lua_State *L = script_state();
  script_run(L, "tools", tools);
  if (argument != NULL)
    lua_pushstring(L, argument);
  script_run(L, name, chunk);
  lua_close(L);
}

int main(void) {
  run_with("taking", taking, "reap");
  run_with("taking", taking, "getevents");
  run_with("destroying", destroying, NULL);
  run_with("submitting", submitting, NULL);
  run_with("preparing", preparing, NULL);
  run_with("cancelling", cancelling, NULL);
  run_with("listing", listing, NULL);
  return done();
}
