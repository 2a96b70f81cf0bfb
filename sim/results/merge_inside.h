/* merge_inside.h — what the files of merge.h share. Private to this room. */
#ifndef RESULTS_MERGE_INSIDE_H
#define RESULTS_MERGE_INSIDE_H

#include "metrics/verdicts.h"
#include "results/merge.h"
#include "results/past_run.h"

#define MERGE_PARTS_MAX 65536

struct part {
    char *name, *dir, *trouble; /* dir, trouble: or NULL */
    struct past_run *run;       /* NULL: nothing could be read */
    long index;                 /* of the shard; -1: none */
};

struct merge {
    struct part *parts; /* by index, the lost ones among them */
    size_t count;
    long shards; /* as the runs say; 0: they are no shards */
    char *name, *reason, *command_line;
    const struct past_run *first; /* the first that could be read */
    struct recorder *totals;
    struct limits *limits;
    struct verdicts *verdicts;
    int status;
    int64_t started_wall_ms, ended_wall_ms; /* of the earliest, of the latest */
};

/* All intervals, by second and stage, as one log. Appends to `out`. */
bool merge_write_log(const struct merge *m, struct buf *out, struct error *err);
/* summary.json; the caller owns it. */
cJSON *merge_json(const struct merge *m);
/* Puts the phases of all into the merged load, and when all measured. */
void merge_phases(const struct merge *m, cJSON *load);
/* The suites of the runs, of each part a case, and the limits. */
void merge_tell(struct merge *m);

#endif
