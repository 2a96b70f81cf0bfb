#include "mqtt/session_state.h"

/* Bytes that the alias itself takes in a PUBLISH. */
#define ALIAS_COST 3

void session_acknowledge(struct session *s, enum mqtt_type type, uint16_t packet_id,
                         uint8_t reason_code)
{
    size_t before = buf_len(&s->link.out);

    if (mqtt_encode_ack(&s->link.out, s->version, type, packet_id, reason_code))
        session_queued(s, before);
}

/* A PUBREL, or a PUBLISH from the store. */
static bool append_waiting(struct session *s, const struct inflight_packet *p)
{
    struct buf *out = &s->link.out;
    size_t before = buf_len(out);

    if (p->kind == INFLIGHT_PUBREL)
        return mqtt_encode_ack(out, s->version, MQTT_TYPE_PUBREL, p->id, 0);
    if (!buf_append(out, p->bytes, p->len))
        return false;
    if (p->sent_once)
        mqtt_publish_set_dup(buf_data(out) + before);
    return true;
}

void session_send_waiting(struct session *s)
{
    struct inflight_packet *p;

    while (s->state == SESSION_ONLINE && (p = inflight_unsent(&s->inflight)) != NULL) {
        size_t before = buf_len(&s->link.out);
        /* Receive Maximum does not hold back PUBREL (MQTT-4.9.0-3). */
        if (p->kind == INFLIGHT_PUBLISH &&
            (s->inflight.sent >= s->limits.receive_max || !session_may_send(s)))
            return;
        if (!append_waiting(s, p))
            return;
        if (p->id == 0)
            inflight_forget(&s->inflight, p);
        else
            inflight_mark_sent(&s->inflight, p);
        session_queued(s, before);
    }
}

static bool may_publish(struct session *s, const struct mqtt_message *m)
{
    struct error err;

    if (s->state != SESSION_ONLINE)
        return mqtt_client_refuse(&s->client, "not connected");
    if (!mqtt_profile_check_publish(session_profile(s), m, &err) ||
        !mqtt_limits_check_publish(&s->limits, m, &err))
        return mqtt_client_refuse(&s->client, "%s", err.text);
    if (m->qos != 0 && s->inflight.publishes >= INFLIGHT_PUBLISH_MAX)
        return mqtt_client_refuse(&s->client,
                                  "%d messages wait for their turn or their "
                                  "acknowledgement already",
                                  INFLIGHT_PUBLISH_MAX);
    return true;
}

/* Of a packet that could not be appended. */
static int refuse_size(struct session *s)
{
    mqtt_client_refuse(&s->client,
                       "too large (the broker's Maximum Packet Size is %u), or the broker reads "
                       "too slowly",
                       (unsigned)s->limits.packet_max);
    return -1;
}

/* Appends a PUBLISH that the broker takes. Its length, or 0. */
static size_t append_publish(struct session *s, const struct mqtt_message *m, uint16_t id)
{
    struct buf *out = &s->link.out;
    size_t before = buf_len(out);

    if (!mqtt_encode_publish(out, s->version, m, id))
        return 0;
    size_t len = buf_len(out) - before;
    if (len <= s->limits.packet_max)
        return len;
    out->end -= len;
    return 0;
}

static bool worth_an_alias(const struct session *s, const struct mqtt_message *m)
{
    return s->limits.topic_alias_max != 0 && m->topic.len > ALIAS_COST;
}

/* The same, with an alias in place of the topic, or beside it the first time. */
static size_t append_with_alias(struct session *s, const struct mqtt_message *m, uint16_t id)
{
    struct mqtt_message aliased = *m;
    bool known = false;

    mqtt_props_set(&aliased.props, MQTT_PROP_TOPIC_ALIAS);
    aliased.props.topic_alias =
        alias_choose(&s->aliases_out, m->topic, s->limits.topic_alias_max, &known);
    if (known)
        aliased.topic = slice_of(NULL, 0);
    size_t len = append_publish(s, &aliased, id);
    if (len != 0)
        return len;
    alias_forget(s->aliases_out, aliased.props.topic_alias);
    return append_publish(s, m, id);
}

/* It waits behind what waits for the profile's pace, or is the first to. */
static int32_t publish_later(struct session *s, const struct mqtt_message *m)
{
    struct buf *out = &s->link.out;
    size_t before = buf_len(out);
    size_t len = append_publish(s, m, 0);

    if (len == 0)
        return refuse_size(s);
    out->end -= len;
    if (inflight_add(&s->inflight, 0, slice_of(buf_data(out) + before, len)) != NULL)
        return 0;
    const struct mqtt_profile *profile = s->bounds->profile; /* only it lets anything wait */
    mqtt_client_refuse(&s->client,
                       "profile %s: more than %u messages a second, and %d wait already",
                       profile->name, profile->publishes_per_s, INFLIGHT_PUBLISH_MAX);
    return -1;
}

static int32_t publish_once(struct session *s, const struct mqtt_message *m)
{
    size_t before = buf_len(&s->link.out);

    if (session_is_waiting(s) || !session_may_send(s))
        return publish_later(s, m);
    size_t len = worth_an_alias(s, m) ? append_with_alias(s, m, 0) : append_publish(s, m, 0);
    if (len == 0)
        return refuse_size(s);
    session_queued(s, before);
    return 0;
}

/* What is kept has no alias, which would mean nothing on another connection. */
static int32_t publish_kept(struct session *s, const struct mqtt_message *m)
{
    struct buf *out = &s->link.out;
    size_t before = buf_len(out);
    uint16_t id = inflight_next_id(&s->inflight);
    size_t len = append_publish(s, m, id);

    if (len == 0)
        return refuse_size(s);
    struct inflight_packet *p =
        inflight_add(&s->inflight, id, slice_of(buf_data(out) + before, len));
    /* Those before it have waited longer. */
    if (s->inflight.sent >= s->limits.receive_max || inflight_unsent(&s->inflight) != p ||
        !session_may_send(s)) {
        out->end -= len;
        return id;
    }
    if (worth_an_alias(s, m)) {
        out->end -= len;
        append_with_alias(s, m, id);
    }
    inflight_mark_sent(&s->inflight, p);
    session_queued(s, before);
    return id;
}

int32_t session_publish(struct mqtt_client *c, const struct mqtt_message *message)
{
    struct session *s = session_of(c);

    if (!may_publish(s, message))
        return -1;
    if (mqtt_props_has(&message->props, MQTT_PROP_TOPIC_ALIAS)) {
        struct mqtt_message plain = *message;
        mqtt_props_unset(&plain.props, MQTT_PROP_TOPIC_ALIAS);
        return session_publish(c, &plain);
    }
    return message->qos == 0 ? publish_once(s, message) : publish_kept(s, message);
}

static void refuse_request(struct session *s)
{
    mqtt_client_refuse(&s->client,
                       "too many or too long filters (the broker's Maximum Packet Size is %u), or "
                       "too many requests without an answer",
                       (unsigned)s->limits.packet_max);
}

/* The SUBSCRIBE or UNSUBSCRIBE that has been appended is let go. Its packet id, or 0. */
static uint16_t request(struct session *s, size_t before, uint16_t id, enum inflight_kind kind,
                        size_t filters)
{
    struct buf *out = &s->link.out;
    size_t len = buf_len(out) - before;

    if (len > s->limits.packet_max || filters > UINT16_MAX ||
        !inflight_add_request(&s->inflight, id, kind, (uint16_t)filters)) {
        out->end -= len;
        refuse_request(s);
        return 0;
    }
    session_queued(s, before);
    return id;
}

static bool may_subscribe(struct session *s, const struct mqtt_filter *filters, size_t count)
{
    struct error err;

    if (s->state != SESSION_ONLINE)
        return mqtt_client_refuse(&s->client, "not connected");
    if (count == 0)
        return mqtt_client_refuse(&s->client, "no filter");
    if (s->bounds != NULL) {
        const struct subscriptions *held = &s->bounds->subscriptions;
        size_t fresh = subscriptions_fresh(held, filters, count);
        if (!mqtt_profile_check_subscribe(s->bounds->profile, filters, count, fresh, held->count,
                                          &err))
            return mqtt_client_refuse(&s->client, "%s", err.text);
    }
    if (s->version == MQTT_5 && !mqtt_limits_check_subscribe(&s->limits, filters, &err))
        return mqtt_client_refuse(&s->client, "%s", err.text);
    return true;
}

uint16_t session_subscribe(struct mqtt_client *c, const struct mqtt_filter *filters, size_t count)
{
    struct session *s = session_of(c);
    struct mqtt_props props = {0};
    size_t before = buf_len(&s->link.out);

    if (!may_subscribe(s, filters, count))
        return 0;
    if (filters->identifier != 0 && s->version == MQTT_5) {
        mqtt_props_set(&props, MQTT_PROP_SUBSCRIPTION_IDENTIFIER);
        props.subscription_identifier = filters->identifier;
    }
    uint16_t id = inflight_next_id(&s->inflight);
    if (!mqtt_encode_subscribe(&s->link.out, s->version, id, &props, filters, count)) {
        refuse_request(s);
        return 0;
    }
    if (request(s, before, id, INFLIGHT_SUBSCRIBE, count) == 0)
        return 0;
    if (s->bounds != NULL)
        subscriptions_ask(&s->bounds->subscriptions, id, filters, count);
    return id;
}

uint16_t session_unsubscribe(struct mqtt_client *c, const struct slice *filters, size_t count)
{
    struct session *s = session_of(c);
    struct mqtt_packet p = {.type = MQTT_TYPE_UNSUBSCRIBE};
    size_t before = buf_len(&s->link.out);
    struct buf entries;
    bool ok = s->state == SESSION_ONLINE && count != 0;

    buf_init(&entries, MQTT_PACKET_MAX);
    for (size_t i = 0; ok && i < count; i++)
        ok = mqtt_subscription_add(&entries, p.type,
                                   &(struct mqtt_subscription){.filter = filters[i]});
    if (ok) {
        p.subscribe.packet_id = inflight_next_id(&s->inflight);
        p.subscribe.entries = buf_slice(&entries);
        ok = mqtt_encode(&s->link.out, s->version, &p);
    }
    buf_done(&entries);
    if (!ok) {
        if (s->state != SESSION_ONLINE)
            mqtt_client_refuse(c, "not connected");
        else
            refuse_request(s);
        return 0;
    }
    if (request(s, before, p.subscribe.packet_id, INFLIGHT_UNSUBSCRIBE, count) == 0)
        return 0;
    if (s->bounds != NULL)
        subscriptions_end(&s->bounds->subscriptions, filters, count);
    return p.subscribe.packet_id;
}
