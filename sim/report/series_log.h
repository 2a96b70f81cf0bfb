/*
 * series_log.h — what scenarios record of their cars over simulated time: series.jsonl in the run's
 * folder. docs/report.md describes its lines.
 *
 * Owns      the file, made with the first series; its series.
 * Threads   the simulation thread.
 * Promises  a killed run keeps what was flushed; while nothing changes nothing is written; trouble
 *           with the disk is told once and never stops the run.
 */
#ifndef REPORT_SERIES_LOG_H
#define REPORT_SERIES_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/timeunit.h"

/* ORDER SERIES_TYPE */
enum series_type { SERIES_NUMBER, SERIES_BOOLEAN, SERIES_TEXT, SERIES_TYPE_COUNT };
const char *series_type_name(enum series_type type); /* "number", "boolean", "text" */

struct series_channel_head {
    const char *path, *unit; /* unit: NULL if it has none */
    enum series_type type;
};

/* All texts are borrowed for the call. */
struct series_head {
    const char *name, *car, *model, *scenario;
    int64_t start_ms; /* by the car's own clock, as milliseconds since 1970 */
    const struct series_channel_head *channels;
    size_t channel_count;
};

/* By the channel's type. A number that is none (NaN) and a NULL text mean: unknown. */
struct series_value {
    double number;
    bool boolean;
    const char *text;
};

struct series_log;
struct series_writer;

struct series_log *series_log_new(const char *path);
/* Writes what is held back of series that have not ended; frees all. NULL is fine. */
void series_log_free(struct series_log *log);
/* False with err when the trouble is new. NULL is fine. */
bool series_log_flush(struct series_log *log, struct error *err);

struct series_writer *series_begin(struct series_log *log, const struct series_head *head);
/* The values at `t` since the series began; t never falls. */
void series_add(struct series_writer *w, usec_t t, const struct series_value *values);
/* Writes the last values, if they were held back; frees w. */
void series_end(struct series_writer *w);

#endif
