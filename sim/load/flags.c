#include "load/flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 1000

/* "5x30s" */
static bool parse_steps(const char *text, struct load_ramp *ret)
{
    char *end;
    size_t digits = strspn(text, "0123456789");
    unsigned long steps = strtoul(text, &end, 10);

    if (digits == 0 || digits > 4 || *end != 'x' || steps == 0 || steps > STEPS_MAX)
        return false;
    ret->shape = LOAD_RAMP_STEPS;
    ret->steps = (unsigned)steps;
    return duration_parse(end + 1, &ret->time);
}

bool load_ramp_parse(const char *text, struct load_ramp *ret)
{
    static const char linear[] = "linear:", steps[] = "steps:", spread[] = "spread:";

    *ret = (struct load_ramp){.shape = LOAD_RAMP_LINEAR};
    if (strncmp(text, steps, sizeof steps - 1) == 0)
        return parse_steps(text + sizeof steps - 1, ret);
    if (strncmp(text, spread, sizeof spread - 1) == 0) {
        ret->shape = LOAD_RAMP_SPREAD;
        return duration_parse(text + sizeof spread - 1, &ret->time);
    }
    if (strncmp(text, linear, sizeof linear - 1) == 0)
        return duration_parse(text + sizeof linear - 1, &ret->time);
    return duration_parse(text, &ret->time) || parse_steps(text, ret);
}

bool load_event_parse(enum load_event_kind kind, const char *text, struct load_event *ret)
{
    char amount[32];
    size_t len = strcspn(text, ":");
    bool rate = kind == LOAD_EVENT_BURST;

    *ret = (struct load_event){.kind = kind, .time = 10 * USEC_PER_SEC};
    if (len >= sizeof amount)
        return false;
    memcpy(amount, text, len);
    amount[len] = '\0';
    if (!(rate ? rate_parse(amount, &ret->amount) : share_parse(amount, &ret->amount)))
        return false;
    return text[len] == '\0' || (duration_parse(text + len + 1, &ret->time) && ret->time > 0);
}
