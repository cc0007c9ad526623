/* Readline is told that the word to complete is all of the line up to the
 * cursor, so that Lua alone decides where it begins: every match begins with
 * what stands before the word, which is taken away again when they are listed.
 */
#include "program/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <readline/readline.h>
#include <lauxlib.h>

static lua_State *asked;
static const char key; /* in the registry: the function */
static size_t before;  /* how much of each match stands before the word */

void complete_by(lua_State *L) {
  asked = L;
  lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

/* ---- from Lua to C: cannot raise ---- */

/* line up to `before`, then the text: malloc'ed, or NULL. */
static char *join(const char *line, const char *one, const char *two) {
  size_t size = before + strlen(one) + strlen(two) + 1;
  char *match = malloc(size);
  if (match != NULL)
    snprintf(match, size, "%.*s%s%s", (int)before, line, one, two);
  return match;
}

static void free_matches(char **matches) {
  for (char **m = matches; *m != NULL; m++)
    free(*m);
  free(matches);
}

/* What all of them have in common, not in the middle of a character. */
static char *common(char *const *matches) {
  size_t size = strlen(matches[0]);
  for (char *const *m = matches + 1; *m != NULL; m++)
    for (size_t i = 0; i < size; i++)
      if ((*m)[i] != matches[0][i])
        size = i;
  while (size > 0 && (matches[0][size] & 0xc0) == 0x80)
    size--;
  return strndup(matches[0], size);
}

/* The n strings of the list, behind one free place; NULL: no memory, or one of
 * them is no string. */
static char **to_matches(lua_State *L, int list, lua_Integer n,
                         const char *line, const char *behind) {
  char **matches = calloc((size_t)n + 2, sizeof *matches);
  if (matches == NULL)
    return NULL;
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, list, i);
    const char *one =
        lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    matches[i - 1] = one != NULL ? join(line, one, behind) : NULL;
    lua_pop(L, 1);
    if (matches[i - 1] == NULL) {
      free_matches(matches);
      return NULL;
    }
  }
  return matches;
}

/* readline's array: the common beginning, then all; a single one alone. */
static char **arrange(char **matches, lua_Integer n) {
  if (n == 1)
    return matches;
  char *beginning = common(matches);
  if (beginning == NULL) {
    free_matches(matches);
    return NULL;
  }
  memmove(matches + 1, matches, (size_t)n * sizeof *matches);
  matches[0] = beginning;
  return matches;
}

/* The results of the function are the last three on the stack. */
static char **take_results(lua_State *L, const char *line, size_t point) {
  int list = lua_gettop(L) - 2;
  const char *behind = lua_tostring(L, -1);
  lua_Integer start = lua_tointeger(L, -2);
  lua_Integer n = lua_istable(L, list) ? (lua_Integer)lua_rawlen(L, list) : 0;
  if (n == 0 || n > INT32_MAX || start < 0 || start > (lua_Integer)point)
    return NULL;
  before = (size_t)start;
  char **matches =
      to_matches(L, list, n, line, n == 1 && behind != NULL ? behind : "");
  return matches != NULL ? arrange(matches, n) : NULL;
}

/* ---- readline's side ---- */

static int ask(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
  lua_pushstring(L, rl_line_buffer);
  lua_pushinteger(L, rl_point);
  lua_call(L, 2, 3);
  return 3;
}

static char **attempt(const char *word, int start, int end) {
  (void)word;
  (void)start;
  rl_attempted_completion_over = 1;
  rl_completion_suppress_append = 1;
  rl_sort_completion_matches = 0;
  rl_ignore_completion_duplicates = 0;
  int top = lua_gettop(asked);
  char **matches = NULL;
  lua_pushcfunction(asked, ask);
  if (lua_pcall(asked, 0, 3, 0) == LUA_OK)
    matches = take_results(asked, rl_line_buffer, (size_t)end);
  lua_settop(asked, top);
  return matches;
}

/* Lists the matches without what stands before the word. */
static void list_words(char **matches, int n, int longest) {
  for (int i = 0; i <= n; i++)
    matches[i] += before;
  rl_display_match_list(matches, n, longest - (int)before);
  for (int i = 0; i <= n; i++)
    matches[i] -= before;
  rl_forced_update_display();
}

void complete_install(void) {
  rl_attempted_completion_function = attempt;
  rl_completion_display_matches_hook = list_words;
  rl_completer_word_break_characters = "";
  rl_basic_quote_characters = "";
}
