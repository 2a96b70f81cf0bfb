/*
 * compare.h — what changed from one run to another beyond noise (docs/limits.md says how it is
 * judged): percentiles of stages, shares of what went wrong, limits and scenarios.
 *
 * A change is told when it is larger than what the same run would differ by if it were done again:
 * for percentiles by bootstrap.h, for shares as two proportions. So many things are compared that
 * one would differ by chance; each is therefore judged so strictly that with `confidence` none of
 * all is told wrongly (Bonferroni).
 *
 * Owns      all it hands out.
 */
#ifndef RESULTS_COMPARE_H
#define RESULTS_COMPARE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "metrics/recorder.h"

/* Fewer intervals with samples say nothing about noise. */
#define COMPARE_INTERVALS_MIN 8
/* Of stages; less is never a change. */
#define COMPARE_LEAST_US 100.0

/* ORDER COMPARE_CHANGE */
enum compare_change {
    COMPARE_SAME, /* no change that noise could not make */
    COMPARE_BETTER,
    COMPARE_WORSE,
    COMPARE_UNKNOWN, /* too short to tell */
    COMPARE_CHANGE_COUNT
};
const char *compare_change_name(enum compare_change change); /* "same", … */

struct compare_options {
    double tolerance;  /* a smaller relative change is none; 0.05 */
    double confidence; /* 0.95 */
};

/* A percentile of a stage. */
struct compare_stage {
    char stage[RECORDER_NAME_MAX];
    const char *statistic; /* "p50", "p99" */
    double a, b;           /* µs */
    double low, high;      /* b - a, with confidence; both 0 if unknown */
    bool own;              /* tells of the simulator, not of what it talks to: decides nothing */
    enum compare_change change;
};

/* A counter of trouble, as a share of its whole. */
struct compare_count {
    char counter[RECORDER_NAME_MAX];
    double a, b, a_of, b_of;
    enum compare_change change;
};

/* A limit or a scenario that came to something else. */
struct compare_verdict {
    char *name;  /* "limit command.total p99 < 2s", "scenario …" */
    char *a, *b; /* "held", "missed", "passed", … */
    enum compare_change change;
};

struct comparison {
    char *a_dir, *b_dir;
    struct compare_options options;
    struct compare_stage *stages;
    size_t stage_count;
    struct compare_count *counts;
    size_t count_count;
    struct compare_verdict *verdicts;
    size_t verdict_count;
    char **settings; /* names of those that differ */
    size_t setting_count;
    size_t worse, better;
};

/* NULL with err: ERROR_USAGE if one is no run; ERROR_INVALID if one is not whole or was itself
   invalid. */
struct comparison *compare_runs(const char *a, const char *b, const struct compare_options *options,
                                struct error *err);
/* NULL is fine. */
void comparison_free(struct comparison *c);

/* Appends the text for people: what changed; with `all` also what did not. */
void comparison_write(const struct comparison *c, bool all, bool colour, struct buf *out);
/* The same as a document, always all of it; the caller owns it. */
cJSON *comparison_json(const struct comparison *c);

#endif
