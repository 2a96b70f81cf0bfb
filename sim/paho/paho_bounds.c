#include "paho/paho_bounds.h"

#include <math.h>

static double now_s(void)
{
    return (double)clock_now() / (double)USEC_PER_SEC;
}

void paho_bounds_init(struct paho_bounds *b, struct loop *loop, const struct mqtt_profile *profile,
                      void (*resume)(void *ctx), void *ctx)
{
    *b = (struct paho_bounds){.profile = profile};
    loop_timer_init(&b->timer, loop, resume, ctx);
}

void paho_bounds_done(struct paho_bounds *b)
{
    loop_timer_stop(&b->timer);
    subscriptions_done(&b->subscriptions);
}

void paho_bounds_begin(struct paho_bounds *b, bool session_present)
{
    if (b->profile == NULL)
        return;
    pace_init(&b->pace, b->profile->publishes_per_s, now_s());
    if (!session_present)
        subscriptions_done(&b->subscriptions);
}

void paho_bounds_end(struct paho_bounds *b)
{
    loop_timer_stop(&b->timer);
    subscriptions_rewind(&b->subscriptions);
}

bool paho_bounds_may_send(struct paho_bounds *b)
{
    double wait = 0;

    if (b->profile == NULL || pace_take(&b->pace, now_s(), &wait))
        return true;
    if (!loop_timer_active(&b->timer))
        loop_timer_start(&b->timer, (usec_t)ceil(wait * (double)USEC_PER_SEC));
    return false;
}

void paho_bounds_note_message(struct paho_bounds *b)
{
    if (b->profile != NULL)
        pace_charge(&b->pace, now_s());
}

bool paho_bounds_check_subscribe(const struct paho_bounds *b, const struct mqtt_filter *filters,
                                 size_t count, struct error *err)
{
    if (b->profile == NULL)
        return true;
    return mqtt_profile_check_subscribe(b->profile, filters, count,
                                        subscriptions_fresh(&b->subscriptions, filters, count),
                                        b->subscriptions.count, err);
}

void paho_bounds_subscribe(struct paho_bounds *b, uint16_t packet_id,
                           const struct mqtt_filter *filters, size_t count)
{
    if (b->profile != NULL)
        subscriptions_ask(&b->subscriptions, packet_id, filters, count);
}

void paho_bounds_subscribed(struct paho_bounds *b, uint16_t packet_id, const uint8_t *codes,
                            size_t count)
{
    if (b->profile != NULL)
        subscriptions_answer(&b->subscriptions, packet_id, codes, count);
}

void paho_bounds_unsubscribe(struct paho_bounds *b, const struct slice *filters, size_t count)
{
    if (b->profile != NULL)
        subscriptions_end(&b->subscriptions, filters, count);
}
