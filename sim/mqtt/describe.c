#include "mqtt/describe.h"

#include "base/json.h"
#include "mqtt/codec.h"

/* Bytes that take as much room in hexadecimal as the longest text. */
#define HEX_MAX (MQTT_DESCRIBE_PAYLOAD_MAX / 2)

static void put_hex(struct buf *out, struct slice s)
{
    static const char digits[] = "0123456789abcdef";

    buf_append_str(out, "0x");
    for (size_t i = 0; i < s.len && i < HEX_MAX; i++) {
        char pair[2] = {digits[s.data[i] >> 4], digits[s.data[i] & 15]};
        buf_append(out, pair, sizeof pair);
    }
    if (s.len > HEX_MAX)
        buf_append_str(out, "…");
}

/* C0, DEL, or the second byte of C1. */
static bool is_control(struct slice s, size_t i)
{
    uint8_t c = s.data[i];

    return c < 0x20 || c == 0x7f || (c < 0xa0 && c >= 0x80 && i > 0 && s.data[i - 1] == 0xc2);
}

static void put_control(struct buf *out, struct slice s, size_t i)
{
    switch (s.data[i]) {
    case '\n':
        buf_append_str(out, "\\n");
        break;
    case '\r':
        buf_append_str(out, "\\r");
        break;
    case '\t':
        buf_append_str(out, "\\t");
        break;
    default:
        buf_printf(out, "\\x%02x", s.data[i]);
        break;
    }
}

/* Valid UTF-8, shortened between characters, controls escaped. The lead byte of a C1 control stays
   back until it is known that none follows. */
static void put_text_of(struct buf *out, struct slice s, bool cut)
{
    size_t len = s.len, done = 0;

    if (len > MQTT_DESCRIBE_PAYLOAD_MAX) {
        len = MQTT_DESCRIBE_PAYLOAD_MAX;
        while (len > 0 && (s.data[len] & 0xc0) == 0x80)
            len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_control(s, i))
            continue;
        size_t plain = s.data[i] >= 0x80 ? i - 1 : i;
        buf_append(out, s.data + done, plain - done);
        put_control(out, s, i);
        done = i + 1;
    }
    if (done < len)
        buf_append(out, s.data + done, len - done);
    if (cut || len < s.len)
        buf_append_str(out, "…");
}

static void put_text(struct buf *out, struct slice s)
{
    put_text_of(out, s, false);
}

bool mqtt_is_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_control(s, i) && s.data[i] != '\n' && s.data[i] != '\r' && s.data[i] != '\t')
            return false;
    return json_is_utf8(s);
}

/* Its first bytes are there, of `size`. */
static void put_payload(struct buf *out, struct slice s, size_t size)
{
    if (s.len == 0)
        return;
    buf_append_str(out, " ");
    if (mqtt_is_printable(s))
        put_text_of(out, s, s.len < size);
    else
        put_hex(out, s);
}

static void put_field(struct buf *out, const char *name, struct slice text)
{
    buf_printf(out, " %s=", name);
    put_text(out, text);
}

static void put_prop(struct buf *out, enum mqtt_prop id, const struct mqtt_prop_value *v)
{
    buf_append_str(out, mqtt_prop_name(id));
    if (id == MQTT_PROP_AUTHENTICATION_DATA)
        buf_printf(out, "=(%zu B)", v->text.len);
    else if (v->kind == MQTT_PROP_NUMBER)
        buf_printf(out, "=%u", (unsigned)v->number);
    else {
        buf_append_str(out, "=");
        if (v->kind == MQTT_PROP_TEXT || mqtt_is_printable(v->text))
            put_text(out, v->text);
        else
            put_hex(out, v->text);
    }
}

static void put_props(struct buf *out, const struct mqtt_props *p)
{
    struct slice rest = p->user, name, value;
    struct mqtt_prop_value v;
    const char *before = " [";

    for (unsigned id = 0; id < MQTT_PROP_COUNT; id++) {
        if (!mqtt_props_get(p, (enum mqtt_prop)id, &v))
            continue;
        buf_append_str(out, before);
        put_prop(out, (enum mqtt_prop)id, &v);
        before = ", ";
    }
    while (mqtt_props_user_next(&rest, &name, &value)) {
        buf_append_str(out, before);
        put_text(out, name);
        buf_append_str(out, ": ");
        put_text(out, value);
        before = ", ";
    }
    if (before[0] == ',')
        buf_append_str(out, "]");
}

static void put_code(struct buf *out, enum mqtt_type type, uint8_t code)
{
    buf_printf(out, " code=0x%02x %s", code, mqtt_reason_name_in(type, code));
}

/* Token-based custom authorizers put their secrets behind a '?' in the user name. */
static void put_username(struct buf *out, struct slice name)
{
    const uint8_t *mark = name.len != 0 ? memchr(name.data, '?', name.len) : NULL;

    if (name.data == NULL)
        return;
    put_field(out, "user", mark != NULL ? slice_of(name.data, (size_t)(mark - name.data)) : name);
    if (mark != NULL)
        buf_append_str(out, "?…");
}

static void put_will(struct buf *out, const struct mqtt_will *will)
{
    buf_printf(out, " will=q%u%s ", will->message.qos, will->message.retain ? " retain" : "");
    put_text(out, will->message.topic);
    put_props(out, &will->message.props);
    put_payload(out, will->message.payload, will->message.payload.len);
}

static void describe_connect(struct buf *out, enum mqtt_version version,
                             const struct mqtt_packet *packet)
{
    const struct mqtt_packet_connect *c = &packet->connect;

    (void)version;
    buf_append_str(out, c->version == MQTT_5 ? " v5" : " v3.1.1");
    put_field(out, "client", c->client_id);
    buf_printf(out, " clean=%d keep-alive=%u", c->clean_start, c->keep_alive_s);
    put_username(out, c->username);
    if (c->password.data != NULL)
        buf_append_str(out, " password=(hidden)");
    put_props(out, &c->props);
    if (c->has_will)
        put_will(out, &c->will);
}

static void describe_connack(struct buf *out, enum mqtt_version version,
                             const struct mqtt_packet *packet)
{
    const struct mqtt_packet_connack *c = &packet->connack;

    buf_printf(out, " session-present=%d", c->session_present);
    if (version == MQTT_5)
        put_code(out, packet->type, c->reason_code);
    else
        buf_printf(out, " code=0x%02x %s", c->reason_code, mqtt_return_name(c->reason_code));
    put_props(out, &c->props);
}

static void describe_publish(struct buf *out, const struct mqtt_packet *packet, size_t size)
{
    const struct mqtt_message *m = &packet->publish.message;

    buf_printf(out, " q%u", m->qos);
    if (m->qos > 0)
        buf_printf(out, " id=%u", packet->publish.packet_id);
    buf_printf(out, "%s%s ", m->dup ? " dup" : "", m->retain ? " retain" : "");
    put_text(out, m->topic);
    put_props(out, &m->props);
    put_payload(out, m->payload, size);
    buf_printf(out, " (%zu B)", size);
}

static void describe_ack(struct buf *out, enum mqtt_version version,
                         const struct mqtt_packet *packet)
{
    (void)version;
    buf_printf(out, " id=%u", packet->ack.packet_id);
    if (packet->ack.reason_code != 0)
        put_code(out, packet->type, packet->ack.reason_code);
    put_props(out, &packet->ack.props);
}

static void describe_subscribe(struct buf *out, enum mqtt_version version,
                               const struct mqtt_packet *packet)
{
    struct slice rest = packet->subscribe.entries;
    struct mqtt_subscription s;
    const char *before = " ";

    (void)version;
    buf_printf(out, " id=%u", packet->subscribe.packet_id);
    put_props(out, &packet->subscribe.props);
    while (mqtt_subscription_next(&rest, packet->type, &s)) {
        buf_append_str(out, before);
        put_text(out, s.filter);
        before = ", ";
        if (packet->type != MQTT_TYPE_SUBSCRIBE)
            continue;
        buf_printf(out, " q%u%s%s", s.qos, s.no_local ? " no-local" : "",
                   s.retain_as_published ? " retain-as-published" : "");
        if (s.retain_handling != 0)
            buf_printf(out, " retain-handling=%u", s.retain_handling);
    }
}

static void describe_suback(struct buf *out, enum mqtt_version version,
                            const struct mqtt_packet *packet)
{
    const struct mqtt_packet_suback *s = &packet->suback;

    buf_printf(out, " id=%u", s->packet_id);
    put_props(out, &s->props);
    for (size_t i = 0; i < s->codes.len && !out->overflow; i++) {
        uint8_t code = s->codes.data[i];
        const char *name = mqtt_reason_name_in(packet->type, code);
        if (version != MQTT_5 && code == MQTT_REASON_UNSPECIFIED_ERROR)
            name = "Failure";
        buf_printf(out, "%s0x%02x %s", i == 0 ? " " : ", ", code, name);
    }
}

static void describe_reason(struct buf *out, enum mqtt_version version,
                            const struct mqtt_packet *packet)
{
    if (version != MQTT_5)
        return;
    put_code(out, packet->type, packet->reason.reason_code);
    put_props(out, &packet->reason.props);
}

static void describe_nothing(struct buf *out, enum mqtt_version version,
                             const struct mqtt_packet *packet)
{
    (void)out;
    (void)version;
    (void)packet;
}

static void (*const describers[MQTT_TYPE_COUNT])(struct buf *, enum mqtt_version,
                                                 const struct mqtt_packet *) = {
    [MQTT_TYPE_CONNECT] = describe_connect,
    [MQTT_TYPE_CONNACK] = describe_connack,
    [MQTT_TYPE_PUBACK] = describe_ack,
    [MQTT_TYPE_PUBREC] = describe_ack,
    [MQTT_TYPE_PUBREL] = describe_ack,
    [MQTT_TYPE_PUBCOMP] = describe_ack,
    [MQTT_TYPE_SUBSCRIBE] = describe_subscribe,
    [MQTT_TYPE_SUBACK] = describe_suback,
    [MQTT_TYPE_UNSUBSCRIBE] = describe_subscribe,
    [MQTT_TYPE_UNSUBACK] = describe_suback,
    [MQTT_TYPE_PINGREQ] = describe_nothing,
    [MQTT_TYPE_PINGRESP] = describe_nothing,
    [MQTT_TYPE_DISCONNECT] = describe_reason,
    [MQTT_TYPE_AUTH] = describe_reason,
};

/* The bytes of a packet that may hold secrets stay hidden even if it is broken. */
static void describe_broken(struct buf *out, struct slice packet, uint8_t code, const char *why)
{
    enum mqtt_type type = packet.len > 0 ? mqtt_type_of(packet.data[0]) : (enum mqtt_type)0;

    buf_printf(out, "%s broken: %s (0x%02x %s)", mqtt_type_name(type), why, code,
               mqtt_reason_name(code));
    if (packet.len > 0 && type != MQTT_TYPE_CONNECT && type != MQTT_TYPE_AUTH) {
        buf_append_str(out, " ");
        put_hex(out, packet);
    }
    buf_printf(out, " (%zu B)", packet.len);
}

void mqtt_describer_done(struct mqtt_describer *d)
{
    alias_table_free(d->in);
    alias_table_free(d->out);
    *d = (struct mqtt_describer){0};
}

/* One that stands for nothing is shown as it came. */
static void resolve(struct mqtt_describer *d, bool outgoing, struct mqtt_packet *packet)
{
    struct mqtt_message *m = &packet->publish.message;
    const char *why;

    if (packet->type == MQTT_TYPE_CONNECT)
        mqtt_describer_done(d);
    else if (packet->type == MQTT_TYPE_PUBLISH && mqtt_props_has(&m->props, MQTT_PROP_TOPIC_ALIAS))
        alias_resolve(outgoing ? &d->out : &d->in, m->props.topic_alias, &m->topic, &why);
}

bool mqtt_describe(struct slice packet, enum mqtt_version version, struct buf *out)
{
    return mqtt_describe_next(NULL, false, packet, version, out);
}

uint8_t mqtt_describer_decode(struct mqtt_describer *d, bool outgoing, struct slice packet,
                              enum mqtt_version version, struct mqtt_packet *ret,
                              const char **ret_why)
{
    uint8_t code = mqtt_decode(packet, version, ret, ret_why);

    if (code == 0 && d != NULL)
        resolve(d, outgoing, ret);
    return code;
}

void mqtt_describe_decoded(const struct mqtt_packet *packet, enum mqtt_version version,
                           size_t payload_size, struct buf *out)
{
    buf_append_str(out, mqtt_type_name(packet->type));
    if (packet->type == MQTT_TYPE_PUBLISH)
        describe_publish(out, packet, payload_size);
    else
        describers[packet->type](out, version, packet);
}

bool mqtt_describe_next(struct mqtt_describer *d, bool outgoing, struct slice packet,
                        enum mqtt_version version, struct buf *out)
{
    struct mqtt_packet decoded;
    const char *why = NULL;
    uint8_t code = mqtt_describer_decode(d, outgoing, packet, version, &decoded, &why);

    if (code != 0)
        describe_broken(out, packet, code, why);
    else
        mqtt_describe_decoded(
            &decoded, version,
            decoded.type == MQTT_TYPE_PUBLISH ? decoded.publish.message.payload.len : 0, out);
    return !out->overflow;
}
