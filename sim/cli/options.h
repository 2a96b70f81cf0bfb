/*
 * options.h — command-line options by table: GNU long options, their environment mirrors, --help.
 *
 * Precedence: command line, then FLEETSIM_<NAME> from the environment, then what the target holds
 * already. Unknown options and bad values fail with a sentence that names them.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum option_kind {
    OPTION_FLAG,     /* bool *: set to true; --no-NAME is not made */
    OPTION_STRING,   /* const char **: points into argv or the environment */
    OPTION_SECRET,   /* as OPTION_STRING, but options_json() does not tell it */
    OPTION_NUMBER,   /* uint64_t *: decimal, may end in k or M */
    OPTION_REAL,     /* double * */
    OPTION_DURATION, /* usec_t *: 30s, 10m, 1h30m, or seconds */
    OPTION_LIST,     /* struct option_list *: may repeat; kept in order */
    OPTION_KIND_COUNT
};

struct option_list {
    const char *items[64];
    size_t count;
};

/* The table ends with a NULL name. */
struct option_spec {
    const char *name; /* "vehicles" for --vehicles and FLEETSIM_VEHICLES */
    char letter;      /* short form, or 0 */
    enum option_kind kind;
    void *target;
    const char *value_name; /* "N" in the help */
    const char *help;       /* one sentence, lower case; may hold \n for more lines */
};

struct command_spec {
    const char *name;      /* "fleetsim run" */
    const char *arguments; /* "SCENARIO…" or "" */
    const char *summary;   /* one or more sentences */
    const struct option_spec *options;
    const char *examples; /* indented lines, or NULL */
};

enum options_result { OPTIONS_OK, OPTIONS_HELP_SHOWN, OPTIONS_BAD };

/* Parses argv[1..]; the first non-option argument's index goes to ret_first. --help is printed on
   stdout. On OPTIONS_BAD err has the sentence (ERROR_USAGE). */
enum options_result options_parse(const struct command_spec *command, int argc, char **argv,
                                  int *ret_first, struct error *err);

/* The same for a command that ends here otherwise: false when help or an error was shown, and what
   to exit with is in *ret_status. ret_first NULL: the command takes nothing but options. */
bool options_take(const struct command_spec *command, int argc, char **argv, int *ret_first,
                  int *ret_status);

/* What each option of the table holds now, those not given as well: a new object of texts by name;
   left out is what holds nothing. */
cJSON *options_json(const struct option_spec *options);

/* Prints "fleetsim: text" on stderr and returns the exit status that belongs to the error. */
int options_fail(const struct error *err);

#endif
