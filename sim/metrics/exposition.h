/*
 * exposition.h — the grammar of OpenMetrics 1.0 and of the Prometheus text format 0.0.4: families,
 * samples, labels. What is in them is openmetrics.c's.
 */
#ifndef METRICS_EXPOSITION_H
#define METRICS_EXPOSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "metrics/histogram.h"
#include "metrics/openmetrics.h"

/* Longest name of a family, with the NUL. */
#define EXPOSITION_NAME_MAX 96

/* ORDER EXPOSITION_TYPE */
enum exposition_type {
    EXPOSITION_COUNTER,
    EXPOSITION_GAUGE,
    EXPOSITION_HISTOGRAM,
    EXPOSITION_SUMMARY,
    EXPOSITION_INFO /* a gauge in the older format */
};

struct exposition {
    enum openmetrics_form form;
    struct buf *out;
    char family[EXPOSITION_NAME_MAX]; /* the one that is being written */
    enum exposition_type type;
};

/* Pairs of name and value; ends with a NULL name. A NULL value leaves the pair out. */
struct exposition_label {
    const char *name, *value;
};

/* Begins a family; `name` without _total and _info, ending in its unit if it has one ("seconds",
   "bytes"; NULL: none). */
void exposition_family(struct exposition *e, const char *name, enum exposition_type type,
                       const char *unit, const char *help);
/* One sample of a counter, gauge or info. */
void exposition_count(struct exposition *e, const struct exposition_label *labels, uint64_t value);
void exposition_seconds(struct exposition *e, const struct exposition_label *labels, usec_t value);
/* A histogram with cumulative buckets, from one of microseconds. */
void exposition_histogram(struct exposition *e, const struct exposition_label *labels,
                          const struct histogram *h);
/* Its quantiles. */
void exposition_summary(struct exposition *e, const struct exposition_label *labels,
                        const struct histogram *h);
/* What stands at the end of all. */
void exposition_end(struct exposition *e);

#endif
