/* live_inside.h — what the files of the live view share. */
#ifndef CLI_LIVE_INSIDE_H
#define CLI_LIVE_INSIDE_H

#include "cli/live_view.h"
#include "metrics/histogram.h"

#define LIVE_HISTORY 60 /* samples */

/* ORDER LIVE_TRACK */
enum live_track {
    LIVE_COMMANDS, /* per second, sent */
    LIVE_CONNECTS, /* per second, that came online */
    LIVE_MESSAGES, /* per second, both ways */
    LIVE_P99,      /* of command.total since the sample before, µs */
    LIVE_LAG,      /* the longest loop.lag since then, µs */
    LIVE_TASKS,    /* the longest task.lateness since then, µs */
    LIVE_CPU,      /* share of one core */
    LIVE_BROKER,   /* the same, of the local cloud's broker */
    LIVE_TRACK_COUNT
};

struct live_view {
    double history[LIVE_TRACK_COUNT][LIVE_HISTORY]; /* the newest last */
    size_t samples;                                 /* of these, taken so far */
    usec_t at, cpu, broker_cpu;                     /* when the last was taken */
    uint64_t counted[LIVE_P99];                     /* then, by track */
    struct histogram total, lag, tasks;             /* then */
};

/* What cars do is told to be late from here on, if it is later than the loop. */
#define LIVE_TASKS_LATE ((double)(10 * USEC_PER_MSEC))

/* The newest value of a track; 0 before the first. */
static inline double live_now(const struct live_view *v, enum live_track track)
{
    return v->samples != 0 ? v->history[track][LIVE_HISTORY - 1] : 0;
}

/* What the track counts, so far. */
uint64_t live_total(const struct live_moment *m, enum live_track track);

/* A counter of things that a good run has not. */
struct live_trouble {
    const char *name;
    uint64_t value;
};

/* The most frequent first, at most `max`; returns their sum, of all. */
uint64_t live_troubles(const struct live_moment *m, struct live_trouble *ret, size_t max,
                       size_t *ret_count);

#endif
