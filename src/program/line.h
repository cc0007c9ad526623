/* The line that is being edited: GNU readline's callback interface. Only this
 * file and complete.c know readline. Lua code never runs inside a call of
 * readline's but for completion, which no error leaves. */
#ifndef PROGRAM_LINE_H
#define PROGRAM_LINE_H

#include <stdbool.h>

/* Once; shows the prompt and begins; ends without a line. */
void line_install(void);
void line_begin(const char *prompt);
void line_end(void);

enum line_state { LINE_EDITING, LINE_DONE, LINE_EOF };

/* Reads the keys that are there (one must be). */
enum line_state line_feed(void);

/* What was typed, after LINE_DONE; lives until the next line_begin. */
const char *line_text(void);

/* Makes room above the line for whole lines, then shows it again as it was,
 * below a new prompt if that is not NULL. A search has a prompt of its own. */
void line_hide(void);
void line_show(const char *prompt);
bool line_shows_prompt(void);

/* Ctrl-C: leaves the line, or the search, as it stands, and ends. */
void line_cancel(void);

/* The terminal as it was before the line began, and back. */
void line_leave_terminal(void);
void line_enter_terminal(void);

/* The terminal has another size. */
void line_resized(void);

/* Into the history that the arrow keys and Ctrl-R go through, of at most so
 * many entries; false when it is the same as the last one. */
bool line_remember(const char *entry);
void line_limit_history(int entries);

#endif
