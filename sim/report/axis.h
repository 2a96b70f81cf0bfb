/* axis.h — where the ticks of a plot stand and what they say. */
#ifndef REPORT_AXIS_H
#define REPORT_AXIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AXIS_TICKS_MAX 16
#define AXIS_LABEL_MAX 24

struct axis_tick {
    double at; /* 0 at the axis's beginning, 1 at its end */
    char label[AXIS_LABEL_MAX];
    bool strong; /* a midnight */
};

struct axis {
    double min, max; /* min < max */
    struct axis_tick ticks[AXIS_TICKS_MAX];
    size_t tick_count;
};

/* Round values that span min … max in about `about` steps (2 … 8). */
void axis_values(struct axis *axis, double min, double max, unsigned about);
/* `seconds` from `start_ms` (since 1970) on; ticks at round times of day, at most `most`
   (2 … AXIS_TICKS_MAX). Labels: "06:00", "06:00:05" and at midnight "Tue 13 Jan". */
void axis_time(struct axis *axis, int64_t start_ms, double seconds, unsigned most);

#endif
