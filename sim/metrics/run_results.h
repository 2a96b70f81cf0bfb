/*
 * run_results.h — the directory that a run leaves behind, kept current while it runs:
 * results/<UTC>-<name>/{summary.json, junit.xml, latency.hlog}.
 *
 * Owns      the directory's three files and the settings; others may add files beside them.
 * Borrows   the recorder and the verdicts until run_results_close().
 * Threads   the simulation thread.
 * Promises  a killed run keeps what was flushed; trouble with the disk is told once and never stops
 *           the run. All functions but run_results_open() accept NULL and then do nothing, so that
 *           a run without results needs no conditions.
 */
#ifndef METRICS_RUN_RESULTS_H
#define METRICS_RUN_RESULTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct recorder;
struct verdicts;
struct run_results;

struct run_results_options {
    const char *root; /* the folder of all runs, made if missing; NULL: "results" */
    const char
        *name; /* of the run; letters, digits, '.', '_' and '-' are kept, others become '-' */
    const char *command; /* "run", "load", "demo" */
    uint64_t seed;
    const char *folder; /* exactly this one below `root`, which must hold no run; NULL: one of its
                           own, by time and name */
};

#define RUN_RESULTS_NAME_MAX 65 /* with the NUL */

/* The name as it is in folders' names. */
void run_results_clean_name(const char *name, char ret[RUN_RESULTS_NAME_MAX]);
/* Makes a folder for results of that name below `root` (NULL: "results"), by time and name, as
   run_results_open() does; to be freed. NULL with err (ERROR_USAGE). */
char *run_results_make_folder(const char *root, const char *name, struct error *err);

/* Makes the directory and writes the first, empty set of files. NULL with err if it cannot
   (ERROR_USAGE). `verdicts` may be NULL: no junit.xml. */
struct run_results *run_results_open(const struct run_results_options *options,
                                     struct recorder *rec, const struct verdicts *verdicts,
                                     struct error *err);
/* The directory, for messages and for further files. NULL if r is. */
const char *run_results_path(const struct run_results *r);
/* A setting worth knowing when the results are read; a later value replaces an earlier one. */
void run_results_set(struct run_results *r, const char *key, const char *value);
/* A member of summary.json's own; it replaces an earlier one of that name. Takes `value` over. */
void run_results_set_json(struct run_results *r, const char *key, cJSON *value);
/* How the run ended, for summary.json: the exit status and its reason in a line (may be NULL). */
void run_results_set_verdict(struct run_results *r, int exit_status, const char *reason);

/* Writes what has changed; call it once a second. False with err only when the trouble is new, so
   that the caller can log each trouble once; samples that could not be written are kept and tried
   again. */
bool run_results_flush(struct run_results *r, struct error *err);
/* The last flush, marked as complete; frees r. False with err if any of the files is not whole. */
bool run_results_close(struct run_results *r, struct error *err);

#endif
