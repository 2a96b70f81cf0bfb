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
/* `seconds` from 0 on; ticks at round times, at most `most` (2 … AXIS_TICKS_MAX). Labels: "30 s",
   "1:30", "2:00:00". */
void axis_elapsed(struct axis *axis, double seconds, unsigned most);
/* A logarithmic one of microseconds, from below `min` to above `max`; ticks at powers of ten, and
   between them if these are few. `min` and `max` become their logarithms. Labels: "10 ms". */
void axis_latency(struct axis *axis, double min, double max);

#endif
