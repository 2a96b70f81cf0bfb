/*
 * suggest.h — "did you mean …?": the nearest of the names that would have been right.
 *
 * Nearness is the Damerau-Levenshtein distance (optimal string alignment, of bytes): letters left
 * out, added, exchanged, or swapped with their neighbour; capitals are no mistake.
 */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

#include "base/slice.h"

/* Longer names are not looked at. */
#define SUGGEST_MAX 100

struct suggestion {
    struct slice wrong;         /* borrowed */
    char best[SUGGEST_MAX + 1]; /* "": nothing is near */
    /* Private part */
    unsigned distance;
};

void suggestion_init(struct suggestion *s, struct slice wrong);
/* In any order: of two that are as near, the first by the alphabet is kept. */
void suggestion_offer(struct suggestion *s, struct slice candidate);

/* Mistakes between two names. */
unsigned suggest_distance(struct slice a, struct slice b);

#endif
