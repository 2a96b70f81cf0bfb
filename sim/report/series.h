/*
 * series.h — series.jsonl read back, for the report.
 *
 * Owns      everything below it.
 * Promises  survives any file: lines that are not of the form are left out and counted.
 */
#ifndef REPORT_SERIES_H
#define REPORT_SERIES_H

#include <stdio.h>

#include "report/series_log.h"

#define SERIES_MAX          1000
#define SERIES_CHANNELS_MAX 64
#define SERIES_TEXTS_MAX    64 /* different values of one channel; others are unknown */

struct series_channel {
    char *path, *unit; /* unit: NULL if it has none */
    enum series_type type;
    double *values; /* one per row; texts by number, booleans 0 and 1, NaN: unknown */
    char **texts;
    size_t text_count;
};

struct series {
    unsigned number;
    char *name, *car, *model, *scenario; /* "" if missing */
    int64_t start_ms;
    double *t; /* seconds since the start, never falling */
    size_t rows, room;
    struct series_channel *channels;
    size_t channel_count;
};

struct series_set {
    struct series *series;
    size_t count;
    size_t bad_lines;
};

/* Reads to the end; what it makes is freed by series_set_done(). */
void series_set_read(struct series_set *set, FILE *file);
void series_set_done(struct series_set *set);

#endif
