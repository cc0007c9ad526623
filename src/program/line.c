#include "program/line.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <readline/history.h>
#include <readline/readline.h>

#include "program/complete.h"

static char *text;
static enum line_state state;
static bool installed; /* the handler is, and the terminal is readline's */

/* Evaluation is the loop's: no error may jump through readline's frames. */
static void on_line(char *line) {
  state = line != NULL ? LINE_DONE : LINE_EOF;
  text = line;
  rl_callback_handler_remove();
  installed = false;
}

/* Not with a newline at the end of the input, on some terminals alone. */
static void deprepare(void) {
  rl_eof_found = 0;
  rl_deprep_terminal();
}

/* Signals are the loop's, and nothing in readline may wait for a key but the
 * loop; children see LINES and COLUMNS as they were. */
void line_install(void) {
  rl_readline_name = "aiosh";
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_change_environment = 0;
  rl_deprep_term_function = deprepare;
  rl_initialize();
  rl_variable_bind("page-completions", "off");
  rl_completion_query_items = -1;
  using_history();
  complete_install();
  atexit(line_leave_terminal);
}

void line_begin(const char *prompt) {
  free(text);
  text = NULL;
  state = LINE_EDITING;
  rl_reset_screen_size();
  rl_callback_handler_install(prompt, on_line);
  installed = true;
}

void line_end(void) {
  if (installed)
    rl_callback_handler_remove();
  installed = false;
}

enum line_state line_feed(void) {
  rl_callback_read_char();
  return state;
}

const char *line_text(void) {
  return text;
}

/* A search, or an argument being typed, stands where the prompt was. */
bool line_shows_prompt(void) {
  return !RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG);
}

void line_hide(void) {
  rl_clear_visible_line();
  fflush(rl_outstream);
}

void line_show(const char *prompt) {
  if (prompt != NULL)
    rl_set_prompt(prompt);
  rl_on_new_line();
  rl_redisplay();
}

void line_cancel(void) {
  rl_callback_sigcleanup();
  rl_free_line_state();
  rl_point = rl_end;
  rl_redisplay();
  rl_echo_signal_char(SIGINT);
  rl_crlf();
  fflush(rl_outstream);
  line_end();
}

void line_leave_terminal(void) {
  if (installed)
    deprepare();
}

void line_enter_terminal(void) {
  rl_reset_screen_size();
  rl_prep_terminal(1);
  line_show(NULL);
}

void line_resized(void) {
  rl_resize_terminal();
}

bool line_remember(const char *entry) {
  const HIST_ENTRY *last = history_get(history_base + history_length - 1);
  if (last != NULL && strcmp(last->line, entry) == 0)
    return false;
  add_history(entry);
  return true;
}

void line_limit_history(int entries) {
  stifle_history(entries);
}
