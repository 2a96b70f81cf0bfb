/*
 * merge.h — several runs told as one: the shards of a run, or repetitions of it. Histograms and
 * counters add up without loss, limits are judged by the whole, and a shard that is missing, or did
 * not end by itself, makes the whole invalid.
 *
 * Owns      what it read; everything handed out lives as long as it does.
 */
#ifndef RESULTS_MERGE_H
#define RESULTS_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "metrics/limits.h"
#include "metrics/recorder.h"

struct merge;

struct merge_options {
    const char *const *dirs; /* of runs; one that is none stands for the runs in it */
    size_t dir_count;
    const char *name;          /* of the whole; NULL: the first run's */
    const char *const *limits; /* besides those that the runs were given */
    size_t limit_count;
    const char *command_line; /* of the whole, for its settings; NULL: none */
    /* Whoever ran all of them saw the whole end early: with that exit status (0: it did not), and
       why. It counts more than what the runs say, of which this is the cause. */
    int ended_status;
    const char *ended_reason;
};

/* NULL with ERROR_USAGE: nothing to merge, a bad limit, or runs that do not belong together. */
struct merge *merge_new(const struct merge_options *options, struct error *err);
/* NULL is fine. */
void merge_free(struct merge *m);

/* Writes summary.json, junit.xml and latency.hlog into `dir`,
   which is made, and must not hold a run that is not itself a merged one. ERROR_USAGE. */
bool merge_save(struct merge *m, const char *dir, struct error *err);

/* The JUnit XML once more, elsewhere. */
bool merge_save_junit(const struct merge *m, const char *path, struct error *err);

const struct recorder *merge_totals(const struct merge *m);
const struct limits *merge_limits(const struct merge *m);
/* How the whole ended: as the options say; else 6 if a shard is lost or invalid, else what the runs
   came to, else 5 if a limit was missed. */
int merge_status(const struct merge *m);
/* Why, in a line; NULL if it is 0. */
const char *merge_reason(const struct merge *m);

/* Lines for people, if the runs did not go through the same phases, or not together. */
void merge_tell_phases(const struct merge *m, struct buf *out);

/* One run, or a shard of which there is nothing. */
struct merge_part {
    const char *name;    /* "shard 2 of 4", or its folder */
    const char *dir;     /* NULL: none was given */
    const char *trouble; /* NULL: it is whole and valid */
    int exit_status;     /* -1: it has none */
    double later_s;      /* that it began after the first */
};
size_t merge_part_count(const struct merge *m);
struct merge_part merge_part_at(const struct merge *m, size_t i);

#endif
