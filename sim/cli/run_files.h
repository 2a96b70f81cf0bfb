/*
 * run_files.h — what a run writes besides its results (metrics/run_results.h), into the same
 * folder: series.jsonl, failures.jsonl, timeline.csv and, if asked for, trace.jsonl.
 *
 * Threads   the simulation thread.
 */
#ifndef CLI_RUN_FILES_H
#define CLI_RUN_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/timeunit.h"

struct failure_log;
struct fleet_log;
struct script;
struct series_log;
struct simulation;

struct run_files {
    struct series_log *series;
    struct failure_log *failures;
    struct fleet_log *fleet; /* NULL in virtual time, whose seconds are none */
    FILE *trace;             /* NULL: not asked for */
    usec_t started;
};

/* From now on the script and its simulation write there. ERROR_USAGE if a file cannot be made. */
bool run_files_open(struct run_files *f, const char *dir, struct script *script, bool trace,
                    struct error *err);
/* Once a second: what the fleet does. Comes before run_results_flush(). */
void run_files_measure(const struct run_files *f, const struct simulation *sim);
/* The same for what is left when the cars may be gone; before run_results_close(). */
void run_files_measure_rest(const struct run_files *f);
/* How long until the next whole second of the run: what is written once a second stays in step. */
usec_t run_files_until_second(const struct run_files *f);
/* False with err when trouble is new: each is told once; call it until it is true. */
bool run_files_flush(struct run_files *f, struct error *err);
/* When the script is gone. Zeroes are fine. */
void run_files_close(struct run_files *f);

#endif
