/* limits.h — what a broker has said in CONNACK that it takes (MQTT 5, 3.2.2.3). */
#ifndef MQTT_LIMITS_H
#define MQTT_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "mqtt/client.h"

struct mqtt_limits {
    uint16_t receive_max;     /* QoS 1 publishes not acknowledged yet */
    uint32_t packet_max;      /* bytes of one packet */
    uint16_t topic_alias_max; /* 0: takes none */
    uint8_t max_qos;
    bool retain_available, subscription_identifiers;
};

/* From the properties of CONNACK; the standard's defaults for what is not there; MQTT 3.1.1 has no
 * properties. */
struct mqtt_limits mqtt_limits_of(const struct mqtt_props *p);

/* Does the broker take it? The size of its packet is not looked at. ERROR_FAILED names the limit.
 */
bool mqtt_limits_check_publish(const struct mqtt_limits *l, const struct mqtt_message *m,
                               struct error *err);
/* The identifier of these filters, that is of the first. */
bool mqtt_limits_check_subscribe(const struct mqtt_limits *l, const struct mqtt_filter *filters,
                                 struct error *err);

#endif
