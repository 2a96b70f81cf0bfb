/* same_props.h — do two sets of MQTT 5 properties say the same, in whatever order? */
#ifndef SUPPORT_SAME_PROPS_H
#define SUPPORT_SAME_PROPS_H

#include "mqtt/props.h"

static inline bool same_user_properties(const struct mqtt_props *a, const struct mqtt_props *b)
{
    struct slice rest_a = a->user, rest_b = b->user, name_a, name_b, value_a, value_b;

    for (;;) {
        bool more = mqtt_props_user_next(&rest_a, &name_a, &value_a);
        if (more != mqtt_props_user_next(&rest_b, &name_b, &value_b))
            return false;
        if (!more)
            return true;
        if (!slice_equal(name_a, name_b) || !slice_equal(value_a, value_b))
            return false;
    }
}

static inline bool same_identifiers(const struct mqtt_props *a, const struct mqtt_props *b)
{
    struct slice rest_a = a->user, rest_b = b->user;
    uint32_t id_a = 0, id_b = 0;

    for (;;) {
        bool more = mqtt_props_subscription_next(&rest_a, &id_a);
        if (more != mqtt_props_subscription_next(&rest_b, &id_b))
            return false;
        if (!more)
            return true;
        if (id_a != id_b)
            return false;
    }
}

static inline bool same_props(const struct mqtt_props *a, const struct mqtt_props *b)
{
    if (a->present != b->present)
        return false;
    for (unsigned id = 0; id < MQTT_PROP_COUNT; id++) {
        struct mqtt_prop_value va, vb;
        bool there = mqtt_props_get(a, (enum mqtt_prop)id, &va);
        if (there != mqtt_props_get(b, (enum mqtt_prop)id, &vb))
            return false;
        if (!there)
            continue;
        if (va.kind != vb.kind)
            return false;
        if (va.kind == MQTT_PROP_NUMBER ? va.number != vb.number : !slice_equal(va.text, vb.text))
            return false;
    }
    return same_user_properties(a, b) && same_identifiers(a, b);
}

#endif
