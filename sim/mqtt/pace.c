#include "mqtt/pace.h"

void pace_init(struct pace *p, uint16_t per_s, double now)
{
    *p = (struct pace){.per_s = per_s, .tokens = per_s, .at = now};
}

static void fill(struct pace *p, double now)
{
    if (now > p->at)
        p->tokens += (now - p->at) * p->per_s;
    if (p->tokens > p->per_s)
        p->tokens = p->per_s;
    p->at = now;
}

/* Timers fire a little early. */
#define SLACK 0.001

bool pace_take(struct pace *p, double now, double *ret_wait)
{
    if (p->per_s == 0)
        return true;
    fill(p, now);
    if (p->tokens < 1 - SLACK) {
        *ret_wait = (1 - p->tokens) / p->per_s;
        return false;
    }
    p->tokens -= 1;
    return true;
}

void pace_charge(struct pace *p, double now)
{
    if (p->per_s == 0)
        return;
    fill(p, now);
    p->tokens = p->tokens - 1 < -p->per_s ? -p->per_s : p->tokens - 1;
}
