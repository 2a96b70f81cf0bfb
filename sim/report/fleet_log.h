/*
 * fleet_log.h — a fleet over time: timeline.csv in the run's folder, a line a second.
 * docs/report.md describes its columns.
 *
 * Owns      the file, made with the first line.
 * Borrows   the recorder.
 * Threads   the simulation thread.
 * Promises  a line is on the disk when fleet_log_add() returns, so that a killed run keeps it;
 *           trouble with the disk is told once and never stops the run.
 */
#ifndef REPORT_FLEET_LOG_H
#define REPORT_FLEET_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/process_usage.h"
#include "base/timeunit.h"

#define FLEET_LOG_FILE "timeline.csv"
/* off, asleep, connecting, syncing, online, backing off, provisioning */
#define FLEET_LOG_STATES 7

struct recorder;
struct fleet_log;

/* How many cars there are, and in each state of the life cycle (ORDER TCU_STATE); and what their
   cloud has taken so far, if it is on this machine. */
struct fleet_cars {
    size_t vehicles;
    size_t by_state[FLEET_LOG_STATES];
    struct process_usage broker; /* zeroes: not known */
};

/* `rec` outlives it; `started` (clock_now()) is what its seconds count from. */
struct fleet_log *fleet_log_new(const char *path, struct recorder *rec, usec_t started);
/* NULL is fine. */
void fleet_log_free(struct fleet_log *log);
/* What has happened since the last line. Comes before the recorder's intervals end
   (run_results_flush()); nothing is written before there are two cars, nor within 50 ms of the line
   before. `now` is clock_now(). NULL is fine. */
void fleet_log_add(struct fleet_log *log, const struct fleet_cars *cars, usec_t now);
/* The last line: the same, with the cars as they were when the last line was written. */
void fleet_log_end(struct fleet_log *log, usec_t now);
/* False with err when trouble is new. NULL is fine. */
bool fleet_log_check(struct fleet_log *log, struct error *err);

#endif
