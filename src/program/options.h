/* The command line: lua(1)'s options and ours. */
#ifndef PROGRAM_OPTIONS_H
#define PROGRAM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum options_verdict {
  OPTIONS_RUN,
  OPTIONS_BAD, /* argv[script] is the option that nobody knows */
  OPTIONS_HELP,
  OPTIONS_VERSION,
};

struct options {
  bool interactive; /* -i */
  bool version;     /* -v, or implied by -i */
  bool execute;     /* at least one -e */
  bool bare;        /* -E: the environment is not looked at */
  bool commands;    /* at least one long option for aio.command */
  int script;       /* index of the script in argv; argc: there is none */
};

/* Looks at everything that must be known before any Lua code runs. */
enum options_verdict options_scan(struct options *o, int argc, char **argv);

/* True when the word is a long option that the module aio.command carries out
 * ("--color=never"): *name is what stands between "--" and '=', of *length
 * characters, *value what stands behind '=', or NULL. */
bool options_long(const char *word, const char **name, size_t *length,
                  const char **value);

/* The argument of -e or -l at argv[*i]; it may be the next word, and *i then
 * goes there. NULL when there is none. */
const char *options_argument(char **argv, int *i);

void options_usage(FILE *to, const char *progname);
void options_complain(const char *progname, const char *option);

#endif
