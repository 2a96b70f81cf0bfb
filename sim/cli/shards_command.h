/* shards_command.h — the command line of one of the processes that `--shards` starts. */
#ifndef CLI_SHARDS_COMMAND_H
#define CLI_SHARDS_COMMAND_H

#include <stdint.h>

#include "cli/run.h"

struct shards_command {
    const struct run_settings *settings; /* of the whole */
    int argc;                            /* as the whole was called; argv[0] is the subcommand */
    const char *const *argv;
    uint32_t count;
    const char *results;   /* folder of the whole */
    const char *cloud_dir; /* of the cloud that all share; NULL: as it was called */
    bool yes;              /* consent (consent.h) is given for all */
    const char *meet;      /* folder where they wait for each other */
};

/* A new NULL-terminated array for execv(), program first: what was typed, without what only the
   whole does, and with what makes it shard `index`. Free with shards_command_free(). */
char **shards_command_new(const struct shards_command *c, uint32_t index);
void shards_command_free(char **argv);
/* Forgets what the environment says of options that only the whole has; in the new process. */
void shards_command_clean_environment(void);

#endif
