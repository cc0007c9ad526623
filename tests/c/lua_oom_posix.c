/* Out of memory in POSIX AIO: an error, and nothing is left over. Not malloc's
 * while requests are in flight: glibc's threads use it as well. */
#include "exhausted.h"

static const char tools[] =
    "posix = require 'aio.posix'\n"
    "function wait(cb)\n"
    "  while cb.inflight do posix.suspend { cb } end\n"
    "end\n"
    "function parts()\n"
    "  local s = { f = assert(aio.open '/dev/zero'), buf = aio.buffer(64),\n"
    "    efd = aio.eventfd(), called = 0 }\n"
    "  s.cb = posix.aiocb { fd = s.f, buf = s.buf, data = 'mine' }\n"
    "  s.other = posix.aiocb { fd = s.f, buf = aio.buffer(8) }\n"
    "  return s\n"
    "end\n"
    "function whole(s)\n"
    "  wait(s.cb) wait(s.other)\n"
    "  assert(s.cb.buf == s.buf and s.cb.data == 'mine' and s.cb.fd == s.f)\n"
    "  posix.run() posix.run()\n"
    "  s.cb.sigevent = nil s.other.sigevent = nil\n"
    "  s.cb:close() s.other:close() s.buf:close() s.efd:close()\n"
    "  assert(s.f:close())\n"
    "end\n"
    "parts() posix.eventfd() collectgarbage()\n";

static const char objects[] =
    "exhaust('aiocb', parts, function(s)\n"
    "  return posix.aiocb { fd = s.f, buf = s.buf, offset = 5 } end,\n"
    "  function(s, cb) if cb then cb:close() end whole(s) end)\n"
    "exhaust('aiocb with a sigevent', parts, function(s)\n"
    "  return posix.aiocb { sigevent = { eventfd = s.efd } } end,\n"
    "  function(s, cb) if cb then cb:close() end whole(s) end)\n"
    "exhaust('sigevent', parts, function(s)\n"
    "  s.cb.sigevent = { signo = 5, value = 6 } return true end, whole)\n"
    "exhaust('tostring', parts, function(s)\n"
    "  return tostring(s.cb) .. tostring(s.cb.sigevent) end, whole)\n"
    "exhaust('refused', parts, function(s)\n"
    "  s.cb.reqprio = 50\n"
    "  local r, msg, errno = s.cb:read()\n"
    "  assert(r == nil and errno == aio.EINVAL, msg) return true end, whole)\n"
    "exhaust('suspend', parts, function(s)\n"
    "  return posix.suspend { s.cb, s.other } end, whole)\n";

/* Whether it was submitted or not: what it was given is let go. Blocks of
 * glibc's threads are none of ours, and its last one may close a descriptor
 * late. */
static const char requests[] =
    "last_kind = 2\n"
    "local count, least = blocks\n"
    "local w = aio.waiter():add(aio.eventfd())\n"
    "function blocks()\n"
    "  local deadline, _, fds = aio.now() + 20 * 10 ^ 9\n"
    "  repeat\n"
    "    for _ in w:wait(0.001) do end\n"
    "    _, fds = count()\n"
    "    least = least or fds\n"
    "  until fds == least or aio.now() > deadline\n"
    "  return 0, fds\n"
    "end\n"
    "exhaust('read', parts, function(s) return s.cb:read() end, whole)\n"
    "exhaust('fsync', parts, function(s) return s.cb:fsync 'sync' end, whole)\n"
    "exhaust('read, by thread', parts, function(s)\n"
    "  s.cb.sigevent = s.efd return s.cb:read() end, whole)\n"
    "exhaust('read, by function', parts, function(s)\n"
    "  s.cb.sigevent = function() s.called = s.called + 1 end\n"
    "  return s.cb:read() end, function(s, good)\n"
    "  local asked = s.cb.submissions\n"
    "  whole(s) assert(s.called == asked, s.called) end)\n"
    "exhaust('read, by signal', parts, function(s)\n"
    "  s.cb.sigevent = 'SIGRTMIN+1' return s.cb:read() end, whole)\n"
    "exhaust('read of an object', parts, function(s)\n"
    "  s.cb.fd = { pollfd = function() return s.f:fileno() end }\n"
    "  return s.cb:read() end, function(s)\n"
    "  wait(s.cb) s.cb.fd = s.f whole(s) end)\n"
    "exhaust('listio', parts, function(s)\n"
    "  s.cb.sigevent = s.efd\n"
    "  return posix.listio('nowait', { s.cb, false, s.other }, s.efd) end,\n"
    "  whole)\n"
    "exhaust('listio, by function', parts, function(s)\n"
    "  return posix.listio('nowait', { s.cb, s.other },\n"
    "    function() s.called = s.called + 1 end) end, whole)\n"
    "exhaust('listio, waited for', parts, function(s)\n"
    "  return posix.listio('wait', { s.cb, s.other }) end, whole)\n"
    "exhaust('listio, failing', parts, function(s)\n"
    "  s.other.offset = -1\n"
    "  local r, msg, errno = posix.listio('wait', { s.cb, s.other })\n"
    "  assert(r == nil and errno == aio.EIO, msg) return true end, whole)\n"
    "exhaust('error and result', function()\n"
    "  local s = parts() s.cb.offset = -1 s.cb:read() wait(s.cb) return s\n"
    "  end, function(s)\n"
    "  return s.cb:error() == 22 and s.cb:result() end, whole)\n";

int main(void) {
  exhausted(tools, objects, "");
  exhausted(tools, requests, "");
  return done();
}
