/*
 * limit_share.h — of what a counter is a share: a whole that is a sum of counters.
 *
 * Where the outcomes of something are counted, the whole is what came to an end, so that what is
 * still under way neither blurs the share nor leaves it without a whole.
 */
#ifndef METRICS_LIMIT_SHARE_H
#define METRICS_LIMIT_SHARE_H

#include <stddef.h>

#include "metrics/recorder.h"

#define SHARE_PARTS_MAX 6

struct share_whole {
    const char *name;                       /* "connects that ended" */
    const char *parts[SHARE_PARTS_MAX + 1]; /* counters, NULL at the end */
};

/* A counter, or a prefix of counters that ends in '.'. docs/limits.md lists them; a test holds the
   two together. */
struct share_row {
    const char *counter;
    const struct share_whole *whole;
};
extern const struct share_row share_rows[];
extern const size_t share_row_count;

/* NULL: it is no share of anything. Those of a load's probe app ("probe/…") are shares of its own.
 */
const struct share_whole *share_whole_of(const char *counter);
/* How much the whole of such a counter is. */
double share_whole_sum(const struct recorder *rec, const char *counter);

#endif
