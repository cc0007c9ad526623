/* What context.c, submit.c and take.c share about slots; nobody else. */
#ifndef CORE_SLOT_H
#define CORE_SLOT_H

#include "core/context.h"
#include "core/record.h"

/* Adds a call that began at that time and ends now to the record; call it
 * while that is on. */
void context_record(const struct context *c, enum record_kind kind, int64_t at,
                    struct record_call call);

/* Back into the free list, with a new generation. */
void slot_free(struct context *c, int32_t index);

/* Drops pins and holds; harmless when there are none. */
void slot_let_go(struct slot *s);

/* An event was taken: it goes to its slot, which is queued, or to the foreign
 * ones (reserve first). *now is the time, or 0: it is asked for if need be. */
void slot_done(struct context *c, const struct io_event *e, int64_t *now);

/* For c->opcodes: what has none of a kind needs no closer look. Numbers that
 * the kernel does not know share the bits of those that it does. */
static inline uint32_t opcode_bit(unsigned opcode) {
  return UINT32_C(1) << (opcode & 31);
}

/* batch.c, for a submit: whether a direct write of the list goes beyond the
 * end of its file, which ext4 and others finish inside io_submit (to be asked
 * before the call: one fstat for each such file, none for anything else); and a
 * note in c->last of what was taken and where the kernel stopped. */
bool batch_extends(const struct context *c);
void batch_note(struct context *c, unsigned taken);

#endif
