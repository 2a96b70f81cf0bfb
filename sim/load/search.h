/*
 * search.h — the largest value that holds: of a rate, or of a number of cars.
 *
 * It doubles until a value is missed, halves the gap between what held and what did not until they
 * are close enough, and tries what held once more: only what held twice is a result. If it does not
 * hold again it counts as missed, and the search goes on below it. Where the simulator itself could
 * not keep up nothing is known of the cloud: the search looks below that, and its result is a lower
 * bound.
 *
 * Pure: it says what to try and is told what came of it. Threads   any; each struct is one
 * thread's.
 */
#ifndef LOAD_SEARCH_H
#define LOAD_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/timeunit.h"

#define SEARCH_STEPS_MAX 64

/* What came of a step. ORDER SEARCH_OUTCOME */
enum search_outcome {
    SEARCH_HELD,
    SEARCH_MISSED,  /* the limit did not hold */
    SEARCH_TRIPPED, /* so much failed that the step was ended early */
    SEARCH_INVALID, /* the simulator could not keep up */
    SEARCH_OUTCOME_COUNT
};
const char *search_outcome_name(enum search_outcome outcome); /* "held", "missed", … */

struct search_step {
    double value;
    bool again; /* it had held before */
    enum search_outcome outcome;
    double reached; /* what the limit's metric came to, in its unit */
    bool known;     /* it came to anything */
    usec_t from, to;
    char why[256]; /* why nothing is known, of SEARCH_INVALID; else "" */
};

/* How sure the result is. ORDER SEARCH_BOUND */
enum search_bound {
    SEARCH_NONE,     /* nothing held twice */
    SEARCH_LARGEST,  /* somewhat more did not hold */
    SEARCH_AT_LEAST, /* more was not tried, or the simulator could not */
    SEARCH_BOUND_COUNT
};
const char *search_bound_name(enum search_bound bound); /* "none", "largest", "at_least" */

struct search_options {
    double from, most; /* the first value, and one that is not exceeded; above 0 */
    double precision;  /* the gap is close enough when it is this share of what held */
    bool whole;        /* only whole numbers */
};

/* By value; private except for `steps` and `count`. */
struct search {
    struct search_options options;
    double low, high;  /* what held, and the least that did not; 0: none yet */
    bool high_is_ours; /* that did not because of the simulator */
    double best;       /* what held twice */
    struct search_step steps[SEARCH_STEPS_MAX];
    size_t count;
};

void search_init(struct search *s, const struct search_options *options);
/* What to try next; `ret_again` if it held before. False: it is done. */
bool search_next(const struct search *s, double *ret, bool *ret_again);
/* That step was made. */
void search_tell(struct search *s, const struct search_step *step);
enum search_bound search_result(const struct search *s, double *ret);

#endif
