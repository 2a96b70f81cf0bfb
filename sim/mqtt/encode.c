#include "mqtt/codec.h"
#include "mqtt/wire.h"

static const struct mqtt_props no_props;

/* Room for a packet of which `remaining` bytes follow its header, and the header in place. */
static bool open_packet(struct buf *out, uint8_t first, size_t remaining, struct wire_writer *ret)
{
    if (remaining > WIRE_VARINT_MAX)
        return false;
    size_t total = 1 + wire_varint_size(remaining) + remaining;
    uint8_t *at = buf_reserve(out, total);
    if (at == NULL)
        return false;
    buf_commit(out, total);
    *ret = (struct wire_writer){.at = at};
    wire_put_u8(ret, first);
    wire_put_varint(ret, remaining);
    return true;
}

static void put_props(struct wire_writer *w, enum mqtt_version version, const struct mqtt_props *p)
{
    if (version != MQTT_5)
        return;
    size_t size = mqtt_props_size(p);
    wire_put_varint(w, size); /* SIZE_MAX marks the packet as bad */
    if (w->bad)
        return;
    if (w->at != NULL && size != 0)
        w->at = mqtt_props_write(p, w->at);
    w->size += size;
}

static uint8_t connect_flags(const struct mqtt_packet_connect *c)
{
    unsigned flags = 0;

    if (c->clean_start)
        flags |= CONNECT_CLEAN;
    if (c->has_will)
        flags |= CONNECT_WILL | (c->will.message.qos & 3u) << 3 |
                 (c->will.message.retain ? CONNECT_RETAIN : 0);
    if (c->username.data != NULL)
        flags |= CONNECT_USERNAME;
    if (c->password.data != NULL)
        flags |= CONNECT_PASSWORD;
    return (uint8_t)flags;
}

static void put_will(struct wire_writer *w, enum mqtt_version version, const struct mqtt_will *will)
{
    struct mqtt_props props = will->message.props;

    if (will->delay_s != 0) {
        mqtt_props_set(&props, MQTT_PROP_WILL_DELAY_INTERVAL);
        props.will_delay_interval = will->delay_s;
    }
    put_props(w, version, &props);
    wire_put_string(w, will->message.topic);
    wire_put_string(w, will->message.payload);
}

static void put_connect(struct wire_writer *w, enum mqtt_version version,
                        const struct mqtt_packet *packet)
{
    const struct mqtt_packet_connect *c = &packet->connect;

    wire_put_string(w, slice_str("MQTT"));
    wire_put_u8(w, (uint8_t)version);
    wire_put_u8(w, connect_flags(c));
    wire_put_u16(w, c->keep_alive_s);
    put_props(w, version, &c->props);
    wire_put_string(w, c->client_id);
    if (c->has_will)
        put_will(w, version, &c->will);
    if (c->username.data != NULL)
        wire_put_string(w, c->username);
    if (c->password.data != NULL)
        wire_put_string(w, c->password);
}

static void put_connack(struct wire_writer *w, enum mqtt_version version,
                        const struct mqtt_packet *packet)
{
    wire_put_u8(w, packet->connack.session_present);
    wire_put_u8(w, packet->connack.reason_code);
    put_props(w, version, &packet->connack.props);
}

/* In the shortest form, as 3.4.2.1 and 3.14.2.1 allow. */
static void put_reason(struct wire_writer *w, enum mqtt_version version, uint8_t code,
                       const struct mqtt_props *props)
{
    bool any = mqtt_props_size(props) != 0;

    if (version != MQTT_5 || (code == 0 && !any))
        return;
    wire_put_u8(w, code);
    if (any)
        put_props(w, version, props);
}

static void put_ack(struct wire_writer *w, enum mqtt_version version,
                    const struct mqtt_packet *packet)
{
    wire_put_u16(w, packet->ack.packet_id);
    put_reason(w, version, packet->ack.reason_code, &packet->ack.props);
}

static void put_disconnect(struct wire_writer *w, enum mqtt_version version,
                           const struct mqtt_packet *packet)
{
    put_reason(w, version, packet->reason.reason_code, &packet->reason.props);
}

static void put_subscribe(struct wire_writer *w, enum mqtt_version version,
                          const struct mqtt_packet *packet)
{
    wire_put_u16(w, packet->subscribe.packet_id);
    put_props(w, version, &packet->subscribe.props);
    wire_put_bytes(w, packet->subscribe.entries);
}

static void put_suback(struct wire_writer *w, enum mqtt_version version,
                       const struct mqtt_packet *packet)
{
    wire_put_u16(w, packet->suback.packet_id);
    put_props(w, version, &packet->suback.props);
    if (version == MQTT_5 || packet->type == MQTT_TYPE_SUBACK)
        wire_put_bytes(w, packet->suback.codes);
}

static void put_nothing(struct wire_writer *w, enum mqtt_version version,
                        const struct mqtt_packet *packet)
{
    (void)w;
    (void)version;
    (void)packet;
}

/* PUBLISH has its own way, below. */
static void (*const bodies[MQTT_TYPE_COUNT])(struct wire_writer *, enum mqtt_version,
                                             const struct mqtt_packet *) = {
    [MQTT_TYPE_CONNECT] = put_connect,
    [MQTT_TYPE_CONNACK] = put_connack,
    [MQTT_TYPE_PUBACK] = put_ack,
    [MQTT_TYPE_PUBREC] = put_ack,
    [MQTT_TYPE_PUBREL] = put_ack,
    [MQTT_TYPE_PUBCOMP] = put_ack,
    [MQTT_TYPE_SUBSCRIBE] = put_subscribe,
    [MQTT_TYPE_SUBACK] = put_suback,
    [MQTT_TYPE_UNSUBSCRIBE] = put_subscribe,
    [MQTT_TYPE_UNSUBACK] = put_suback,
    [MQTT_TYPE_PINGREQ] = put_nothing,
    [MQTT_TYPE_PINGRESP] = put_nothing,
    [MQTT_TYPE_DISCONNECT] = put_disconnect,
    [MQTT_TYPE_AUTH] = put_disconnect,
};

static uint8_t first_byte(enum mqtt_type type, unsigned flags)
{
    return (uint8_t)((unsigned)type << 4 | flags);
}

bool mqtt_encode(struct buf *out, enum mqtt_version version, const struct mqtt_packet *packet)
{
    struct wire_writer w = {0};
    enum mqtt_type type = packet->type;

    if (type == MQTT_TYPE_PUBLISH)
        return mqtt_encode_publish(out, version, &packet->publish.message,
                                   packet->publish.packet_id);
    if (type == MQTT_TYPE_CONNECT)
        version = packet->connect.version;
    bodies[type](&w, version, packet);
    if (w.bad || !open_packet(out, first_byte(type, mqtt_type_flags(type)), w.size, &w))
        return false;
    bodies[type](&w, version, packet);
    return true;
}

bool mqtt_encode_publish(struct buf *out, enum mqtt_version version,
                         const struct mqtt_message *message, uint16_t packet_id)
{
    size_t props = version == MQTT_5 ? mqtt_props_size(&message->props) : 0;
    size_t size = 2 + message->topic.len + (message->qos > 0 ? 2 : 0) + message->payload.len;
    unsigned flags = (message->qos & 3u) << 1 | (message->retain ? PUBLISH_RETAIN : 0) |
                     (message->dup ? PUBLISH_DUP : 0);
    struct wire_writer w;

    if (message->topic.len > WIRE_STRING_MAX || props > WIRE_VARINT_MAX)
        return false;
    if (version == MQTT_5)
        size += wire_varint_size(props) + props;
    if (!open_packet(out, first_byte(MQTT_TYPE_PUBLISH, flags), size, &w))
        return false;
    wire_put_string(&w, message->topic);
    if (message->qos > 0)
        wire_put_u16(&w, packet_id);
    if (version == MQTT_5)
        wire_put_varint(&w, props);
    if (props != 0)
        w.at = mqtt_props_write(&message->props, w.at);
    wire_put_bytes(&w, message->payload);
    return true;
}

bool mqtt_encode_ack(struct buf *out, enum mqtt_version version, enum mqtt_type type,
                     uint16_t packet_id, uint8_t reason_code)
{
    bool with_reason = version == MQTT_5 && reason_code != 0;
    struct wire_writer w;

    if (!open_packet(out, first_byte(type, mqtt_type_flags(type)), with_reason ? 3 : 2, &w))
        return false;
    wire_put_u16(&w, packet_id);
    if (with_reason)
        wire_put_u8(&w, reason_code);
    return true;
}

bool mqtt_encode_pingreq(struct buf *out)
{
    struct wire_writer w;

    return open_packet(out, first_byte(MQTT_TYPE_PINGREQ, 0), 0, &w);
}

static uint8_t options_of(const struct mqtt_subscription *s)
{
    return (uint8_t)((s->qos & 3u) | (s->no_local ? SUBSCRIBE_NO_LOCAL : 0) |
                     (s->retain_as_published ? SUBSCRIBE_RETAIN : 0) |
                     (s->retain_handling & 3u) << 4);
}

static void put_filters(struct wire_writer *w, enum mqtt_version version,
                        const struct mqtt_filter *filters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mqtt_subscription s = {.qos = filters[i].qos};
        if (version == MQTT_5) {
            s.no_local = filters[i].no_local;
            s.retain_as_published = filters[i].retain_as_published;
            s.retain_handling = filters[i].retain_handling;
        }
        wire_put_string(w, filters[i].filter);
        wire_put_u8(w, options_of(&s));
    }
}

bool mqtt_encode_subscribe(struct buf *out, enum mqtt_version version, uint16_t packet_id,
                           const struct mqtt_props *props, const struct mqtt_filter *filters,
                           size_t count)
{
    struct mqtt_packet head = {.type = MQTT_TYPE_SUBSCRIBE};
    struct wire_writer w = {0};

    head.subscribe.packet_id = packet_id;
    head.subscribe.props = props != NULL ? *props : no_props;
    put_subscribe(&w, version, &head);
    put_filters(&w, version, filters, count);
    if (w.bad || !open_packet(out, first_byte(MQTT_TYPE_SUBSCRIBE, 2), w.size, &w))
        return false;
    put_subscribe(&w, version, &head);
    put_filters(&w, version, filters, count);
    return true;
}

bool mqtt_encode_disconnect(struct buf *out, enum mqtt_version version, uint8_t reason_code)
{
    struct mqtt_packet packet = {.type = MQTT_TYPE_DISCONNECT};

    packet.reason.reason_code = reason_code;
    return mqtt_encode(out, version, &packet);
}

bool mqtt_subscription_add(struct buf *entries, enum mqtt_type type,
                           const struct mqtt_subscription *s)
{
    bool with_options = type == MQTT_TYPE_SUBSCRIBE;
    size_t size = 2 + s->filter.len + (with_options ? 1 : 0);

    if (s->filter.len > WIRE_STRING_MAX)
        return false;
    uint8_t *at = buf_reserve(entries, size);
    if (at == NULL)
        return false;
    buf_commit(entries, size);
    struct wire_writer w = {.at = at};
    wire_put_string(&w, s->filter);
    if (with_options)
        wire_put_u8(&w, options_of(s));
    return true;
}
