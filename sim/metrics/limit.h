/*
 * limit.h — what a run must hold, as one expression, and whether it does (docs/limits.md):
 *
 *     command.total p99 < 2s         a statistic of a stage: pN (p50, p99.9), mean, min or max
 *     command.total count >= 1000    how many samples a stage has
 *     connect.failed < 0.1%          a counter as a share of its whole: what could have counted
 *     commands.failed < 5            a counter
 *
 * Comparisons are <, <=, >, >= and, for numbers and shares, ==. Durations need a unit.
 */
#ifndef METRICS_LIMIT_H
#define METRICS_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "metrics/recorder.h"

#define LIMIT_TEXT_MAX 160 /* of an expression, with the NUL */
#define LIMIT_WHY_MAX  160

enum limit_statistic {
    LIMIT_PERCENTILE,
    LIMIT_MEAN,
    LIMIT_MIN,
    LIMIT_MAX,
    LIMIT_COUNT, /* samples of a stage */
    LIMIT_TOTAL, /* a counter */
    LIMIT_SHARE, /* a counter, of its whole */
};

enum limit_relation { LIMIT_BELOW, LIMIT_AT_MOST, LIMIT_ABOVE, LIMIT_AT_LEAST, LIMIT_EQUAL };

struct limit {
    char expression[LIMIT_TEXT_MAX]; /* as it was written, without white space around it */
    char metric[RECORDER_NAME_MAX];
    enum limit_statistic statistic;
    double percent; /* of LIMIT_PERCENTILE */
    enum limit_relation relation;
    double bound; /* in limit_unit() */
};

/* What it came to. */
struct limit_reached {
    bool held;
    bool known;   /* there is a value */
    double value; /* in limit_unit(); 0 if it is not known */
    /* It is missed by less than the simulator itself was late, which may be all of it: nothing is
       known. Only of durations that are not the simulator's own. */
    bool doubtful;
    double late;             /* how late it was, µs */
    char why[LIMIT_WHY_MAX]; /* why it is not known; else "" */
};

/* ERROR_USAGE, with the column where the trouble is and the name that was meant. A metric that the
   program does not know is taken for one of the run's own unless it looks like a mistake. */
bool limit_parse(const char *text, struct limit *ret, struct error *err);

/* At any time of a run, from its totals; walks one histogram at most. What has no value (a stage
   without samples, a share of nothing) is not held. */
void limit_judge(const struct limit *limit, const struct recorder *rec, struct limit_reached *ret);

/* "us" (microseconds), "count", or "share" (0 to 1). */
const char *limit_unit(const struct limit *limit);
/* A value in that unit, for people: "438 ms", "12", "0.02 %". */
void limit_value_text(const struct limit *limit, double value, char *ret, size_t size);

#endif
