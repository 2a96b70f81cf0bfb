#include "cli/clock_options.h"

#include <string.h>

#include "base/timeunit.h"

/* A Monday, so that a week's commuting begins with it. */
#define DEFAULT_START "2026-01-12T00:00"

bool clock_options_check(const struct clock_options *clock, struct target_options *target,
                         struct error *err)
{
    bool is_virtual = strcmp(clock->time, "virtual") == 0;

    if (!is_virtual && strcmp(clock->time, "real") != 0)
        return error_set(err, ERROR_USAGE, "--time %s: not a time (real or virtual)", clock->time);
    if (clock->scale <= 0)
        return error_set(err, ERROR_USAGE, "--time-scale: must be above 0");
    if (!is_virtual && clock->start != NULL)
        return error_set(err, ERROR_USAGE, "--start: for virtual time only (add --time virtual)");
    if (!is_virtual)
        return true;
    if (clock->scale < 1 || clock->scale > 1)
        return error_set(err, ERROR_USAGE, "--time-scale: virtual time has none (leave it out)");
    if (target->cloud_dir != NULL || target->endpoint != NULL)
        return error_set(err, ERROR_USAGE,
                         "--time virtual: only with a cloud of its own, whose clock follows (leave "
                         "out --cloud and --endpoint, or use --time-scale)");
    target->virtual_time = true;
    return wall_parse(clock->start != NULL ? clock->start : DEFAULT_START, &target->epoch_ms) ||
           error_set(err, ERROR_USAGE, "--start %s: not a time (as 2026-01-12T06:30)",
                     clock->start);
}
