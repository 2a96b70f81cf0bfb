/*
 * validity.h — could the simulator do what it was asked to, so that its numbers speak of the cloud?
 */
#ifndef LOAD_VALIDITY_H
#define LOAD_VALIDITY_H

#include "load/load.h"

#define LOAD_REASONS_MAX 8

/* How late it may be, at the 99th percentile; and how many of what was due it may not have sent.
 */
struct load_budget {
    usec_t lag, lateness, tasks;
    double unsent; /* a share */
};
#define LOAD_BUDGET_DEFAULT                                                                        \
    {                                                                                              \
        .lag = 100 * USEC_PER_MSEC, .lateness = 50 * USEC_PER_MSEC, .tasks = 100 * USEC_PER_MSEC,  \
        .unsent = 0.001                                                                            \
    }

/* Why not, one sentence each; none: it could. */
struct load_reasons {
    char text[LOAD_REASONS_MAX][256];
    size_t count;
};
/* Nothing is known of the cloud for another reason. */
void load_reasons_add(struct load_reasons *reasons, const char *text);
void load_judge(const struct load *load, const struct load_budget *budget,
                struct load_reasons *ret);

#endif
