/*
 * time_plot.h — a figure of panels that share one axis of time, from a run's start to its end, with
 * its phases marked. Private to this room.
 *
 * Each panel keeps its values as numbers beside the drawing, so that the page can tell them.
 */
#ifndef REPORT_TIME_PLOT_H
#define REPORT_TIME_PLOT_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "base/buf.h"
#include "report/axis.h"
#include "report/latency_over_time.h"

#define TIME_COLUMNS_MAX 300
#define TIME_LINES_MAX   8 /* in one panel */

/* ORDER TIME_UNIT: what values are counted in, and how the page writes them. */
enum time_unit { TIME_CARS, TIME_RATE, TIME_USEC, TIME_PERCENT, TIME_MIB, TIME_UNIT_COUNT };

struct time_plot {
    double seconds, step; /* of the run; of a column */
    size_t columns;
    struct axis time;
    struct buf grid; /* phases and ticks, as SVG: behind each panel */
};

struct time_line {
    const char *label; /* plain text, not markup */
    const char *tone;  /* class of its colour */
    double *values;    /* one per column; NaN: none */
};

struct time_panel {
    const char *title, *what; /* what: of it, or NULL */
    const char *note;         /* markup, or NULL */
    enum time_unit unit;
    struct time_line lines[TIME_LINES_MAX];
    size_t count;
};

/* How many columns a run of that length has, and how wide they are: whole seconds. */
size_t time_plot_columns(double seconds, double *ret_step);

/* `phases` as in summary.json, `load.phases`; NULL: none. */
void time_plot_open(struct time_plot *p, double seconds, const cJSON *phases, struct buf *out);
/* Lines; durations on a logarithmic axis, everything else from 0. Nothing without values. */
void time_plot_lines(const struct time_plot *p, const struct time_panel *panel, struct buf *out);
/* The same, one upon the other. */
void time_plot_stack(const struct time_plot *p, const struct time_panel *panel, struct buf *out);
/* How many samples there were, by time and by how long they took. */
void time_plot_heat(const struct time_plot *p, const char *title, const struct latency_stage *stage,
                    struct buf *out);
void time_plot_close(struct time_plot *p, struct buf *out);

#endif
