/*
 * latency_over_time.h — latency.hlog read back, for the report: the histograms of some stages, a
 * few seconds each.
 *
 * Owns      the histograms.
 * Promises  exact: histograms add up; survives any file.
 */
#ifndef REPORT_LATENCY_OVER_TIME_H
#define REPORT_LATENCY_OVER_TIME_H

#include <stdbool.h>
#include <stddef.h>

#include "metrics/histogram.h"

#define LATENCY_STAGES_MAX 4

struct latency_stage {
    const char *name;          /* static */
    struct histogram *columns; /* one per `step` seconds */
    struct histogram whole;
};

struct latency_over_time {
    double step; /* seconds */
    size_t column_count;
    struct latency_stage stages[LATENCY_STAGES_MAX]; /* those with samples */
    size_t stage_count;
};

/* The stages that are drawn over time; what was measured while it warmed up is among it. `columns`
   times `step` seconds from the start; what is later belongs to the last. */
void latency_over_time_read(struct latency_over_time *l, const char *path, double step,
                            size_t columns);
/* Zeroes are fine. */
void latency_over_time_done(struct latency_over_time *l);

#endif
