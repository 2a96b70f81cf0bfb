/*
 * names.h — the stages and counters that the program itself records, with what they mean, in the
 * order in which they are shown. docs/metrics.md defines each; a test holds the two together.
 */
#ifndef METRICS_NAMES_H
#define METRICS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct metric_name {
    const char *name;
    const char *help; /* one line */
    bool trouble;     /* a counter that a good run leaves at 0 */
};

/* A name that ends in "." or "/" stands for all that begin with it. */
extern const struct metric_name metric_stages[];
extern const size_t metric_stage_count;
extern const struct metric_name metric_counters[];
extern const size_t metric_counter_count;

/* "command.total/locks": the stage of one kind of command. */
bool metric_is_kind(const char *name);

/* Position in the table, or its size for a name that is not there. */
size_t metric_stage_rank(const char *name);
size_t metric_counter_rank(const char *name);
/* Of a counter that the table does not know: that of what it is a detail of. */
bool metric_counter_is_trouble(const char *name);

/* Does it go on when the measurement begins after a warm-up? */
bool metric_outlives_warm_up(const char *name);
/* Likewise when another one begins, of which connects and provisioning are a part. */
bool metric_outlives_measurement(const char *name);

#endif
