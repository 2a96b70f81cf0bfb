/*
 * cloud_ask.h — what the commands about a local cloud that runs in a directory have in common:
 * their option --dir, and asking it as its owner.
 */
#ifndef CLI_CLOUD_ASK_H
#define CLI_CLOUD_ASK_H

#include "cli/options.h"

/* A row of a table of struct option_spec. */
#define CLOUD_DIR_ROW(dir)                                                                         \
    {                                                                                              \
        "dir", 'd', OPTION_STRING, &(dir), "DIR", "of the cloud: what fleetsim cloud --dir has"    \
    }

struct cloud_subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

/* Runs the one that argv[1] names, or prints the help: "Usage: fleetsim <of> COMMAND …", the
   introduction, the list, the examples. `subcommands` ends with a NULL name. */
int cloud_dispatch(const char *of, const char *introduction, const char *examples,
                   const struct cloud_subcommand *subcommands, int argc, char **argv);

/* True when the command should go on; otherwise *ret_status is what to exit with. Between `least`
   and `most` arguments are wanted besides the options. */
bool cloud_parse(const struct command_spec *command, int argc, char **argv, const int bounds[2],
                 int *ret_first, int *ret_status);

/* Publishes the document, which it takes (NULL: none), to fleetsim/<call>; the answer, to be freed.
   NULL: no directory was given, no cloud runs there, or it rejects that. `what` is what the error
   begins with. */
cJSON *cloud_ask(const char *dir, const char *what, const char *call, cJSON *document,
                 struct error *err);
/* All pages of the list `member`, as one array. `document` is kept. */
cJSON *cloud_ask_pages(const char *dir, const char *what, const char *call, const char *member,
                       const cJSON *document, struct error *err);

/* Prints it, and frees it; returns 0. */
int cloud_print_json(cJSON *json);
/* The whole file, or of "-" the standard input; ERROR_USAGE. */
char *cloud_read_text(const char *path, struct error *err);

#endif
