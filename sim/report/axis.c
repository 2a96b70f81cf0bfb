#include "report/axis.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

/* 1, 2, 2.5 or 5 times a power of ten. */
static double round_step(double raw)
{
    static const double steps[] = {1, 2, 2.5, 5, 10};
    double power = pow(10, floor(log10(raw)));

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i] * power >= raw * (1 - 1e-9))
            return steps[i] * power;
    return 10 * power;
}

/* As many as the step has behind the point. */
static int digits_of(double step)
{
    int digits = 0;

    while (digits < 9 && fabs(step - round(step)) > 1e-6) {
        step *= 10;
        digits++;
    }
    return digits;
}

void axis_values(struct axis *axis, double min, double max, unsigned about)
{
    if (!(max > min)) {
        double margin = fabs(min) > 1 ? fabs(min) * 0.1 : 1;
        max = min + margin;
        min -= margin;
    }
    double step = round_step((max - min) / about);
    double first = floor(min / step + 1e-9), last = ceil(max / step - 1e-9);
    int digits = digits_of(step);

    *axis = (struct axis){.min = first * step, .max = last * step};
    unsigned steps = (unsigned)(last - first + 0.5);
    for (unsigned i = 0; i <= steps && axis->tick_count < AXIS_TICKS_MAX; i++) {
        struct axis_tick *tick = &axis->ticks[axis->tick_count++];
        double value = (first + i) * step;
        tick->at = (double)i / steps;
        snprintf(tick->label, sizeof tick->label, "%.*f", digits,
                 fabs(value) < step / 2 ? 0 : value);
    }
}

static void time_label(struct axis_tick *tick, int64_t second, int64_t step)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t at = (time_t)second;
    struct tm tm = {0};

    gmtime_r(&at, &tm);
    tick->strong = tm.tm_hour == 0 && tm.tm_min == 0 && tm.tm_sec == 0;
    if (tick->strong)
        snprintf(tick->label, sizeof tick->label, "%s %d %s", days[tm.tm_wday], tm.tm_mday,
                 months[tm.tm_mon]);
    else if (step >= 60)
        snprintf(tick->label, sizeof tick->label, "%02d:%02d", tm.tm_hour, tm.tm_min);
    else
        snprintf(tick->label, sizeof tick->label, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min,
                 tm.tm_sec);
}

/* The first of the round steps (seconds) that makes at most `most` ticks. */
static int64_t time_step(double seconds, unsigned most)
{
    static const int64_t steps[] = {1,     2,     5,     10,     15,     30,      60,     120,
                                    300,   600,   900,   1800,   3600,   7200,    10800,  14400,
                                    21600, 43200, 86400, 172800, 604800, 1209600, 2419200};
    size_t count = sizeof steps / sizeof *steps, i = 0;

    while (i + 1 < count && seconds / (double)steps[i] > most - 1)
        i++;
    int64_t step = steps[i];
    while (seconds / (double)step > most - 1)
        step *= 2;
    return step;
}

void axis_time(struct axis *axis, int64_t start_ms, double seconds, unsigned most)
{
    seconds = seconds > 0 ? seconds : 1;
    int64_t step = time_step(seconds, most);
    double start = (double)start_ms / 1000;
    *axis = (struct axis){.min = 0, .max = seconds};
    int64_t second = (int64_t)ceil(start / (double)step) * step;
    for (; (double)second <= start + seconds && axis->tick_count < most; second += step) {
        struct axis_tick *tick = &axis->ticks[axis->tick_count++];
        tick->at = ((double)second - start) / seconds;
        time_label(tick, second, step);
    }
}

static void elapsed_label(struct axis_tick *tick, int64_t second, int64_t step)
{
    unsigned hours = (unsigned)(second / 3600 % 1000000), minutes = (unsigned)(second / 60 % 60),
             rest = (unsigned)(second % 60);

    if (hours > 0)
        snprintf(tick->label, sizeof tick->label, "%u:%02u:%02u", hours, minutes, rest);
    else if (minutes > 0 || step >= 60)
        snprintf(tick->label, sizeof tick->label, "%u:%02u", minutes, rest);
    else
        snprintf(tick->label, sizeof tick->label, "%u s", rest);
}

void axis_elapsed(struct axis *axis, double seconds, unsigned most)
{
    seconds = seconds > 0 ? seconds : 1;
    int64_t step = time_step(seconds, most);

    *axis = (struct axis){.min = 0, .max = seconds};
    for (int64_t second = 0; (double)second <= seconds && axis->tick_count < most; second += step) {
        struct axis_tick *tick = &axis->ticks[axis->tick_count++];
        tick->at = (double)second / seconds;
        elapsed_label(tick, second, step);
    }
}

/* "500 µs", "10 ms", "2 s" */
static void latency_label(struct axis_tick *tick, double usec)
{
    double value = usec >= 1e6 ? usec / 1e6 : usec >= 1e3 ? usec / 1e3 : usec;

    snprintf(tick->label, sizeof tick->label, "%.0f %s", value,
             usec >= 1e6   ? "s"
             : usec >= 1e3 ? "ms"
                           : "\xc2\xb5s");
}

/* The next of 1, 2, 5 times a power of ten, up or down. */
static double round_log(double value, bool up)
{
    static const double steps[] = {1, 2, 5, 10};
    double power = pow(10, floor(log10(value) + 1e-9)), best = power;

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        double step = steps[i] * power;
        if (up && step >= value * (1 - 1e-9))
            return step;
        if (!up && step <= value * (1 + 1e-9))
            best = step;
    }
    return best;
}

void axis_latency(struct axis *axis, double min, double max)
{
    static const double between[] = {1, 2, 5};

    min = round_log(fmax(min, 1), false);
    max = round_log(fmax(max, min * 2), true);
    *axis = (struct axis){.min = log10(min), .max = log10(max)};
    double span = axis->max - axis->min;
    for (int power = (int)floor(axis->min + 1e-9); power <= axis->max + 1e-3; power++) {
        for (size_t i = 0; i < (span > 2.2 ? 1 : 3); i++) {
            double value = between[i] * pow(10, power);
            if (value < min * 0.999 || value > max * 1.001 || axis->tick_count == AXIS_TICKS_MAX)
                continue;
            struct axis_tick *tick = &axis->ticks[axis->tick_count++];
            tick->at = (log10(value) - axis->min) / span;
            latency_label(tick, value);
        }
    }
}
