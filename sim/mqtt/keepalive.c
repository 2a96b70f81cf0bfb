#include "mqtt/keepalive.h"

/* Timers fire a little early or late; closer than this counts as due. */
#define SLACK 0.001
/* PINGREQ is on its way before the interval is over (MQTT-3.1.2-20). */
#define EARLY 0.95

enum keepalive_action keepalive_check(struct keepalive *k, double now, double *ret_wait)
{
    double quiet_since = k->last_out < k->last_in ? k->last_out : k->last_in;
    double due = k->pinged ? k->ping_at + k->interval_s * 0.5 : quiet_since + k->interval_s * EARLY;

    if (k->interval_s == 0)
        return KEEPALIVE_OFF;
    if (now + SLACK < due) {
        *ret_wait = due - now;
        return KEEPALIVE_WAIT;
    }
    if (k->pinged)
        return KEEPALIVE_DEAD;
    k->pinged = true;
    k->ping_at = now;
    *ret_wait = k->interval_s * 0.5;
    return KEEPALIVE_PING;
}
