#include "mqtt/limits.h"

struct mqtt_limits mqtt_limits_of(const struct mqtt_props *p)
{
    struct mqtt_limits l = {.receive_max = UINT16_MAX,
                            .packet_max = UINT32_MAX,
                            .max_qos = 2,
                            .retain_available = true,
                            .subscription_identifiers = true};

    if (mqtt_props_has(p, MQTT_PROP_RECEIVE_MAXIMUM))
        l.receive_max = p->receive_maximum;
    if (mqtt_props_has(p, MQTT_PROP_MAXIMUM_PACKET_SIZE))
        l.packet_max = p->maximum_packet_size;
    l.topic_alias_max = p->topic_alias_maximum;
    if (mqtt_props_has(p, MQTT_PROP_MAXIMUM_QOS))
        l.max_qos = p->maximum_qos;
    if (mqtt_props_has(p, MQTT_PROP_RETAIN_AVAILABLE))
        l.retain_available = p->retain_available != 0;
    if (mqtt_props_has(p, MQTT_PROP_SUBSCRIPTION_IDENTIFIER_AVAILABLE))
        l.subscription_identifiers = p->subscription_identifier_available != 0;
    return l;
}
