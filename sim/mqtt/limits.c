#include "mqtt/limits.h"

/* The largest Subscription Identifier (MQTT 5, 3.8.2.1.2). */
#define IDENTIFIER_MAX 268435455

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

bool mqtt_limits_check_publish(const struct mqtt_limits *l, const struct mqtt_message *m,
                               struct error *err)
{
    if (m->qos > l->max_qos)
        return error_set(err, ERROR_FAILED, "a message of QoS %u (the broker's Maximum QoS is %u)",
                         m->qos, l->max_qos);
    if (m->retain && !l->retain_available)
        return error_set(err, ERROR_FAILED,
                         "a retained message (the broker's Retain Available is 0)");
    return true;
}

bool mqtt_limits_check_subscribe(const struct mqtt_limits *l, const struct mqtt_filter *filters,
                                 struct error *err)
{
    if (filters->identifier == 0)
        return true;
    if (!l->subscription_identifiers)
        return error_set(err, ERROR_FAILED,
                         "a subscription identifier (the broker's Subscription Identifier "
                         "Available is 0)");
    if (filters->identifier > IDENTIFIER_MAX)
        return error_set(err, ERROR_FAILED, "a subscription identifier above %d", IDENTIFIER_MAX);
    return true;
}
