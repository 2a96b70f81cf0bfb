/*
 * run_files.h — what a run writes besides its results (metrics/run_results.h), into the same
 * folder: series.jsonl, failures.jsonl and, if asked for, trace.jsonl.
 *
 * Threads   the simulation thread.
 */
#ifndef CLI_RUN_FILES_H
#define CLI_RUN_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

struct failure_log;
struct script;
struct series_log;

struct run_files {
    struct series_log *series;
    struct failure_log *failures;
    FILE *trace; /* NULL: not asked for */
};

/* From now on the script and its simulation write there. ERROR_USAGE if a file cannot be made. */
bool run_files_open(struct run_files *f, const char *dir, struct script *script, bool trace,
                    struct error *err);
/* False with err when trouble is new: each is told once; call it until it is true. */
bool run_files_flush(struct run_files *f, struct error *err);
/* When the script is gone. Zeroes are fine. */
void run_files_close(struct run_files *f);

#endif
