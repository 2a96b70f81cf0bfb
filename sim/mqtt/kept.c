#include "mqtt/kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "mqtt/codec.h"

/* What a packet may hold besides its payload to be kept as it came. */
#define HEAD_MAX ((size_t)2048)

struct mqtt_kept {
    uint32_t size;      /* of the packet */
    uint32_t kept;      /* of its bytes */
    uint16_t topic_len; /* of the topic that stands before them; 0: it has its own */
    uint8_t version;
    uint8_t bytes[];
};

static size_t to_keep(struct slice packet, const struct mqtt_packet *decoded, size_t payload_max)
{
    size_t payload =
        decoded->type == MQTT_TYPE_PUBLISH ? decoded->publish.message.payload.len : (size_t)0;
    size_t head = packet.len - payload;

    if (head > HEAD_MAX)
        return 0;
    return head + (payload < payload_max ? payload : payload_max);
}

/* The topic, if the packet itself has none. */
static struct slice topic_beside(struct slice packet, const struct mqtt_packet *decoded)
{
    struct slice topic = slice_of(NULL, 0);

    if (decoded->type == MQTT_TYPE_PUBLISH)
        topic = decoded->publish.message.topic;
    bool inside =
        topic.len == 0 || (topic.data >= packet.data && topic.data < packet.data + packet.len);
    return inside ? slice_of(NULL, 0) : topic;
}

struct mqtt_kept *mqtt_keep(struct mqtt_describer *d, bool outgoing, struct slice packet,
                            enum mqtt_version version, size_t payload_max, struct buf *line)
{
    struct mqtt_packet decoded;
    const char *why;

    if (mqtt_describer_decode(d, outgoing, packet, version, &decoded, &why) != 0) {
        mqtt_describe(packet, version, line);
        return NULL;
    }
    size_t kept = to_keep(packet, &decoded, payload_max);
    struct slice topic = topic_beside(packet, &decoded);
    if (kept == 0 || topic.len > HEAD_MAX || packet.len > UINT32_MAX) {
        mqtt_describe_decoded(
            &decoded, version,
            decoded.type == MQTT_TYPE_PUBLISH ? decoded.publish.message.payload.len : 0, line);
        return NULL;
    }
    struct mqtt_kept *k = xmalloc(sizeof *k + topic.len + kept);
    k->size = (uint32_t)packet.len;
    k->kept = (uint32_t)kept;
    k->topic_len = (uint16_t)topic.len;
    k->version = (uint8_t)version;
    if (topic.len > 0)
        memcpy(k->bytes, topic.data, topic.len);
    memcpy(k->bytes + topic.len, packet.data, kept);
    return k;
}

size_t mqtt_kept_size(const struct mqtt_kept *k)
{
    return sizeof *k + k->topic_len + k->kept;
}

/* The length of the payload that is there, without a character that was cut. */
static size_t whole_characters(struct slice payload)
{
    size_t whole = json_utf8_prefix(payload);

    return payload.len - whole < 4 ? whole : payload.len;
}

/* Decodes it again; `room` holds what `decoded` points into. Returns the true length of the
   payload. */
static size_t reopen(const struct mqtt_kept *k, uint8_t **room, struct mqtt_packet *decoded)
{
    const char *why;

    /* What is missing decodes as zeros. */
    *room = xcalloc(1, k->size);
    memcpy(*room, k->bytes + k->topic_len, k->kept);
    mqtt_decode(slice_of(*room, k->size), (enum mqtt_version)k->version, decoded, &why);
    if (decoded->type != MQTT_TYPE_PUBLISH)
        return 0;
    struct mqtt_message *m = &decoded->publish.message;
    size_t payload = m->payload.len;
    if (k->topic_len > 0)
        m->topic = slice_of(k->bytes, k->topic_len);
    if (k->kept < k->size) {
        m->payload.len -= k->size - k->kept;
        m->payload.len = whole_characters(m->payload);
    }
    return payload;
}

void mqtt_kept_describe(const struct mqtt_kept *k, struct buf *out)
{
    struct mqtt_packet decoded;
    uint8_t *room;
    size_t payload = reopen(k, &room, &decoded);

    mqtt_describe_decoded(&decoded, (enum mqtt_version)k->version, payload, out);
    free(room);
}

/* ---- field by field ---- */

static void add_bytes(cJSON *object, const char *name, const char *hex_name, struct slice s)
{
    static const char digits[] = "0123456789abcdef";
    bool text = mqtt_is_printable(s);
    size_t len = text ? s.len : 2 * s.len;
    char *copy = xmalloc(len + 1);

    if (text && s.len > 0)
        memcpy(copy, s.data, s.len);
    for (size_t i = 0; !text && i < s.len; i++) {
        copy[2 * i] = digits[s.data[i] >> 4];
        copy[2 * i + 1] = digits[s.data[i] & 15];
    }
    copy[len] = '\0';
    cJSON_AddStringToObject(object, text ? name : hex_name, copy);
    free(copy);
}

/* Texts that are no payload: binary ones get a 0x in front. */
static void add_text(cJSON *object, const char *name, struct slice s)
{
    cJSON *holder = cJSON_CreateObject();

    add_bytes(holder, "text", "hex", s);
    const char *hex = json_str(holder, "hex", NULL);
    char *prefixed = hex != NULL ? xasprintf("0x%s", hex) : NULL;
    cJSON_AddStringToObject(object, name, hex != NULL ? prefixed : json_str(holder, "text", ""));
    free(prefixed);
    cJSON_Delete(holder);
}

static void add_props(cJSON *object, const char *name, const struct mqtt_props *p)
{
    cJSON *all = cJSON_CreateObject();
    struct slice rest = p->user, key, value;
    struct mqtt_prop_value v;

    for (unsigned id = 0; id < MQTT_PROP_COUNT; id++) {
        if (!mqtt_props_get(p, (enum mqtt_prop)id, &v))
            continue;
        const char *title = mqtt_prop_name((enum mqtt_prop)id);
        if (id == MQTT_PROP_AUTHENTICATION_DATA)
            cJSON_AddStringToObject(all, title, "(hidden)");
        else if (v.kind == MQTT_PROP_NUMBER)
            cJSON_AddNumberToObject(all, title, v.number);
        else
            add_text(all, title, v.text);
    }
    while (mqtt_props_user_next(&rest, &key, &value)) {
        char *title = xstrndup(key.len != 0 ? (const char *)key.data : "", key.len);
        add_text(all, title, value);
        free(title);
    }
    if (all->child != NULL)
        cJSON_AddItemToObject(object, name, all);
    else
        cJSON_Delete(all);
}

static void add_code(cJSON *object, cJSON *fields, enum mqtt_version version, enum mqtt_type type,
                     uint8_t code)
{
    bool connack3 = version != MQTT_5 && type == MQTT_TYPE_CONNACK;
    const char *name = connack3 ? mqtt_return_name(code) : mqtt_reason_name_in(type, code);
    char text[96];

    snprintf(text, sizeof text, "0x%02x %s", code, name);
    cJSON_AddStringToObject(fields, "code", text);
    if (code >= MQTT_REASON_UNSPECIFIED_ERROR || (connack3 && code != 0))
        cJSON_AddTrueToObject(object, "bad");
}

static void add_message(cJSON *object, const struct mqtt_message *m, size_t payload)
{
    add_text(object, "topic", m->topic);
    cJSON_AddNumberToObject(object, "qos", m->qos);
    if (m->dup)
        cJSON_AddTrueToObject(object, "dup");
    if (m->retain)
        cJSON_AddTrueToObject(object, "retain");
    cJSON_AddNumberToObject(object, "bytes", (double)payload);
    if (m->payload.len > 0)
        add_bytes(object, "payload", "hex", m->payload);
    if (m->payload.len < payload)
        cJSON_AddTrueToObject(object, "cut");
    add_props(object, "properties", &m->props);
}

static void add_connect(cJSON *object, cJSON *fields, const struct mqtt_packet_connect *c)
{
    const uint8_t *mark =
        c->username.len != 0 ? memchr(c->username.data, '?', c->username.len) : NULL;

    cJSON_AddStringToObject(fields, "version", c->version == MQTT_5 ? "5" : "3.1.1");
    add_text(fields, "client id", c->client_id);
    cJSON_AddBoolToObject(fields, "clean start", c->clean_start);
    cJSON_AddNumberToObject(fields, "keep alive", c->keep_alive_s);
    /* Token-based custom authorizers put their secrets behind the mark. */
    if (c->username.data != NULL)
        add_text(fields, "user name",
                 mark != NULL ? slice_of(c->username.data, (size_t)(mark - c->username.data))
                              : c->username);
    if (c->password.data != NULL)
        cJSON_AddStringToObject(fields, "password", "(hidden)");
    if (c->has_will)
        add_text(fields, "will topic", c->will.message.topic);
    add_props(object, "properties", &c->props);
}

static void add_filters(cJSON *object, cJSON *fields, const struct mqtt_packet *packet)
{
    struct slice rest = packet->subscribe.entries;
    struct mqtt_subscription s;
    cJSON *filters = cJSON_AddArrayToObject(fields, "filters");

    cJSON_AddNumberToObject(fields, "id", packet->subscribe.packet_id);
    while (mqtt_subscription_next(&rest, packet->type, &s)) {
        cJSON *holder = cJSON_CreateObject();
        add_text(holder, "filter", s.filter);
        cJSON_AddItemToArray(filters, cJSON_DetachItemFromObject(holder, "filter"));
        cJSON_Delete(holder);
    }
    add_props(object, "properties", &packet->subscribe.props);
}

static void add_suback(cJSON *object, cJSON *fields, enum mqtt_type type,
                       const struct mqtt_packet_suback *s)
{
    cJSON *codes = cJSON_AddArrayToObject(fields, "codes");
    bool bad = false;

    cJSON_AddNumberToObject(fields, "id", s->packet_id);
    for (size_t i = 0; i < s->codes.len; i++) {
        uint8_t code = s->codes.data[i];
        char text[96];
        snprintf(text, sizeof text, "0x%02x %s", code, mqtt_reason_name_in(type, code));
        cJSON_AddItemToArray(codes, cJSON_CreateString(text));
        bad = bad || code >= MQTT_REASON_UNSPECIFIED_ERROR;
    }
    if (bad)
        cJSON_AddTrueToObject(object, "bad");
    add_props(object, "properties", &s->props);
}

static void add_fields(const struct mqtt_packet *packet, enum mqtt_version version, cJSON *object,
                       cJSON *fields)
{
    switch (packet->type) {
    case MQTT_TYPE_CONNECT:
        add_connect(object, fields, &packet->connect);
        break;
    case MQTT_TYPE_CONNACK:
        cJSON_AddBoolToObject(fields, "session present", packet->connack.session_present);
        add_code(object, fields, version, packet->type, packet->connack.reason_code);
        add_props(object, "properties", &packet->connack.props);
        break;
    case MQTT_TYPE_PUBACK:
    case MQTT_TYPE_PUBREC:
    case MQTT_TYPE_PUBREL:
    case MQTT_TYPE_PUBCOMP:
        cJSON_AddNumberToObject(fields, "id", packet->ack.packet_id);
        add_code(object, fields, version, packet->type, packet->ack.reason_code);
        add_props(object, "properties", &packet->ack.props);
        break;
    case MQTT_TYPE_SUBSCRIBE:
    case MQTT_TYPE_UNSUBSCRIBE:
        add_filters(object, fields, packet);
        break;
    case MQTT_TYPE_SUBACK:
    case MQTT_TYPE_UNSUBACK:
        add_suback(object, fields, packet->type, &packet->suback);
        break;
    case MQTT_TYPE_DISCONNECT:
    case MQTT_TYPE_AUTH:
        if (version != MQTT_5)
            break;
        add_code(object, fields, version, packet->type, packet->reason.reason_code);
        add_props(object, "properties", &packet->reason.props);
        break;
    case MQTT_TYPE_PUBLISH:
    case MQTT_TYPE_PINGREQ:
    case MQTT_TYPE_PINGRESP:
    case MQTT_TYPE_COUNT:
        break;
    }
}

void mqtt_kept_json(const struct mqtt_kept *k, cJSON *object)
{
    struct mqtt_packet decoded;
    uint8_t *room;
    size_t payload = reopen(k, &room, &decoded);

    cJSON_AddStringToObject(object, "type", mqtt_type_name(decoded.type));
    if (decoded.type == MQTT_TYPE_PUBLISH) {
        if (decoded.publish.packet_id != 0)
            cJSON_AddNumberToObject(object, "id", decoded.publish.packet_id);
        add_message(object, &decoded.publish.message, payload);
    } else {
        cJSON *fields = cJSON_CreateObject();
        add_fields(&decoded, (enum mqtt_version)k->version, object, fields);
        if (fields->child != NULL)
            cJSON_AddItemToObject(object, "fields", fields);
        else
            cJSON_Delete(fields);
    }
    free(room);
}
