/* The record: bounded, for several observers, and nothing while it is off. */
#include "core/record.h"

#include "tap.h"

enum { ROOM = 8 };

static void add(uint64_t from, uint64_t n) {
  for (uint64_t i = 0; record_on && i < n; i++)
    *record_next() =
        (struct record_entry){.kind = RECORD_TAKEN, .id = from + i};
}

/* Reads all, in pieces of max; whether they are from, from + 1, ... */
static bool read_run(uint64_t *cursor, uint64_t from, size_t n, size_t max,
                     uint64_t *missed) {
  struct record_entry e[ROOM];
  size_t sum = 0, got;
  bool good = true;
  while ((got = record_read(cursor, e, max, missed)) > 0)
    for (size_t i = 0; i < got; i++)
      good &= e[i].id == from + sum++;
  return good && sum == n;
}

static void off(void) {
  struct record_entry e;
  uint64_t cursor = 0, missed = 0;
  ok(!record_on, "off at first");
  add(0, 3);
  ok(record_read(&cursor, &e, 1, &missed) == 0 && missed == 0,
     "nothing is recorded while it is off");
  record_close();
  ok(!record_on, "closing what is not open is harmless");
}

static void bounded(void) {
  uint64_t cursor = 0, missed = 0;
  ok(record_open(5) == 0 && record_on, "on");
  add(0, 5);
  ok(read_run(&cursor, 0, 5, 2, &missed) && missed == 0, "in order");
  ok(read_run(&cursor, 0, 0, 2, &missed), "and once");
  add(5, ROOM);
  ok(read_run(&cursor, 5, ROOM, 3, &missed) && missed == 0, "all of its room");
  add(13, ROOM + 3);
  ok(read_run(&cursor, 16, ROOM, 8, &missed), "the newest are kept");
  ok(missed == 3, "how many were missed");
  add(24, 100);
  ok(read_run(&cursor, 116, ROOM, 1, &missed) && missed == 3 + 92,
     "many times around");
}

static void observers(void) {
  uint64_t first = 0, second = 0, missed = 0, other = 0;
  struct record_entry e[ROOM];
  ok(record_open(1000) == 0, "a second observer, who wants more room");
  first = record_written() - ROOM;
  ok(read_run(&first, 116, ROOM, 3, &missed) && missed == 0,
     "what was there is kept");
  add(124, 500);
  ok(read_run(&first, 124, 500, ROOM, &missed) && missed == 0,
     "and there is room for more");
  while (record_read(&second, e, 3, &other) > 0)
    ;
  ok(first == second && other == 116, "each has a cursor of its own");
  add(0, 2);
  ok(read_run(&first, 0, 2, ROOM, &missed), "one reads");
  record_close();
  ok(record_on, "on as long as there is one");
  ok(read_run(&second, 0, 2, ROOM, &missed), "the other one as well");
  record_close();
  ok(!record_on, "the last one ends it");
  add(9, 1);
  ok(read_run(&first, 0, 0, ROOM, &missed), "nothing is added any more");
  uint64_t again = first - 2;
  ok(read_run(&again, 0, 2, ROOM, &missed), "what was there can be read");
  ok(record_open(ROOM) == 0, "opened anew");
  ok(record_written() == 0, "nothing is written");
  first = 0;
  ok(read_run(&first, 0, 0, ROOM, &missed), "it is empty");
  record_close();
}

int main(void) {
  off();
  bounded();
  observers();
  return done();
}
