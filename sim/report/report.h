/*
 * report.h — report.html: a run as one page that needs nothing else, made from what the run left in
 * its folder (summary.json, series.jsonl, failures.jsonl, timeline.csv, latency.hlog).
 * docs/report.md shows it.
 *
 * Promises  the same files give the same page, byte for byte; well-formed as XML and harmless
 *           whatever names and messages hold; no network, no further files.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "report/failure_set.h"
#include "report/fleet_table.h"
#include "report/latency_over_time.h"
#include "report/series.h"

#define REPORT_FILE "report.html"
#define SERIES_FILE "series.jsonl"

/* What the page is made of; all but the summary may be NULL. */
struct report {
    const cJSON *summary;
    const struct series_set *set;
    const struct failure_set *failures;
    const struct fleet_table *fleet;
    const struct latency_over_time *latency; /* in columns of report_columns() */
};

/* Writes or replaces `dir`/report.html. ERROR_USAGE if the folder holds no run. */
bool report_make(const char *dir, struct error *err);
void report_write(const struct report *r, struct buf *out);
/* How many columns of how many seconds the page has for the time of this run. */
size_t report_columns(const cJSON *summary, double *ret_step);

#endif
