/*
 * mix.h — shares of a whole by name, as people write them: "compact_ev=3,electric_bus=1", or names
 * alone, which have equal shares. And rates: "1000/s", "60/min".
 */
#ifndef LOAD_MIX_H
#define LOAD_MIX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define MIX_MAX      16
#define MIX_NAME_MAX 48 /* with the NUL */

struct mix_part {
    char name[MIX_NAME_MAX];
    double share; /* above 0 */
};

struct mix {
    struct mix_part parts[MIX_MAX];
    size_t count;
};

/* ERROR_USAGE, with `what` ("--mix") in front. */
bool mix_parse(const char *text, const char *what, struct mix *ret, struct error *err);
/* "1000/s", "60/min", "3.5/h", "2k/s", or a bare number: per second. False if it is none; 0 is
   one. */
bool rate_parse(const char *text, double *ret_per_second);
/* "30%", or a number from 0 to 1. False if it is none. */
bool share_parse(const char *text, double *ret);

#endif
