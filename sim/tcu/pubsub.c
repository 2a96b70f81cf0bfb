#include "tcu/pubsub.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "mqtt/limits.h"
#include "mqtt/topic.h"
#include "tcu/core.h"

struct pubsub {
    char **filters;
    size_t count;
    uint16_t remark_id;
    char *remark; /* of the answer that comes next; NULL: none */
};

static struct pubsub *pubsub_of(struct tcu *t)
{
    if (t->p->pubsub == NULL)
        t->p->pubsub = xcalloc(1, sizeof *t->p->pubsub);
    return t->p->pubsub;
}

static size_t find(const struct pubsub *s, struct slice filter)
{
    size_t i = 0;

    while (i < s->count && !slice_is(filter, s->filters[i]))
        i++;
    return i;
}

static void add(struct pubsub *s, struct slice filter)
{
    if (find(s, filter) < s->count)
        return;
    s->filters = xrealloc(s->filters, (s->count + 1) * sizeof *s->filters);
    s->filters[s->count++] = xstrndup((const char *)filter.data, filter.len);
}

static void drop(struct pubsub *s, size_t i)
{
    free(s->filters[i]);
    s->filters[i] = s->filters[--s->count];
}

void pubsub_session_lost(struct tcu *t)
{
    struct pubsub *s = t->p->pubsub;

    while (s != NULL && s->count > 0)
        drop(s, s->count - 1);
}

void pubsub_done(struct tcu *t)
{
    struct pubsub *s = t->p->pubsub;

    if (s == NULL)
        return;
    pubsub_session_lost(t);
    free(s->filters);
    free(s->remark);
    free(s);
    t->p->pubsub = NULL;
}

bool pubsub_wants(const struct tcu *t, struct slice topic)
{
    const struct pubsub *s = t->p->pubsub;

    for (size_t i = 0; s != NULL && i < s->count; i++)
        if (mqtt_topic_matches(slice_str(s->filters[i]), topic))
            return true;
    return false;
}

void pubsub_remark(struct tcu *t, uint16_t packet_id, const char *text)
{
    struct pubsub *s = t->p->pubsub;

    if (s == NULL)
        return;
    free(s->remark);
    s->remark = xstrdup(text);
    s->remark_id = packet_id;
}

void pubsub_answered(struct tcu *t, uint16_t packet_id, const uint8_t *codes, size_t count)
{
    struct pubsub *s = t->p->pubsub;

    if (s == NULL)
        return;
    char *remark = s->remark_id == packet_id ? s->remark : NULL;
    if (remark != NULL)
        s->remark = NULL;
    if (t->p->observer->answered != NULL)
        t->p->observer->answered(t->p->ctx, t, packet_id, codes, count, remark);
    free(remark);
}

/* Always false. */
static bool refused(struct tcu *t, struct error *err)
{
    core_note(t, TCU_NOTE_REFUSED, "%s", err->text);
    return false;
}

static bool not_taken(struct tcu *t, struct error *err)
{
    error_set(err, ERROR_FAILED, "%s", mqtt_client_refusal(t->p->client));
    return refused(t, err);
}

/* The limits are looked at here too, whatever the client makes of them. */
static struct mqtt_limits limits_of(const struct tcu *t)
{
    struct tcu_connection c = {.session_present = false};

    tcu_connection(t, &c);
    return mqtt_limits_of(&c.props);
}

static bool check_message(const struct tcu *t, const struct mqtt_message *m, struct error *err)
{
    struct mqtt_limits limits = limits_of(t);

    if (!mqtt_topic_name_valid(m->topic))
        return error_set(err, ERROR_FAILED,
                         "not a topic to publish to (1 to 65535 bytes, no + and #)");
    return mqtt_profile_check_publish(t->p->config->profile, m, err) &&
           mqtt_limits_check_publish(&limits, m, err);
}

int32_t tcu_publish(struct tcu *t, const struct mqtt_message *m, struct error *err)
{
    if (!check_message(t, m, err)) {
        refused(t, err);
        return -1;
    }
    pubsub_of(t);
    int32_t id = mqtt_client_publish(t->p->client, m);
    if (id < 0)
        not_taken(t, err);
    return id;
}

static bool check_filters(const struct tcu *t, const struct mqtt_filter *filters, size_t count,
                          struct error *err)
{
    struct mqtt_limits limits = limits_of(t);

    for (size_t i = 0; i < count; i++)
        if (!mqtt_topic_filter_valid(filters[i].filter))
            return error_set(err, ERROR_FAILED, "not a topic filter: %.*s",
                             (int)(filters[i].filter.len < 100 ? filters[i].filter.len : 100),
                             (const char *)filters[i].filter.data);
    if (count == 0)
        return error_set(err, ERROR_FAILED, "no filter");
    return mqtt_profile_check_subscribe(t->p->config->profile, filters, count, 0, 0, err) &&
           mqtt_limits_check_subscribe(&limits, filters, err);
}

uint16_t tcu_subscribe(struct tcu *t, const struct mqtt_filter *filters, size_t count,
                       struct error *err)
{
    if (!check_filters(t, filters, count, err)) {
        refused(t, err);
        return 0;
    }
    struct pubsub *s = pubsub_of(t);
    uint16_t id = mqtt_client_subscribe(t->p->client, filters, count);
    if (id == 0)
        not_taken(t, err);
    /* A retained message may come before SUBACK does. */
    for (size_t i = 0; id != 0 && i < count; i++)
        add(s, filters[i].filter);
    return id;
}

uint16_t tcu_unsubscribe(struct tcu *t, const struct slice *filters, size_t count,
                         struct error *err)
{
    struct pubsub *s = pubsub_of(t);
    uint16_t id = mqtt_client_unsubscribe(t->p->client, filters, count);

    if (id == 0)
        not_taken(t, err);
    for (size_t i = 0; id != 0 && i < count; i++) {
        size_t at = find(s, filters[i]);
        if (at < s->count)
            drop(s, at);
    }
    return id;
}
