/*
 * fleet_merge.h — the timelines of several runs told as one: timeline.csv of the whole.
 *
 * Counts and cars add up, second by second of the wall clock; of lateness the worst counts;
 * percentiles, which do not add up, are left empty: latency.hlog has them exactly.
 */
#ifndef REPORT_FLEET_MERGE_H
#define REPORT_FLEET_MERGE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "report/fleet_table.h"

struct fleet_part {
    const struct fleet_table *table;
    double later; /* seconds that it began after the first */
};

/* Appends the whole as CSV; nothing if no part has a line. */
void fleet_merge(const struct fleet_part *parts, size_t count, struct buf *out);

/* A run's folder. */
struct fleet_folder {
    const char *dir;
    double later; /* as above */
};

/* Writes `to`/timeline.csv of the timelines in these folders; none if they have none. ERROR_USAGE
   if it cannot be written. */
bool fleet_merge_folders(const struct fleet_folder *folders, size_t count, const char *to,
                         struct error *err);

#endif
