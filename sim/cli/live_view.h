/*
 * live_view.h — a picture of a run in text: the fleet by state, rates, percentiles, errors, the
 * simulator's own health, and how all of it went over the last minute. Painted anew each time; the
 * terminal is live_screen.h's.
 *
 * Owns      the history of a minute. Borrows what a moment points to, during the call.
 * Threads   the simulation thread.
 */
#ifndef CLI_LIVE_VIEW_H
#define CLI_LIVE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/process_usage.h"
#include "base/timeunit.h"
#include "tcu/tcu.h"

struct recorder;
struct simulation;

/* A limit that was stated (--limit), and whether it holds so far. */
struct live_limit {
    const char *expression; /* "command.total p99 < 2s" */
    const char *value;      /* "438 ms"; NULL: there is none yet */
    bool held;
};

/* A moment of the run. */
struct live_moment {
    const char *title; /* "fleetsim load" */
    const char *doing; /* the phase, or how far it is: "steady", "scenarios 3/7" */
    usec_t elapsed;    /* since the run began */
    usec_t left;       /* 0: nobody knows */
    size_t states[TCU_STATE_COUNT];
    size_t queued; /* of those connecting, how many wait for their turn */
    const struct recorder *recorder;
    struct process_usage usage, broker; /* of ours; of the local cloud's broker, or zeroes */
    const struct live_limit *limits;
    size_t limit_count;
};

/* Takes the fleet's part, the recorder and the processes' load from the simulation. */
void live_moment_take(struct live_moment *m, const struct simulation *sim);

/* What the terminal is like. */
struct live_style {
    size_t columns, rows;
    bool colour, unicode;
};

struct live_view;

struct live_view *live_view_new(void);
/* NULL is fine. */
void live_view_free(struct live_view *v);
/* Before each picture, about once a second: what has happened since the last time. */
void live_view_sample(struct live_view *v, const struct live_moment *m);
/* The picture, at most style->rows - 1 lines, none longer than style->columns. */
void live_view_paint(const struct live_view *v, const struct live_moment *m,
                     const struct live_style *style, struct buf *out);
/* The same in one line, for a log. */
void live_view_line(const struct live_view *v, const struct live_moment *m, struct buf *out);

#endif
