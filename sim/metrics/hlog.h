/*
 * hlog.h — HdrHistogram interval logs (version 1.3): one line per interval and tag, values in
 * microseconds, readable by the stock HdrHistogram tools.
 *
 *     Tag=command.total,0.127,1.007,2.769,HISTFAAA…
 *     (tag, start in s since StartTime, length in s, maximum in ms, histogram)
 */
#ifndef METRICS_HLOG_H
#define METRICS_HLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "metrics/histogram.h"

#define HLOG_TAG_MAX 64

/* Appends the header lines; `comment` (one line, or NULL) comes first, `started_wall_ms` is the
   moment that the entries' starts count from. */
bool hlog_write_header(struct buf *out, const char *comment, int64_t started_wall_ms);
/* Appends one line; `start` counts from the header's StartTime. Characters that a tag may not hold
   (comma, white space, control) become '_'. */
bool hlog_write_entry(struct buf *out, const char *tag, usec_t start, usec_t length,
                      const struct histogram *h);

struct hlog_entry {
    char tag[HLOG_TAG_MAX]; /* "" for a line without one */
    double start;           /* s since the Unix epoch, if the log says when it was started */
    double since;           /* s since the log was started; `start` if it does not say */
    double length;          /* s */
    const struct histogram *histogram; /* valid during the call */
};

/* Return false to stop reading. */
typedef bool (*hlog_entry_fn)(void *arg, const struct hlog_entry *entry);

struct hlog_stats {
    uint64_t entries;
    bool truncated; /* the last line was cut off (a killed run) and left out */
};

/* Calls fn for each entry in order. Safe on any bytes. False on the first bad line, with its number
   (ERROR_USAGE); entries before it were delivered. `ret_stats` may be NULL. */
bool hlog_read(struct slice text, hlog_entry_fn fn, void *arg, struct hlog_stats *ret_stats,
               struct error *err);
/* The same for a file, which is read in pieces. */
bool hlog_read_file(const char *path, hlog_entry_fn fn, void *arg, struct hlog_stats *ret_stats,
                    struct error *err);

#endif
