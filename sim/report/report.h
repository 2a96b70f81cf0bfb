/*
 * report.h — report.html: a run as one page that needs nothing else, made from what the run left in
 * its folder (summary.json, series.jsonl, failures.jsonl). docs/report.md shows it.
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
#include "report/series.h"

#define REPORT_FILE "report.html"
#define SERIES_FILE "series.jsonl"

/* Writes or replaces `dir`/report.html. ERROR_USAGE if the folder holds no run. */
bool report_make(const char *dir, struct error *err);
/* The page of this summary, these series and these failures; the last two may be NULL. */
void report_write(const cJSON *summary, const struct series_set *set,
                  const struct failure_set *failures, struct buf *out);

#endif
