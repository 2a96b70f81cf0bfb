/*
 * table.h — the summary of a run as people read it in a terminal: stages with their percentiles,
 * then the counters.
 */
#ifndef METRICS_TABLE_H
#define METRICS_TABLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "metrics/recorder.h"

/* Appends the text, UTF-8. `colour`: with ANSI codes. Stages and counters that are zero are left
   out. False when `out` is full. */
bool table_write(const struct recorder *rec, bool colour, struct buf *out);

#endif
