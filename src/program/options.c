/* The command line: lua(1)'s options and ours. */
#include "program/options.h"

#include <string.h>

const char *options_argument(char **argv, int *i) {
  if (argv[*i][2] != '\0')
    return argv[*i] + 2;
  if (argv[*i + 1] == NULL || argv[*i + 1][0] == '-')
    return NULL;
  return argv[++*i];
}

/* The long options that lua/aio/command.lua carries out. */
static const struct {
  const char *name;
  bool needs_value;
} commands[] = {
    {"color", true},     {"doctor", false}, {"json", false},
    {"timeline", false}, {"trace", false},
};

bool options_long(const char *word, const char **name, size_t *length,
                  const char **value) {
  if (strncmp(word, "--", 2) != 0)
    return false;
  *name = word + 2;
  *length = strcspn(*name, "=");
  *value = (*name)[*length] == '=' ? *name + *length + 1 : NULL;
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strlen(commands[i].name) == *length &&
        strncmp(commands[i].name, *name, *length) == 0)
      return *value != NULL || !commands[i].needs_value;
  return false;
}

/* OPTIONS_RUN: aio.command's, go on. */
static enum options_verdict long_option(struct options *o, const char *word) {
  const char *name, *value;
  size_t length;
  if (strcmp(word, "--help") == 0)
    return OPTIONS_HELP;
  if (strcmp(word, "--version") == 0)
    return OPTIONS_VERSION;
  if (!options_long(word, &name, &length, &value))
    return OPTIONS_BAD;
  o->commands = true;
  return OPTIONS_RUN;
}

/* A letter that stands alone: anything after it makes the option unknown. */
static bool flag(struct options *o, const char *word) {
  if (word[2] != '\0')
    return false;
  switch (word[1]) {
  case 'E':
    o->bare = true;
    return true;
  case 'W':
    return true;
  case 'i':
    o->interactive = true;
    o->version = true;
    return true;
  case 'v':
    o->version = true;
    return true;
  default:
    return false;
  }
}

static bool takes_argument(const char *word) {
  return word[1] == 'e' || word[1] == 'l';
}

static bool short_option(struct options *o, char **argv, int *i) {
  if (!takes_argument(argv[*i]))
    return flag(o, argv[*i]);
  if (argv[*i][1] == 'e')
    o->execute = true;
  return options_argument(argv, i) != NULL;
}

static bool ends_options(const char *word) {
  return word[0] != '-' || word[1] == '\0';
}

static enum options_verdict next_option(struct options *o, char **argv,
                                        int *i) {
  if (argv[*i][1] == '-')
    return long_option(o, argv[*i]);
  return short_option(o, argv, i) ? OPTIONS_RUN : OPTIONS_BAD;
}

enum options_verdict options_scan(struct options *o, int argc, char **argv) {
  *o = (struct options){.script = argc};
  for (int i = 1; i < argc; i++) {
    o->script = i;
    if (ends_options(argv[i]))
      return OPTIONS_RUN;
    if (strcmp(argv[i], "--") == 0) {
      o->script = i + 1;
      return OPTIONS_RUN;
    }
    enum options_verdict verdict = next_option(o, argv, &i);
    if (verdict != OPTIONS_RUN)
      return verdict;
  }
  o->script = argc;
  return OPTIONS_RUN;
}

void options_usage(FILE *to, const char *progname) {
  fprintf(
      to,
      "usage: %s [options] [script [args]]\n"
      "  -e code       run this Lua code\n"
      "  -i            read and run lines after the script\n"
      "  -l mod        require 'mod' into the global of that name\n"
      "  -l g=mod      require 'mod' into the global 'g'\n"
      "  -v            show the version of Lua\n"
      "  -E            ignore the environment (LUA_INIT, LUA_PATH, ...)\n"
      "  -W            turn warnings on\n"
      "  --            no more options\n"
      "  -             no more options; the script is the standard input\n"
      "  --color=WHEN  colours: auto (on a terminal), always, never\n"
      "  --doctor[=FILE]\n"
      "                can AIO work here, and on FILE?\n"
      "  --json        --doctor's answer for machines\n"
      "  --timeline[=FILE]\n"
      "                draw all requests at the end; FILE may be .svg, .json\n"
      "  --trace[=FILE]\n"
      "                write a line for each AIO call, as strace does\n"
      "  --help        show this text\n"
      "  --version     show the version of aiosh\n",
      progname);
}

void options_complain(const char *progname, const char *option) {
  const char *form = takes_argument(option) ? "%s: '%s' needs argument\n"
                                            : "%s: unrecognized option '%s'\n";
  fprintf(stderr, form, progname, option);
  options_usage(stderr, progname);
}
