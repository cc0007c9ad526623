/* What the kernel must not see: every form of memory with every opcode. */
#include "core/request.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/kaio.h"
#include "tap.h"

enum { OPCODES = 12, SIZE = 4096 };

static struct mem *block;
static struct request_fault fault;

static struct request of_block(unsigned opcode, uint64_t nbytes) {
  struct request r = {.memory = MEMORY_BLOCK, .off = 512, .len = 1024};
  r.iocb.aio_lio_opcode = (uint16_t)opcode;
  r.iocb.aio_nbytes = nbytes;
  r.mem = block;
  mem_ref(block);
  return r;
}

static struct request of_segs(unsigned opcode, uint64_t nbytes) {
  struct request r = {.memory = MEMORY_SEGS, .segs = segs_new(2)};
  if (r.segs == NULL)
    abort();
  segs_add(r.segs, block, 0, 512);
  segs_add(r.segs, block, 1024, 1);
  r.iocb.aio_lio_opcode = (uint16_t)opcode;
  r.iocb.aio_nbytes = nbytes;
  return r;
}

/* Whether it is refused, for this field; NULL: it is valid. */
static bool refused_for(struct request r, const char *field) {
  memset(&fault, 0, sizeof fault);
  bool valid = request_valid(&r, &fault);
  request_forget_memory(&r);
  if (field == NULL)
    return valid;
  return !valid && strcmp(fault.field, field) == 0 && fault.text[0] != '\0';
}

static bool vectored(unsigned op) {
  return op == KAIO_CMD_PREADV || op == KAIO_CMD_PWRITEV;
}

static void forms(void) {
  for (unsigned op = 0; op < OPCODES; op++) {
    const char *plain = vectored(op) ? "buf" : NULL;
    const char *list = vectored(op) ? NULL : "bufs";
    ok(refused_for(of_block(op, 1024), plain), "opcode %u: a block", op);
    ok(refused_for(of_segs(op, 2), list), "opcode %u: a list", op);
  }
  ok(refused_for(of_block(UINT16_MAX, 1024), NULL), "any number: a block");
  ok(refused_for(of_segs(UINT16_MAX, 1), "bufs"), "any number: a list");
}

static void lengths(void) {
  uint64_t top = UINT64_C(1) << 63;
  ok(refused_for(of_block(0, 1024), NULL), "all of the buffer");
  ok(refused_for(of_block(0, 0), NULL), "nothing of it");
  ok(refused_for(of_block(0, 1025), "nbytes"), "a byte too many");
  ok(refused_for(of_block(99, 1025), "nbytes"), "for an unknown opcode");
  ok(refused_for(of_block(0, top - 1), "nbytes"), "the largest");
  ok(refused_for(of_block(0, top), NULL), "the kernel refuses the top bit");
  ok(refused_for(of_block(0, UINT64_MAX), NULL), "and -1");
  ok(refused_for(of_segs(7, 2), NULL), "all segments");
  ok(refused_for(of_segs(8, 0), NULL), "none of them");
  ok(refused_for(of_segs(7, 3), "nbytes"), "a segment too many");
  ok(refused_for(of_segs(8, top), NULL), "top bit, for a vector");
}

/* Memory that is no buffer: nothing to refuse, but an address in aio_buf. */
static void without_buffer(void) {
  struct request r = {.memory = MEMORY_NULL};
  r.iocb.aio_nbytes = 4096;
  ok(refused_for(r, NULL) && request_address(&r) == 0, "address 0");
  r.memory = MEMORY_WILD;
  ok(refused_for(r, NULL) && request_address(&r) >> 47 == 0x1ffff,
     "in the kernel's half");
  for (unsigned op = 0; op < OPCODES; op++) {
    bool harmless =
        op == IOCB_CMD_FSYNC || op == IOCB_CMD_FDSYNC || op == KAIO_CMD_POLL;
    r = (struct request){.memory = MEMORY_NONE};
    r.iocb.aio_lio_opcode = (uint16_t)op;
    r.iocb.aio_nbytes = 4096;
    ok(refused_for(r, NULL), "opcode %u: no memory", op);
    r.iocb.aio_buf = 5;
    ok(request_address(&r) == 5, "events are the address");
    ok(refused_for(r, harmless ? NULL : "events"), "opcode %u: events", op);
  }
}

static void closed(void) {
  struct mem *whole = block;
  struct desc *d = NULL;
  if (mem_alloc(&block, SIZE, 512) != 0 ||
      desc_new(&d, open("/dev/null", O_RDONLY | O_CLOEXEC)) != 0)
    abort();
  struct request one = of_block(0, 512), list = of_segs(7, 2);
  ok(request_address(&one) == (uintptr_t)block->base + 512, "its address");
  ok(request_address(&list) == (uintptr_t)list.segs->iov, "of a vector");
  mem_shut(block);
  ok(refused_for(one, "buf"), "a closed buffer");
  ok(refused_for(list, "bufs"), "in a list");
  ok(refused_for(of_segs(7, 0), "bufs"), "also if it is not used");
  mem_unref(block);
  block = whole;
  struct request r = {.file = d}, e = {.eventfd = d};
  ok(refused_for(r, NULL) && refused_for(e, NULL), "an open file");
  desc_shut(d);
  ok(refused_for(r, "fd"), "a closed file");
  ok(refused_for(e, "eventfd"), "a closed eventfd");
  desc_unref(d);
}

static void names(void) {
  bool good = true, writes = true;
  struct request r = {.memory = MEMORY_NONE};
  for (unsigned op = 0; op < OPCODES; op++) {
    const char *name = opcode_name(op);
    good &= name == NULL || opcode_number(name) == (int)op;
    good &= opcode_vectored(op) == vectored(op);
    r.iocb.aio_lio_opcode = (uint16_t)op;
    writes &=
        request_writes(&r) == (op != IOCB_CMD_PWRITE && op != KAIO_CMD_PWRITEV);
  }
  ok(good, "names and numbers");
  ok(writes, "whatever is not a write may write");
  ok(opcode_name(4) == NULL && opcode_name(UINT16_MAX) == NULL, "no name");
  ok(opcode_number("read") == -1 && opcode_number("") == -1, "no number");
}

static bool text_is(uint16_t op, uint64_t n, int64_t at, const char *want) {
  struct iocb k = {.aio_lio_opcode = op, .aio_nbytes = n, .aio_offset = at};
  char text[96];
  k.aio_buf = 0x11;
  iocb_text(&k, text, sizeof text);
  return strcmp(text, want) == 0;
}

static void texts(void) {
  ok(text_is(0, 4096, 512, "pread 4096 @512"), "pread");
  ok(text_is(8, 3, -1, "pwritev 3 segments @-1"), "pwritev");
  ok(text_is(2, 9, 9, "fsync"), "fsync");
  ok(text_is(5, 0, 0, "poll 0x11"), "poll");
  ok(text_is(99, UINT64_MAX, 0, "opcode 99 -1 @0"), "an unknown one");
}

/* Segments keep their blocks. */
static void segments(void) {
  struct segs *s = segs_new(0);
  ok(s != NULL && s->n == 0, "no segments");
  segs_unref(s);
  s = segs_new(1);
  unsigned before = block->refs;
  segs_add(s, block, 5, 7);
  ok(block->refs == before + 1 && s->iov[0].iov_len == 7, "a reference each");
  segs_ref(s);
  segs_unref(s);
  segs_unref(s);
  segs_unref(NULL);
  ok(block->refs == before, "dropped with the last");
}

int main(void) {
  if (mem_alloc(&block, SIZE, 512) != 0)
    abort();
  forms();
  lengths();
  without_buffer();
  closed();
  names();
  texts();
  segments();
  ok(block->refs == 1, "no reference is left");
  mem_unref(block);
  return done();
}
