#include <assert.h>
#include <stdio.h>

#include "mqtt/remark.h"
#include "mqtt/session_state.h"

/* --- Receiving: each handler returns 0, or the reason code of a breach with a sentence. --- */

/* "What: Name (0x..): what else the broker said" */
static void compose(char *text, size_t size, const char *what, enum mqtt_type type, uint8_t code,
                    const struct mqtt_props *props)
{
    char remark[MQTT_REMARK_SIZE];

    mqtt_remark(props, remark, sizeof remark);
    snprintf(text, size, "%s: %s (0x%02x)%s%s", what, mqtt_reason_name_in(type, code), code,
             remark[0] != '\0' ? ": " : "", remark);
}

static void refused(struct session *s, const struct mqtt_packet_connack *in)
{
    static const char what[] = "the broker refused the connection";
    uint8_t code = in->reason_code;
    char text[MQTT_REMARK_SIZE + 128];

    if (s->version != MQTT_5)
        snprintf(text, sizeof text, "%s: %s (return code %u)", what, mqtt_return_name(code), code);
    else
        compose(text, sizeof text, what, MQTT_TYPE_CONNACK, code, &in->props);
    session_finish_link(s);
    session_closed(s, MQTT_CLOSE_REFUSED, code, text);
}

/* False if the owner has ended the connection in the event. */
static bool remark(struct session *s, uint16_t packet_id, const struct mqtt_props *props)
{
    const struct mqtt_client_events *e = s->client.events;
    uint32_t life = s->life;
    char text[MQTT_REMARK_SIZE];

    if (e->remark == NULL || (props->reason_string.len == 0 && props->user.len == 0))
        return true;
    mqtt_remark(props, text, sizeof text);
    e->remark(s->client.ctx, packet_id, text);
    return s->life == life;
}

/* The broker has taken these messages (PUBREC), then forgotten the session. */
static void end_pubrels(struct session *s, uint32_t life)
{
    uint16_t id;

    while (s->life == life && (id = inflight_take_pubrel(&s->inflight)) != 0) {
        session_send_waiting(s);
        if (s->client.events->published != NULL)
            s->client.events->published(s->client.ctx, id, MQTT_REASON_PACKET_IDENTIFIER_NOT_FOUND);
    }
}

static uint8_t on_connack(struct session *s, struct mqtt_packet *packet, const char **ret_why)
{
    const struct mqtt_client_events *e = s->client.events;
    const struct mqtt_packet_connack *in = &packet->connack;
    uint32_t life = s->life;

    if (s->state != SESSION_ASKING) {
        *ret_why = "a second CONNACK";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    if (in->reason_code != 0) {
        refused(s, in);
        return 0;
    }
    s->state = SESSION_ONLINE;
    session_stop_timer(s);
    s->limits = mqtt_limits_of(&in->props);
    if (mqtt_props_has(&in->props, MQTT_PROP_SERVER_KEEP_ALIVE))
        s->keepalive.interval_s = in->props.server_keep_alive;
    session_watch_keep_alive(s);
    session_bounds_begin(s);
    if (!in->session_present) {
        inflight_make_new(&s->inflight);
        received_done(&s->received);
        if (s->bounds != NULL)
            subscriptions_done(&s->bounds->subscriptions);
    }
    struct mqtt_connack connack = {.session_present = in->session_present,
                                   .props = in->props,
                                   .keep_alive_s = s->keepalive.interval_s};
    if (e->phase != NULL)
        e->phase(s->client.ctx, MQTT_PHASE_CONNACK, clock_now());
    if (s->life != life)
        return 0;
    /* What waits goes out before anything that the owner publishes now (MQTT-4.6.0-1). */
    session_send_waiting(s);
    if (e->connected != NULL && s->life == life)
        e->connected(s->client.ctx, &connack);
    if (!in->session_present)
        end_pubrels(s, life);
    return 0;
}

static uint8_t on_publish(struct session *s, struct mqtt_packet *packet, const char **ret_why)
{
    static const enum mqtt_type answers[] = {[1] = MQTT_TYPE_PUBACK, [2] = MQTT_TYPE_PUBREC};
    struct mqtt_packet_publish *in = &packet->publish;
    uint8_t qos = in->message.qos;
    uint32_t life = s->life;

    session_note_message(s);
    if (mqtt_props_has(&in->message.props, MQTT_PROP_TOPIC_ALIAS)) {
        uint8_t code = alias_resolve(&s->aliases_in, in->message.props.topic_alias,
                                     &in->message.topic, ret_why);
        if (code != 0)
            return code;
        mqtt_props_unset(&in->message.props, MQTT_PROP_TOPIC_ALIAS);
    }
    /* Noted before it is delivered: whatever the owner does in the event, it will not come twice.
     */
    bool fresh = qos < 2 || received_add(&s->received, in->packet_id);
    if (s->version == MQTT_5 && s->received.now > SESSION_RECEIVE_MAX) {
        *ret_why = "more messages of QoS 2 at a time than our Receive Maximum";
        return MQTT_REASON_RECEIVE_MAXIMUM_EXCEEDED;
    }
    if (fresh && s->client.events->message != NULL)
        s->client.events->message(s->client.ctx, &in->message);
    if (s->life == life && qos != 0)
        session_acknowledge(s, answers[qos], in->packet_id, 0);
    return 0;
}

static uint8_t on_pubrel(struct session *s, struct mqtt_packet *packet, const char **ret_why)
{
    uint16_t id = packet->ack.packet_id;

    (void)ret_why;
    session_acknowledge(
        s, MQTT_TYPE_PUBCOMP, id,
        received_remove(&s->received, id) ? 0 : MQTT_REASON_PACKET_IDENTIFIER_NOT_FOUND);
    return 0;
}

/* The last word on a publish of ours. */
static void end_publish(struct session *s, enum inflight_kind kind,
                        const struct mqtt_packet_ack *in)
{
    inflight_remove(&s->inflight, in->packet_id, kind);
    session_send_waiting(s);
    if (remark(s, in->packet_id, &in->props) && s->client.events->published != NULL)
        s->client.events->published(s->client.ctx, in->packet_id, in->reason_code);
}

/* The publish that an acknowledgement can be meant for, or NULL. */
static struct inflight_packet *sent_publish(const struct session *s, uint16_t packet_id)
{
    struct inflight_packet *p = inflight_find(&s->inflight, packet_id);

    return p != NULL && p->kind <= INFLIGHT_PUBREL && p->sent ? p : NULL;
}

static uint8_t on_puback(struct session *s, struct mqtt_packet *packet, const char **ret_why)
{
    const struct inflight_packet *p = sent_publish(s, packet->ack.packet_id);

    /* A repeated PUBACK is legal after a repeated PUBLISH. */
    if (p == NULL)
        return 0;
    if (p->qos != 1) {
        *ret_why = "PUBACK for a message of QoS 2";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    end_publish(s, INFLIGHT_PUBLISH, &packet->ack);
    return 0;
}

static uint8_t on_pubrec(struct session *s, struct mqtt_packet *packet, const char **ret_why)
{
    const struct mqtt_packet_ack *in = &packet->ack;
    struct inflight_packet *p = sent_publish(s, in->packet_id);

    if (p == NULL) {
        if (in->reason_code < MQTT_REASON_UNSPECIFIED_ERROR)
            session_acknowledge(s, MQTT_TYPE_PUBREL, in->packet_id,
                                MQTT_REASON_PACKET_IDENTIFIER_NOT_FOUND);
        return 0;
    }
    if (p->qos != 2) {
        *ret_why = "PUBREC for a message of QoS 1";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    if (in->reason_code >= MQTT_REASON_UNSPECIFIED_ERROR) {
        end_publish(s, (enum inflight_kind)p->kind, in);
        return 0;
    }
    if (p->kind == INFLIGHT_PUBLISH)
        inflight_release(&s->inflight, p);
    session_acknowledge(s, MQTT_TYPE_PUBREL, in->packet_id, 0);
    return 0;
}

static uint8_t on_pubcomp(struct session *s, struct mqtt_packet *packet, const char **ret_why)
{
    const struct inflight_packet *p = sent_publish(s, packet->ack.packet_id);

    if (p == NULL)
        return 0;
    if (p->kind != INFLIGHT_PUBREL) {
        *ret_why = "PUBCOMP before PUBREC";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    end_publish(s, INFLIGHT_PUBREL, &packet->ack);
    return 0;
}

static uint8_t on_suback(struct session *s, struct mqtt_packet *packet, const char **ret_why)
{
    const struct mqtt_packet_suback *in = &packet->suback;
    const struct inflight_packet *p = inflight_find(&s->inflight, in->packet_id);

    if (p == NULL || p->kind != INFLIGHT_SUBSCRIBE) {
        *ret_why = "a SUBACK for no SUBSCRIBE";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    if (p->filters != in->codes.len) {
        *ret_why = "not one code for each filter"; /* MQTT-3.8.4-6 */
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    inflight_remove(&s->inflight, in->packet_id, INFLIGHT_SUBSCRIBE);
    if (s->bounds != NULL)
        subscriptions_answer(&s->bounds->subscriptions, in->packet_id, in->codes.data,
                             in->codes.len);
    if (remark(s, in->packet_id, &in->props) && s->client.events->subscribed != NULL)
        s->client.events->subscribed(s->client.ctx, in->packet_id, in->codes.data, in->codes.len);
    return 0;
}

static uint8_t on_unsuback(struct session *s, struct mqtt_packet *packet, const char **ret_why)
{
    const struct mqtt_packet_suback *in = &packet->suback;
    const struct inflight_packet *p = inflight_find(&s->inflight, in->packet_id);

    if (p == NULL || p->kind != INFLIGHT_UNSUBSCRIBE) {
        *ret_why = "an UNSUBACK for no UNSUBSCRIBE";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    if (s->version == MQTT_5 && p->filters != in->codes.len) {
        *ret_why = "not one code for each filter"; /* MQTT-3.11.3-1 */
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    inflight_remove(&s->inflight, in->packet_id, INFLIGHT_UNSUBSCRIBE);
    if (remark(s, in->packet_id, &in->props) && s->client.events->unsubscribed != NULL)
        s->client.events->unsubscribed(s->client.ctx, in->packet_id, in->codes.data, in->codes.len);
    return 0;
}

static uint8_t on_pingresp(struct session *s, struct mqtt_packet *packet, const char **ret_why)
{
    (void)packet;
    (void)ret_why;
    s->keepalive.pinged = false;
    /* A shaper tells of the fence's itself. */
    if (s->client.events->pong != NULL && s->shaped == NULL)
        s->client.events->pong(s->client.ctx);
    return 0;
}

static uint8_t on_disconnect(struct session *s, struct mqtt_packet *packet, const char **ret_why)
{
    const struct mqtt_packet_reason *in = &packet->reason;
    char text[MQTT_REMARK_SIZE + 128];

    if (s->version != MQTT_5) {
        *ret_why = "a DISCONNECT, which only clients send in MQTT 3.1.1";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    if (mqtt_props_has(&in->props, MQTT_PROP_SESSION_EXPIRY_INTERVAL)) {
        *ret_why = "a Session Expiry Interval, which only clients send"; /* MQTT-3.14.2-2 */
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    compose(text, sizeof text, "the broker disconnected", MQTT_TYPE_DISCONNECT, in->reason_code,
            &in->props);
    uint8_t code = in->reason_code;
    session_finish_link(s);
    session_closed(s, MQTT_CLOSE_SERVER, code, text);
    return 0;
}

typedef uint8_t (*handler_fn)(struct session *s, struct mqtt_packet *packet, const char **ret_why);

static const handler_fn handlers[MQTT_TYPE_COUNT] = {
    [MQTT_TYPE_CONNACK] = on_connack,       [MQTT_TYPE_PUBLISH] = on_publish,
    [MQTT_TYPE_PUBACK] = on_puback,         [MQTT_TYPE_PUBREC] = on_pubrec,
    [MQTT_TYPE_PUBREL] = on_pubrel,         [MQTT_TYPE_PUBCOMP] = on_pubcomp,
    [MQTT_TYPE_SUBACK] = on_suback,         [MQTT_TYPE_PINGRESP] = on_pingresp,
    [MQTT_TYPE_DISCONNECT] = on_disconnect, [MQTT_TYPE_UNSUBACK] = on_unsuback,
};

static void take_packet(struct session *s, struct slice bytes)
{
    assert(bytes.data != NULL && bytes.len > 0);
    const struct mqtt_client_events *e = s->client.events;
    enum mqtt_type type = mqtt_type_of(bytes.data[0]);
    const char *why = "";
    struct mqtt_packet packet;
    uint32_t life = s->life;

    if (e->packet != NULL)
        e->packet(s->client.ctx, false, bytes, clock_now());
    if (s->life != life)
        return;
    uint8_t code = mqtt_decode(bytes, s->version, &packet, &why);
    if (code == 0 && (unsigned)type < MQTT_TYPE_COUNT && handlers[type] != NULL &&
        (s->state == SESSION_ONLINE || type == MQTT_TYPE_CONNACK)) {
        code = handlers[type](s, &packet, &why);
    } else if (code == 0) {
        code = MQTT_REASON_PROTOCOL_ERROR;
        why = s->state == SESSION_ONLINE ? "a packet that brokers do not send"
                                         : "something else before CONNACK";
    }
    if (code != 0) {
        char text[256];
        /* The breaches that are a broker's to tell, of CONNECT, have codes of its CONNACK. */
        if (!mqtt_reason_allowed(MQTT_TYPE_DISCONNECT, code))
            code = MQTT_REASON_PROTOCOL_ERROR;
        snprintf(text, sizeof text, "the broker sent %s: %s (0x%02x %s)", mqtt_type_name(type), why,
                 code, mqtt_reason_name(code));
        session_refuse(s, code, text);
    }
}

/* Acts on all whole packets; returns what is left over. */
static struct slice take_packets(struct session *s, struct slice bytes)
{
    uint32_t life = s->life;

    while (bytes.len > 0 && s->life == life) {
        size_t total = 0;
        enum mqtt_decode outcome =
            mqtt_decode_frame(bytes.data, bytes.len, SESSION_PACKET_MAX, &total);
        if (outcome == MQTT_DECODE_NEED_MORE)
            break;
        if (outcome == MQTT_DECODE_OK) {
            take_packet(s, slice_of(bytes.data, total));
            bytes = slice_of(bytes.data + total, bytes.len - total);
        } else if (outcome == MQTT_DECODE_TOO_LARGE) {
            session_refuse(s, MQTT_REASON_PACKET_TOO_LARGE,
                           "the broker sent a packet of more than 1 MiB");
        } else {
            session_refuse(s, MQTT_REASON_MALFORMED_PACKET,
                           "the broker sent bytes that are no MQTT packet");
        }
    }
    return bytes;
}

void session_receive(void *ctx, struct slice bytes)
{
    struct session *s = ctx;
    struct buf held = s->in;
    uint32_t life = s->life;

    if (s->state != SESSION_ASKING && s->state != SESSION_ONLINE)
        return;
    s->keepalive.last_in = session_now(s);
    if (buf_len(&held) == 0) {
        struct slice rest = take_packets(s, bytes);
        if (s->life == life && rest.len > 0)
            buf_append_slice(&s->in, rest);
        return;
    }
    /* Handlers may close the session, which empties s->in, while messages still point into it. */
    buf_init(&s->in, SESSION_PACKET_MAX + NET_SCRATCH_SIZE);
    buf_append_slice(&held, bytes);
    struct slice rest = take_packets(s, buf_slice(&held));
    if (s->life == life && rest.len > 0) {
        buf_consume(&held, buf_len(&held) - rest.len);
        s->in = held;
    } else {
        buf_done(&held);
    }
}
