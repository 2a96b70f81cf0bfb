/*
 * past_run.h — a run that has ended, read back from the folder that it left: its summary, and its
 * histograms and counters in a recorder, as if it had just been measured.
 *
 * Owns      what it read.
 * Promises  histograms exactly as they were: each stage's samples are the sum of its intervals in
 *           latency.hlog, and as many as summary.json says, or the run is not whole.
 */
#ifndef RESULTS_PAST_RUN_H
#define RESULTS_PAST_RUN_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/timeunit.h"
#include "metrics/hlog.h"
#include "metrics/recorder.h"

struct past_run {
    char *dir;
    cJSON *summary;
    struct recorder *totals; /* what summary.json has under stages and counters; no journeys */
    int64_t started_wall_ms;
    usec_t duration;
    bool complete;     /* it ended by itself, and left everything */
    int exit_status;   /* -1: it has not ended */
    char trouble[256]; /* why it is not complete; "" if it is */
};

/* NULL with ERROR_USAGE if the folder holds no run, or files that are none of ours. One that was
   killed is read as far as it came. */
struct past_run *past_run_open(const char *dir, struct error *err);
/* NULL is fine. */
void past_run_free(struct past_run *run);

/* Its intervals again, in their order: what a stage measured within a second. */
bool past_run_intervals(const struct past_run *run, hlog_entry_fn fn, void *arg, struct error *err);
/* Is it a stage of the totals (and no other tag of the log)? */
bool past_run_has_stage(const struct past_run *run, const char *tag);

/* Does the folder hold a run, by its files? */
bool past_run_is_there(const char *dir);

#endif
