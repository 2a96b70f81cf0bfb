/*
 * clock_options.h — the options about time that several commands have: --time-scale, --time,
 * --start.
 */
#ifndef CLI_CLOCK_OPTIONS_H
#define CLI_CLOCK_OPTIONS_H

#include "base/error.h"
#include "cli/target.h"

struct clock_options {
    double scale;      /* simulated seconds per real second */
    const char *time;  /* "real" or "virtual" */
    const char *start; /* with virtual time: when it begins; NULL: a Monday's midnight */
};

#define CLOCK_OPTIONS_DEFAULT                                                                      \
    {                                                                                              \
        .scale = 1, .time = "real"                                                                 \
    }

/* Rows of a table of struct option_spec. */
#define CLOCK_OPTIONS_ROWS(clock)                                                                  \
    {                                                                                              \
        "time-scale",   0,   OPTION_REAL,                                                          \
        &(clock).scale, "X", "simulated seconds per second (default 1)"},                          \
        {"time",        0,      OPTION_STRING,                                                     \
         &(clock).time, "TIME", "real, or virtual: leaps to what happens next (default real)"},    \
    {                                                                                              \
        "start", 0, OPTION_STRING, &(clock).start, "WHEN",                                         \
            "virtual time begins then (UTC, default 2026-01-12T00:00)"                             \
    }

/* Do they go together, and with this target? Tells the target of virtual time. */
bool clock_options_check(const struct clock_options *clock, struct target_options *target,
                         struct error *err);

#endif
