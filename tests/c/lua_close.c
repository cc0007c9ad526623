/* lua_close with requests in flight, whatever was made first: what the kernel
 * may touch stays valid when the state is gone. */
#include <unistd.h>

#include "core/context.h"
#include "script.h"

/* ---- every order of creation ---- */

/* Makes the four objects in the order that it is given, and submits. An iocb
 * is made empty and gets its fields at the end. */
static const char in_order[] =
    "local order, form, ring = ...\n"
    "local o = {}\n"
    "local make = {\n"
    "  c = function() o.ctx, o.k = fake.setup(8, ring) end,\n"
    "  i = function() o.iocb = aio.iocb{opcode = form} end,\n"
    "  b = function() o.buf = aio.buffer(4096) end,\n"
    "  f = function() o.file = aio.open('/dev/zero', 'rdwr') end,\n"
    "}\n"
    "for c in order:gmatch('.') do make[c]() end\n"
    "o.iocb.fd = o.file\n"
    "if form:find 'v' then\n"
    "  o.iocb.bufs = { o.buf:slice(0, 512), o.buf:slice(1024, 512) }\n"
    "  o.iocb.nbytes = 2\n"
    "else o.iocb.buf, o.iocb.nbytes = o.buf, 4096 end\n"
    "assert(o.ctx:submit(o.iocb) == 1)\n"
    "keep = o\n";

static const char *const orders[] = {
    "cibf", "cifb", "cbif", "cbfi", "cfib", "cfbi", "icbf", "icfb",
    "ibcf", "ibfc", "ifcb", "ifbc", "bcif", "bcfi", "bicf", "bifc",
    "bfci", "bfic", "fcib", "fcbi", "ficb", "fibc", "fbci", "fbic"};
enum { ORDERS = sizeof orders / sizeof *orders };

static bool submit_and_close(const char *order, const char *form,
                             const char *ring) {
  lua_State *L = script_state();
  lua_pushstring(L, order);
  lua_pushstring(L, form);
  lua_pushstring(L, ring);
  bool good = script_run(L, order, in_order);
  lua_close(L);
  script_touch();
  return good;
}

/* How many descriptors are open. */
static int descriptors(void) {
  int n = 0;
  for (int fd = 0; fd < 1024; fd++)
    n += dup2(fd, fd) == fd;
  return n;
}

static void no_notice(unsigned pending) {
  (void)pending;
}

/* The fakes finish, and the contexts let everything go. */
static void settle(const char *what) {
  for (int i = 0; i < script_count; i++)
    fake_complete_all(script_fakes[i]);
  context_quit(no_notice);
  ok(context_pending() == 0, "%s: every event was taken at the end", what);
}

static void every_order(const char *form, const char *ring) {
  int before = descriptors(), good = 0;
  unsigned held = context_pending();
  for (int i = 0; i < ORDERS; i++)
    good += submit_and_close(orders[i], form, ring);
  ok(good == ORDERS, "%s %s: closed in %d orders", form, ring, ORDERS);
  ok(context_pending() - held == ORDERS, "%s %s: all still in flight", form,
     ring);
  ok(descriptors() - before == ORDERS, "%s %s: files still open", form, ring);
  settle(form);
}

/* ---- other states at the end ---- */

static void close_after(const char *name, const char *chunk, unsigned held) {
  unsigned before = context_pending();
  lua_State *L = script_state();
  script_run(L, name, chunk);
  lua_close(L);
  script_touch();
  ok(context_pending() - before == held, "%s: %u in flight", name, held);
  settle(name);
}

/* The event is in the ring, in the queue, half of a loop's. */
static const char done_not_taken[] =
    "local ctx, k = fake.setup(8)\n"
    "ctx:submit(aio.pread(0, aio.buffer(64)), aio.pread(0, aio.buffer(64)))\n"
    "fake.complete(k, 1)\n"
    "keep = ctx\n";

static const char taken_not_delivered[] =
    "local ctx, k = fake.setup(8)\n"
    "local b = aio.buffer(64)\n"
    "for i = 1, 3 do ctx:submit(aio.pread(0, b)) end\n"
    "fake.complete(k, 1) fake.complete(k, 1)\n"
    "for cb in ctx:each(1) do break end\n"
    "assert(ctx.inflight == 2)\n"
    "keep = ctx\n";

static const char all_closed[] =
    "local ctx, k = fake.setup(8)\n"
    "local f, b = aio.open '/dev/zero', aio.buffer(8192)\n"
    "local cb = aio.pread(f, b)\n"
    "ctx:submit(cb)\n"
    "cb:close() b:close() f:close()\n"
    "cb, b, f = nil\n"
    "collectgarbage() collectgarbage()\n"
    "keep = ctx\n";

/* Lua never finalizes what finalizers make while the state is closed. */
static const char made_at_the_end[] =
    "setmetatable({}, {__gc = function()\n"
    "  local ctx = fake.setup(8)\n"
    "  ctx:submit(aio.pread(0, aio.buffer(4096)), aio.poll(0, 'in'))\n"
    "end})\n";

static const char submitted_at_the_end[] =
    "local ctx, k = fake.setup(8)\n"
    "local cb = aio.pread(0, aio.buffer(4096))\n"
    "setmetatable({}, {__gc = function()\n"
    "  assert(ctx:submit(cb) == 1)\n"
    "end})\n";

/* Two contexts that know each other, and a buffer that both use. */
static const char tangled[] =
    "local a, b = fake.setup(8), fake.setup(8, 'noring')\n"
    "local buf = aio.buffer(4096)\n"
    "local one, two = aio.pread(0, buf), aio.pwrite(0, buf)\n"
    "one.data, two.data = { b, two }, { a, one }\n"
    "a:submit(one) b:submit(two)\n";

/* The context is destroyed by a finalizer, when others have run already. */
static const char destroyed_at_the_end[] =
    "local ctx, k = fake.setup(8)\n"
    "keep = setmetatable({}, {__gc = function() assert(ctx:destroy() == 2) "
    "end})\n"
    "ctx:submit(aio.pread(0, aio.buffer(4096)), aio.poll(0, 'in'))\n";

static const char destroy_failed[] =
    "local ctx, k = fake.setup(8)\n"
    "ctx:submit(aio.pread(0, aio.buffer(4096)))\n"
    "fake.fail(k, 'destroy', 1, aio.EAGAIN)\n"
    "local n, msg, errno = ctx:destroy()\n"
    "assert(n == nil and errno == aio.EAGAIN, msg)\n"
    "ctx = nil collectgarbage() collectgarbage()\n";

int main(void) {
  every_order("pread", "");
  every_order("pwrite", "noring");
  every_order("preadv", "");
  close_after("done, not taken", done_not_taken, 1);
  close_after("taken, not delivered", taken_not_delivered, 1);
  close_after("all but the context closed", all_closed, 1);
  close_after("made by a finalizer", made_at_the_end, 2);
  close_after("submitted by a finalizer", submitted_at_the_end, 1);
  close_after("tangled", tangled, 2);
  close_after("destroyed by a finalizer", destroyed_at_the_end, 0);
  close_after("destroy failed", destroy_failed, 0);
  script_touch();
  return done();
}
