#include "mqtt/session_state.h"

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
        if (p->kind == INFLIGHT_PUBLISH && s->inflight.sent >= s->limits.receive_max)
            return;
        if (!append_waiting(s, p))
            return;
        inflight_mark_sent(&s->inflight, p);
        session_queued(s, before);
    }
}

static bool may_publish(const struct session *s, const struct mqtt_message *m)
{
    return s->state == SESSION_ONLINE && m->qos <= s->limits.max_qos &&
           (!m->retain || s->limits.retain_available) &&
           (m->qos == 0 || s->inflight.publishes < INFLIGHT_PUBLISH_MAX);
}

int32_t session_publish(struct mqtt_client *c, const struct mqtt_message *message)
{
    struct session *s = session_of(c);
    struct buf *out = &s->link.out;
    size_t before = buf_len(out);

    if (!may_publish(s, message))
        return -1;
    uint16_t id = message->qos != 0 ? inflight_next_id(&s->inflight) : 0;
    if (!mqtt_encode_publish(out, s->version, message, id))
        return -1;
    size_t len = buf_len(out) - before;
    if (len > s->limits.packet_max) {
        out->end -= len;
        return -1;
    }
    if (id == 0) {
        session_queued(s, before);
        return 0;
    }
    struct inflight_packet *p =
        inflight_add(&s->inflight, id, slice_of(buf_data(out) + before, len));
    /* Those before it have waited longer. */
    if (s->inflight.sent >= s->limits.receive_max || inflight_unsent(&s->inflight) != p) {
        out->end -= len;
        return id;
    }
    inflight_mark_sent(&s->inflight, p);
    session_queued(s, before);
    return id;
}

uint16_t session_subscribe(struct mqtt_client *c, const struct mqtt_filter *filters, size_t count)
{
    struct session *s = session_of(c);
    size_t before = buf_len(&s->link.out);

    if (s->state != SESSION_ONLINE || count == 0)
        return 0;
    uint16_t id = inflight_next_id(&s->inflight);
    if (!mqtt_encode_subscribe(&s->link.out, s->version, id, NULL, filters, count))
        return 0;
    inflight_add_request(&s->inflight, id, INFLIGHT_SUBSCRIBE);
    session_queued(s, before);
    return id;
}
