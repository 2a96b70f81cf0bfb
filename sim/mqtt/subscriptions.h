/*
 * subscriptions.h — which filters a session is subscribed to, or has asked for: so that a limit on
 * their number can be kept. Filters are remembered by their hash. Part of the session: it outlives
 * connections.
 */
#ifndef MQTT_SUBSCRIPTIONS_H
#define MQTT_SUBSCRIPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "mqtt/client.h"

struct subscription {
    uint64_t filter;    /* hash */
    uint16_t packet_id; /* of the SUBSCRIBE that is not answered yet, else 0 */
    uint16_t index;     /* in that SUBSCRIBE */
};

/* Zero-initialised: empty. */
struct subscriptions {
    struct subscription *at;
    size_t count;
};

void subscriptions_done(struct subscriptions *t);
/* How many of these filters are not there yet; repeated ones count once. */
size_t subscriptions_fresh(const struct subscriptions *t, const struct mqtt_filter *filters,
                           size_t count);
/* SUBSCRIBE goes out. */
void subscriptions_ask(struct subscriptions *t, uint16_t packet_id,
                       const struct mqtt_filter *filters, size_t count);
/* SUBACK: those with a code of failure are not there. */
void subscriptions_answer(struct subscriptions *t, uint16_t packet_id, const uint8_t *codes,
                          size_t count);
/* A connection has ended: what was not answered is not there. */
void subscriptions_rewind(struct subscriptions *t);
/* UNSUBSCRIBE goes out. */
void subscriptions_end(struct subscriptions *t, const struct slice *filters, size_t count);

#endif
