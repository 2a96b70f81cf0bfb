#include "cli/loop_lag.h"

#include "metrics/recorder.h"

#define PERIOD (50 * USEC_PER_MSEC)

static void on_timer(void *arg)
{
    struct loop_lag *lag = arg;
    usec_t now = clock_now();

    recorder_value(lag->recorder, "loop.lag", now > lag->due ? now - lag->due : 0);
    lag->due = now + PERIOD;
    loop_timer_start(&lag->timer, PERIOD);
}

void loop_lag_start(struct loop_lag *lag, struct loop *loop, struct recorder *recorder)
{
    loop_timer_init(&lag->timer, loop, on_timer, lag);
    lag->recorder = recorder;
    lag->due = clock_now() + PERIOD;
    loop_timer_start(&lag->timer, PERIOD);
}

void loop_lag_stop(struct loop_lag *lag)
{
    if (lag->recorder != NULL)
        loop_timer_stop(&lag->timer);
}
