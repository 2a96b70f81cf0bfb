/* job_create.h — the document of a new job (cloud/jobs/job_config.h) from the command line. */
#ifndef CLI_JOB_CREATE_H
#define CLI_JOB_CREATE_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "cli/options.h"

struct job_create {
    const char *dir;
    const char *document; /* JSON, or @FILE */
    const char *description;
    const char *vehicles; /* of the PKI in dir: what vehicle_choice.h takes, or all that the cloud
                             has met if it has none; NULL: none */
    const char *targets;  /* a file with a name in each line, "-": standard input; NULL: none */
    char **things;        /* further names */
    int thing_count;
    bool continuous;
    uint64_t rate, timeout, retries; /* 0: not given */
    struct option_list aborts;       /* "FAILED:20%:10" each */
};

/* NULL with ERROR_USAGE. */
cJSON *job_create_document(const struct job_create *o, struct error *err);

#endif
