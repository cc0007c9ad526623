/* The history of the prompt in a file: one entry a line, a newline inside an
 * entry is stored as the byte 1. Entries are appended one by one, so that
 * shells side by side lose nothing. */
#ifndef PROGRAM_HISTORY_H
#define PROGRAM_HISTORY_H

enum { HISTORY_ENTRIES = 5000 };

/* Opens $XDG_STATE_HOME/aiosh/history (by default below ~/.local/state), made
 * with mode 0600, cuts it to HISTORY_ENTRIES where it has become much longer,
 * and calls each for its entries, the oldest first. 0, or -errno: then nothing
 * is kept. */
int history_open(void (*each)(const char *entry));

/* Adds an entry; a failure is not told. */
void history_append(const char *entry);

#endif
