/*
 * cloud_command.h — what the commands about a local cloud that runs in a directory have in common:
 * their options --dir and --json, how many words they take, asking the cloud as its owner, and
 * showing the answer.
 *
 *     struct cloud_command c = {.name = "fleetsim cloud policy delete", .arguments = "NAME",
 *                               .summary = "…", .examples = "…", .least = 1, .most = 1};
 *
 *     if (!cloud_begin(&c, argc, argv))
 *         return c.status;
 *     return cloud_end(&c, cloud_call(&c, NULL, "policies/%s/delete", c.words[0]));
 */
#ifndef CLI_CLOUD_COMMAND_H
#define CLI_CLOUD_COMMAND_H

#include "cli/options.h"

struct cloud_subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

/* Runs the one that argv[1] names, or prints the help: "Usage: fleetsim <of> COMMAND …", the
   introduction, the list, the examples. `subcommands` ends with a NULL name. */
int cloud_dispatch(const char *of, const char *introduction, const char *examples,
                   const struct cloud_subcommand *subcommands, int argc, char **argv);

/* Options besides --dir and --json; with the NULL name at the end. */
#define CLOUD_OPTIONS_MAX 20

struct cloud_command {
    const char *name; /* "fleetsim cloud policy get" */
    const char *arguments, *summary, *examples;
    int least, most;                   /* words that it takes */
    const char *hint;                  /* where to find them; NULL: nowhere */
    const struct option_spec *options; /* besides --dir and --json; NULL: none */
    bool lists;                        /* it has --json */
    const char *const *instead; /* where that is given, no directory is needed; NULL: it is */
    /* Since cloud_begin(): */
    const char *dir;
    char **words;
    int count; /* of them */
    bool json;
    int status; /* what to exit with */
};

/* True when the command should go on. */
bool cloud_begin(struct cloud_command *c, int argc, char **argv);

/* Publishes the document, which it takes (NULL: none), to the topic below fleetsim/; the answer, to
   be freed. NULL: no cloud runs there, or it rejects that: which it has said, and c->status. */
cJSON *cloud_call(struct cloud_command *c, cJSON *document, const char *topic, ...)
    __attribute__((format(printf, 3, 4)));
/* All pages of the list `member` of such answers, as one array. Takes the document. */
cJSON *cloud_list(struct cloud_command *c, cJSON *document, const char *member, const char *topic,
                  ...) __attribute__((format(printf, 4, 5)));

/* The error, said; returns c->status. */
int cloud_fail(struct cloud_command *c, const struct error *err);
/* Frees the answer; returns c->status. */
int cloud_end(struct cloud_command *c, cJSON *answer);
/* Shows it as JSON if that is wanted, else by print(), and ends. */
int cloud_show(struct cloud_command *c, cJSON *answer, void (*print)(const cJSON *answer));
/* Shows that member of the answer as JSON, and ends. */
int cloud_show_member(struct cloud_command *c, cJSON *answer, const char *member);

/* The whole file, or of "-" the standard input; ERROR_USAGE. */
char *cloud_read_text(const char *path, struct error *err);

#endif
