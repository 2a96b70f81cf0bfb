/* What a car's behaviour has to say: signals, reports, telemetry (tcu.h). */
#include <string.h>

#include "tcu/core.h"
#include "tcu/pace.h"

void tcu_set_signal(struct tcu *t, size_t index, union signal_value value)
{
    if (!signal_set(&t->signals, index, value))
        return;
    shadows_changed(t, index);
    if (t->p->observer->signal != NULL)
        t->p->observer->signal(t->p->ctx, t, index);
}

void tcu_report(struct tcu *t)
{
    pace_release_all(t);
    shadows_schedule(t);
}

bool tcu_telemetry(struct tcu *t, const char *kind, struct slice payload, uint8_t qos)
{
    char room[ROUTE_TOPIC_MAX];

    if (t->state != TCU_ONLINE || kind[0] == '\0' || strpbrk(kind, "+#") != NULL)
        return false;
    struct slice topic = route_compose(room, tcu_topics(t)->telemetry, t->thing_name, kind);
    if (topic.len != 0 && core_publish(t, topic, payload, qos, slice_of(NULL, 0)) >= 0)
        return true;
    core_note(t, TCU_NOTE_REFUSED, "telemetry: %s", mqtt_client_refusal(t->p->client));
    return false;
}

const struct topic_set *tcu_topics(const struct tcu *t)
{
    return &t->p->config->topics;
}

uint64_t tcu_shadow_version(const struct tcu *t, size_t shadow)
{
    return core_shadow(t, shadow)->version;
}

bool tcu_in_step(const struct tcu *t)
{
    return shadows_in_step(t);
}
