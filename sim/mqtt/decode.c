#include "mqtt/codec.h"

#include "mqtt/topic.h"
#include "mqtt/wire.h"

const char *mqtt_decode_name(enum mqtt_decode outcome)
{
    static const char *const names[] = {"ok", "need more", "malformed", "too large"};
    unsigned i = (unsigned)outcome;

    return i < MQTT_DECODE_COUNT ? names[i] : "unknown";
}

enum mqtt_decode mqtt_decode_frame(const uint8_t *data, size_t len, size_t max_packet,
                                   size_t *ret_total)
{
    size_t remaining = 0, at = 1;

    if (len > 0 && !mqtt_type_first_byte_ok(data[0]))
        return MQTT_DECODE_MALFORMED;
    for (unsigned shift = 0; at < len; shift += 7) {
        uint8_t byte = data[at++];
        remaining |= (size_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) != 0 && shift == 21)
            return MQTT_DECODE_MALFORMED;
        if ((byte & 0x80) != 0)
            continue;
        size_t total = at + remaining;
        if (total > max_packet)
            return MQTT_DECODE_TOO_LARGE;
        *ret_total = total;
        return len < total ? MQTT_DECODE_NEED_MORE : MQTT_DECODE_OK;
    }
    *ret_total = len < 2 ? 2 : len + 1;
    return MQTT_DECODE_NEED_MORE;
}

struct decoder {
    struct wire_reader r;
    enum mqtt_version version;
    uint8_t flags;
    uint8_t code; /* of the first breach, or 0 */
    const char *why;
};

static void breach(struct decoder *d, enum mqtt_reason code, const char *why)
{
    if (d->code != 0)
        return;
    d->code = (uint8_t)code;
    d->why = why;
}

static void malformed(struct decoder *d, const char *why)
{
    breach(d, MQTT_REASON_MALFORMED_PACKET, why);
}

static void protocol_error(struct decoder *d, const char *why)
{
    breach(d, MQTT_REASON_PROTOCOL_ERROR, why);
}

static struct slice take_rest(struct decoder *d)
{
    return wire_take(&d->r, wire_left(&d->r));
}

static void take_props(struct decoder *d, enum mqtt_type where, struct mqtt_props *ret)
{
    const char *why = NULL;

    *ret = (struct mqtt_props){0};
    if (d->version != MQTT_5)
        return;
    struct slice bytes = wire_take(&d->r, wire_get_varint(&d->r));
    if (bytes.len == 0)
        return;
    uint8_t code = mqtt_props_read(bytes, where, ret, &why);
    if (code != 0)
        breach(d, (enum mqtt_reason)code, why);
}

static uint16_t take_packet_id(struct decoder *d)
{
    uint16_t id = wire_get_u16(&d->r);

    if (id == 0)
        protocol_error(d, "the packet identifier is 0"); /* MQTT-2.2.1-3, -4 */
    return id;
}

static void check_reason(struct decoder *d, enum mqtt_type type, uint8_t code)
{
    if (!mqtt_reason_allowed(type, code))
        protocol_error(d, "the reason code does not belong in this packet");
}

static void decode_will(struct decoder *d, uint8_t flags, struct mqtt_will *ret)
{
    struct mqtt_message *m = &ret->message;

    *ret = (struct mqtt_will){0};
    m->qos = (uint8_t)((flags & CONNECT_QOS) >> 3);
    m->retain = (flags & CONNECT_RETAIN) != 0;
    if (m->qos > 2)
        malformed(d, "the QoS of the will is 3"); /* MQTT-3.1.2-12 */
    take_props(d, MQTT_PROPS_WILL, &m->props);
    ret->delay_s = m->props.will_delay_interval;
    m->topic = wire_get_binary(&d->r);
    if (!mqtt_topic_name_valid(m->topic))
        malformed(d, "the topic of the will is no topic name");
    m->payload = wire_get_binary(&d->r);
}

static void check_connect_flags(struct decoder *d, uint8_t flags)
{
    if ((flags & 1) != 0)
        malformed(d, "the reserved flag of CONNECT is set"); /* MQTT-3.1.2-3 */
    if ((flags & CONNECT_WILL) == 0 && (flags & (CONNECT_QOS | CONNECT_RETAIN)) != 0)
        malformed(d, "CONNECT has a QoS or retain flag for a will that is not there");
    /* MQTT 3.1.1: MQTT-3.1.2-22. */
    if (d->version != MQTT_5 && (flags & CONNECT_USERNAME) == 0 && (flags & CONNECT_PASSWORD) != 0)
        malformed(d, "CONNECT has a password without a user name");
}

static void decode_connect(struct decoder *d, struct mqtt_packet *ret)
{
    struct mqtt_packet_connect *c = &ret->connect;
    struct slice name = wire_get_binary(&d->r);
    uint8_t level = wire_get_u8(&d->r);

    *c = (struct mqtt_packet_connect){0};
    if (!slice_is(name, "MQTT") || (level != MQTT_3_1_1 && level != MQTT_5)) {
        breach(d, MQTT_REASON_UNSUPPORTED_PROTOCOL_VERSION,
               "CONNECT asks for a protocol that is neither MQTT 3.1.1 nor MQTT 5");
        return;
    }
    c->version = d->version = (enum mqtt_version)level;
    uint8_t flags = wire_get_u8(&d->r);
    check_connect_flags(d, flags);
    c->clean_start = (flags & CONNECT_CLEAN) != 0;
    c->keep_alive_s = wire_get_u16(&d->r);
    take_props(d, MQTT_TYPE_CONNECT, &c->props);
    c->client_id = wire_get_text(&d->r);
    if (d->version != MQTT_5 && c->client_id.len == 0 && !c->clean_start)
        breach(d, MQTT_REASON_CLIENT_IDENTIFIER_NOT_VALID,
               "the client identifier is empty, but the session is to be kept"); /* 3.1.1:
                                                                                    MQTT-3.1.3-8 */
    c->has_will = (flags & CONNECT_WILL) != 0;
    if (c->has_will)
        decode_will(d, flags, &c->will);
    if ((flags & CONNECT_USERNAME) != 0)
        c->username = wire_get_text(&d->r);
    if ((flags & CONNECT_PASSWORD) != 0)
        c->password = wire_get_binary(&d->r);
}

static void decode_connack(struct decoder *d, struct mqtt_packet *ret)
{
    struct mqtt_packet_connack *c = &ret->connack;
    uint8_t flags = wire_get_u8(&d->r);

    c->session_present = (flags & 1) != 0;
    c->reason_code = wire_get_u8(&d->r);
    if ((flags & 0xfe) != 0)
        malformed(d, "reserved flags of CONNACK are set"); /* MQTT-3.2.2-1 */
    if (c->session_present && c->reason_code != 0)
        protocol_error(d, "CONNACK refuses and yet has a session"); /* MQTT-3.2.2-6 */
    c->props = (struct mqtt_props){0};
    if (d->version == MQTT_5 && d->r.why == NULL && wire_left(&d->r) == 0) {
        malformed(d, "the server answers CONNECT in MQTT 3.1.1, not 5");
        return;
    }
    if (d->version == MQTT_5) {
        check_reason(d, MQTT_TYPE_CONNACK, c->reason_code);
    } else if (c->reason_code > 5) {
        protocol_error(d, "the return code of CONNACK is reserved");
    }
    take_props(d, MQTT_TYPE_CONNACK, &c->props);
}

static void decode_publish(struct decoder *d, struct mqtt_packet *ret)
{
    struct mqtt_packet_publish *p = &ret->publish;
    struct mqtt_message *m = &p->message;

    m->retain = (d->flags & PUBLISH_RETAIN) != 0;
    m->qos = (uint8_t)(d->flags >> 1 & 3);
    m->dup = (d->flags & PUBLISH_DUP) != 0;
    if (m->qos > 2)
        malformed(d, "the QoS of PUBLISH is 3"); /* MQTT-3.3.1-4 */
    if (m->dup && m->qos == 0)
        malformed(d, "PUBLISH with QoS 0 claims to be a repetition"); /* MQTT-3.3.1-2 */
    m->topic = wire_get_binary(&d->r);
    p->packet_id = m->qos > 0 ? take_packet_id(d) : 0;
    take_props(d, MQTT_TYPE_PUBLISH, &m->props);
    if (m->topic.len == 0 && d->version == MQTT_5) {
        if (!mqtt_props_has(&m->props, MQTT_PROP_TOPIC_ALIAS))
            protocol_error(d, "PUBLISH has neither a topic nor a topic alias"); /* 3.3.2.1 */
    } else if (!mqtt_topic_name_valid(m->topic)) {
        malformed(d, "the topic of PUBLISH is no topic name"); /* MQTT-3.3.2-1, -2 */
    }
    m->payload = take_rest(d);
}

/* The reason code may be left out if it is 0 and no properties follow, the properties whenever
   there are none (3.4.2.1, 3.14.2.1). */
static void take_reason(struct decoder *d, enum mqtt_type type, uint8_t *ret_code,
                        struct mqtt_props *ret)
{
    *ret_code = 0;
    *ret = (struct mqtt_props){0};
    if (d->version != MQTT_5 || wire_left(&d->r) == 0)
        return;
    *ret_code = wire_get_u8(&d->r);
    check_reason(d, type, *ret_code);
    if (wire_left(&d->r) > 0)
        take_props(d, type, ret);
}

static void decode_ack(struct decoder *d, struct mqtt_packet *ret)
{
    ret->ack.packet_id = take_packet_id(d);
    take_reason(d, ret->type, &ret->ack.reason_code, &ret->ack.props);
}

static void decode_reason(struct decoder *d, struct mqtt_packet *ret)
{
    struct mqtt_packet_reason *r = &ret->reason;

    if (ret->type == MQTT_TYPE_AUTH && d->version != MQTT_5) {
        malformed(d, "MQTT 3.1.1 has no AUTH");
        return;
    }
    take_reason(d, ret->type, &r->reason_code, &r->props);
    if (ret->type == MQTT_TYPE_AUTH && r->reason_code != 0 &&
        !mqtt_props_has(&r->props, MQTT_PROP_AUTHENTICATION_METHOD))
        protocol_error(d, "AUTH without Authentication Method"); /* 3.15.2.2.2 */
}

static void check_options(struct decoder *d, struct slice filter, uint8_t options)
{
    if ((options & (d->version == MQTT_5 ? 0xc0 : 0xfc)) != 0)
        malformed(d, "reserved subscription options are set"); /* MQTT-3.8.3-5 */
    if ((options & SUBSCRIBE_QOS) == 3)
        protocol_error(d, "SUBSCRIBE asks for QoS 3");
    if ((options >> 4 & 3) == 3)
        protocol_error(d, "SUBSCRIBE asks for retain handling 3");
    if ((options & SUBSCRIBE_NO_LOCAL) != 0 && filter.len >= 7 &&
        memcmp(filter.data, "$share/", 7) == 0)
        protocol_error(d, "No Local on a shared subscription"); /* MQTT-3.8.3-4 */
}

static void decode_subscribe(struct decoder *d, struct mqtt_packet *ret)
{
    struct mqtt_packet_subscribe *s = &ret->subscribe;

    s->packet_id = take_packet_id(d);
    take_props(d, ret->type, &s->props);
    s->entries = slice_of(d->r.at, wire_left(&d->r));
    if (s->entries.len == 0)
        protocol_error(d, "the packet has no topic filter"); /* MQTT-3.8.3-2, MQTT-3.10.3-2 */
    while (wire_left(&d->r) > 0 && d->code == 0) {
        struct slice filter = wire_get_binary(&d->r);
        if (!mqtt_topic_filter_valid(filter))
            malformed(d, "a topic filter is none");
        if (ret->type == MQTT_TYPE_SUBSCRIBE)
            check_options(d, filter, wire_get_u8(&d->r));
    }
}

static void decode_suback(struct decoder *d, struct mqtt_packet *ret)
{
    struct mqtt_packet_suback *s = &ret->suback;
    bool v5 = d->version == MQTT_5;

    s->packet_id = take_packet_id(d);
    take_props(d, ret->type, &s->props);
    s->codes = slice_of(NULL, 0);
    if (!v5 && ret->type == MQTT_TYPE_UNSUBACK)
        return;
    s->codes = take_rest(d);
    if (s->codes.len == 0)
        protocol_error(d, "the packet has no reason code");
    for (size_t i = 0; i < s->codes.len; i++) {
        uint8_t code = s->codes.data[i];
        if (v5)
            check_reason(d, ret->type, code);
        else if (code > 2 && code != 0x80) /* MQTT 3.1.1: MQTT-3.9.3-2 */
            protocol_error(d, "a return code of SUBACK is reserved");
    }
}

static void decode_nothing(struct decoder *d, struct mqtt_packet *ret)
{
    (void)d;
    (void)ret;
}

static void (*const decoders[MQTT_TYPE_COUNT])(struct decoder *, struct mqtt_packet *) = {
    [MQTT_TYPE_CONNECT] = decode_connect,  [MQTT_TYPE_CONNACK] = decode_connack,
    [MQTT_TYPE_PUBLISH] = decode_publish,  [MQTT_TYPE_PUBACK] = decode_ack,
    [MQTT_TYPE_PUBREC] = decode_ack,       [MQTT_TYPE_PUBREL] = decode_ack,
    [MQTT_TYPE_PUBCOMP] = decode_ack,      [MQTT_TYPE_SUBSCRIBE] = decode_subscribe,
    [MQTT_TYPE_SUBACK] = decode_suback,    [MQTT_TYPE_UNSUBSCRIBE] = decode_subscribe,
    [MQTT_TYPE_UNSUBACK] = decode_suback,  [MQTT_TYPE_PINGREQ] = decode_nothing,
    [MQTT_TYPE_PINGRESP] = decode_nothing, [MQTT_TYPE_DISCONNECT] = decode_reason,
    [MQTT_TYPE_AUTH] = decode_reason,
};

uint8_t mqtt_decode(struct slice packet, enum mqtt_version version, struct mqtt_packet *ret,
                    const char **ret_why)
{
    struct decoder d = {.version = version};
    size_t total = 0, header = 2;

    if (mqtt_decode_frame(packet.data, packet.len, SIZE_MAX, &total) != MQTT_DECODE_OK ||
        total != packet.len) {
        *ret_why = "the bytes are not one whole packet";
        return MQTT_REASON_MALFORMED_PACKET;
    }
    while ((packet.data[header - 1] & 0x80) != 0)
        header++;
    d.flags = packet.data[0] & 0x0f;
    d.r = wire_reader_of(slice_of(packet.data + header, packet.len - header));
    ret->type = mqtt_type_of(packet.data[0]);
    decoders[ret->type](&d, ret);

    /* What was read past the end as zeros may have led to a breach that is none. */
    const char *why = d.r.why != NULL ? d.r.why : d.why;
    uint8_t code = d.r.why != NULL ? MQTT_REASON_MALFORMED_PACKET : d.code;
    if (code == 0 && wire_left(&d.r) > 0) {
        code = MQTT_REASON_MALFORMED_PACKET;
        why = "the packet has bytes left over";
    }
    /* MQTT-1.5.5-1; MQTT 3.1.1 has no such clause. */
    if (code == 0 && d.version == MQTT_5 && header != 1 + wire_varint_size(packet.len - header)) {
        code = MQTT_REASON_MALFORMED_PACKET;
        why = "the remaining length is longer than need be";
    }
    if (code != 0)
        *ret_why = why;
    return code;
}

bool mqtt_subscription_next(struct slice *rest, enum mqtt_type type, struct mqtt_subscription *ret)
{
    struct wire_reader r = wire_reader_of(*rest);

    if (rest->len == 0)
        return false;
    struct slice filter = wire_get_binary(&r);
    uint8_t options = type == MQTT_TYPE_SUBSCRIBE ? wire_get_u8(&r) : 0;
    *rest = slice_of(r.at, wire_left(&r));
    if (r.why != NULL)
        return false;
    *ret = (struct mqtt_subscription){
        .filter = filter,
        .qos = options & SUBSCRIBE_QOS,
        .no_local = (options & SUBSCRIBE_NO_LOCAL) != 0,
        .retain_as_published = (options & SUBSCRIBE_RETAIN) != 0,
        .retain_handling = options >> 4 & 3,
    };
    return true;
}
