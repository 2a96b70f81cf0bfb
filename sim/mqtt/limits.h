/* limits.h — what a broker has said in CONNACK that it takes (MQTT 5, 3.2.2.3). */
#ifndef MQTT_LIMITS_H
#define MQTT_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "mqtt/props.h"

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

#endif
