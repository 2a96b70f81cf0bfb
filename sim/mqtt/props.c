#include "mqtt/props.h"

#include "mqtt/reason.h"
#include "mqtt/topic.h"
#include "mqtt/wire.h"

enum prop_wire {
    WIRE_NONE,
    WIRE_U8,
    WIRE_U16,
    WIRE_U32,
    WIRE_VARINT,
    WIRE_TEXT,
    WIRE_BINARY,
    WIRE_PAIR
};
enum prop_range { RANGE_ANY, RANGE_BOOL, RANGE_NOT_ZERO, RANGE_TOPIC };

struct prop {
    const char *name;
    enum prop_wire wire;
    enum prop_range range;
    unsigned where; /* bits (1 << type), bit 0 the will */
    size_t offset;  /* in struct mqtt_props */
};

#define IN(type)   (1u << MQTT_TYPE_##type)
#define IN_WILL    1u
#define MESSAGE    (IN(PUBLISH) | IN_WILL)
#define CONNECTING (IN(CONNECT) | IN(CONNACK))
#define ACK        (IN(PUBACK) | IN(PUBREC) | IN(PUBREL) | IN(PUBCOMP))
#define ANSWER     (IN(CONNACK) | ACK | IN(SUBACK) | IN(UNSUBACK) | IN(DISCONNECT) | IN(AUTH))
#define EVERYWHERE (MESSAGE | IN(CONNECT) | ANSWER | IN(SUBSCRIBE) | IN(UNSUBSCRIBE))
#define AT(member) offsetof(struct mqtt_props, member)

/* MQTT 5, table 2-4, in its order. */
/* clang-format off */
static const struct prop props[MQTT_PROP_COUNT] = {
    [0x01] = {"Payload Format Indicator",          WIRE_U8,     RANGE_BOOL,     MESSAGE, AT(payload_format_indicator)},
    [0x02] = {"Message Expiry Interval",           WIRE_U32,    RANGE_ANY,      MESSAGE, AT(message_expiry_interval)},
    [0x03] = {"Content Type",                      WIRE_TEXT,   RANGE_ANY,      MESSAGE, AT(content_type)},
    [0x08] = {"Response Topic",                    WIRE_TEXT,   RANGE_TOPIC,    MESSAGE, AT(response_topic)},
    [0x09] = {"Correlation Data",                  WIRE_BINARY, RANGE_ANY,      MESSAGE, AT(correlation_data)},
    [0x0b] = {"Subscription Identifier",           WIRE_VARINT, RANGE_NOT_ZERO, IN(PUBLISH) | IN(SUBSCRIBE), AT(subscription_identifier)},
    [0x11] = {"Session Expiry Interval",           WIRE_U32,    RANGE_ANY,      CONNECTING | IN(DISCONNECT), AT(session_expiry_interval)},
    [0x12] = {"Assigned Client Identifier",        WIRE_TEXT,   RANGE_ANY,      IN(CONNACK), AT(assigned_client_identifier)},
    [0x13] = {"Server Keep Alive",                 WIRE_U16,    RANGE_ANY,      IN(CONNACK), AT(server_keep_alive)},
    [0x15] = {"Authentication Method",             WIRE_TEXT,   RANGE_ANY,      CONNECTING | IN(AUTH), AT(authentication_method)},
    [0x16] = {"Authentication Data",               WIRE_BINARY, RANGE_ANY,      CONNECTING | IN(AUTH), AT(authentication_data)},
    [0x17] = {"Request Problem Information",       WIRE_U8,     RANGE_BOOL,     IN(CONNECT), AT(request_problem_information)},
    [0x18] = {"Will Delay Interval",               WIRE_U32,    RANGE_ANY,      IN_WILL, AT(will_delay_interval)},
    [0x19] = {"Request Response Information",      WIRE_U8,     RANGE_BOOL,     IN(CONNECT), AT(request_response_information)},
    [0x1a] = {"Response Information",              WIRE_TEXT,   RANGE_ANY,      IN(CONNACK), AT(response_information)},
    [0x1c] = {"Server Reference",                  WIRE_TEXT,   RANGE_ANY,      IN(CONNACK) | IN(DISCONNECT), AT(server_reference)},
    [0x1f] = {"Reason String",                     WIRE_TEXT,   RANGE_ANY,      ANSWER, AT(reason_string)},
    [0x21] = {"Receive Maximum",                   WIRE_U16,    RANGE_NOT_ZERO, CONNECTING, AT(receive_maximum)},
    [0x22] = {"Topic Alias Maximum",               WIRE_U16,    RANGE_ANY,      CONNECTING, AT(topic_alias_maximum)},
    [0x23] = {"Topic Alias",                       WIRE_U16,    RANGE_NOT_ZERO, IN(PUBLISH), AT(topic_alias)},
    [0x24] = {"Maximum QoS",                       WIRE_U8,     RANGE_BOOL,     IN(CONNACK), AT(maximum_qos)},
    [0x25] = {"Retain Available",                  WIRE_U8,     RANGE_BOOL,     IN(CONNACK), AT(retain_available)},
    [0x26] = {"User Property",                     WIRE_PAIR,   RANGE_ANY,      EVERYWHERE, 0},
    [0x27] = {"Maximum Packet Size",               WIRE_U32,    RANGE_NOT_ZERO, CONNECTING, AT(maximum_packet_size)},
    [0x28] = {"Wildcard Subscription Available",   WIRE_U8,     RANGE_BOOL,     IN(CONNACK), AT(wildcard_subscription_available)},
    [0x29] = {"Subscription Identifier Available", WIRE_U8,     RANGE_BOOL,     IN(CONNACK), AT(subscription_identifier_available)},
    [0x2a] = {"Shared Subscription Available",     WIRE_U8,     RANGE_BOOL,     IN(CONNACK), AT(shared_subscription_available)},
};
/* clang-format on */

/* A value of any wire type: `number` for the integers, `text` for texts and binary data, both for a
   pair. */
struct value {
    uint32_t number;
    struct slice text, second;
};

static const struct prop *prop_of(unsigned id)
{
    return id < MQTT_PROP_COUNT && props[id].wire != WIRE_NONE ? &props[id] : NULL;
}

const char *mqtt_prop_name(enum mqtt_prop id)
{
    const struct prop *prop = prop_of((unsigned)id);
    return prop != NULL ? prop->name : "unknown";
}

static struct value value_get(struct wire_reader *r, enum prop_wire wire)
{
    struct value v = {0};

    switch (wire) {
    case WIRE_NONE:
        break;
    case WIRE_U8:
        v.number = wire_get_u8(r);
        break;
    case WIRE_U16:
        v.number = wire_get_u16(r);
        break;
    case WIRE_U32:
        v.number = wire_get_u32(r);
        break;
    case WIRE_VARINT:
        v.number = wire_get_varint(r);
        break;
    case WIRE_TEXT:
        v.text = wire_get_text(r);
        break;
    case WIRE_BINARY:
        v.text = wire_get_binary(r);
        break;
    case WIRE_PAIR:
        v.text = wire_get_text(r);
        v.second = wire_get_text(r);
        break;
    }
    return v;
}

static void value_put(struct wire_writer *w, unsigned id, const struct value *v)
{
    wire_put_u8(w, (uint8_t)id);
    switch (props[id].wire) {
    case WIRE_NONE:
        break;
    case WIRE_U8:
        wire_put_u8(w, (uint8_t)v->number);
        break;
    case WIRE_U16:
        wire_put_u16(w, (uint16_t)v->number);
        break;
    case WIRE_U32:
        wire_put_u32(w, v->number);
        break;
    case WIRE_VARINT:
        wire_put_varint(w, v->number);
        break;
    case WIRE_TEXT:
    case WIRE_BINARY:
        wire_put_string(w, v->text);
        break;
    case WIRE_PAIR:
        wire_put_string(w, v->text);
        wire_put_string(w, v->second);
        break;
    }
}

static void value_store(const struct value *v, const struct prop *prop, struct mqtt_props *p)
{
    void *field = (uint8_t *)p + prop->offset;

    switch (prop->wire) {
    case WIRE_NONE:
    case WIRE_PAIR:
        break;
    case WIRE_U8:
        *(uint8_t *)field = (uint8_t)v->number;
        break;
    case WIRE_U16:
        *(uint16_t *)field = (uint16_t)v->number;
        break;
    case WIRE_U32:
    case WIRE_VARINT:
        *(uint32_t *)field = v->number;
        break;
    case WIRE_TEXT:
    case WIRE_BINARY:
        *(struct slice *)field = v->text;
        break;
    }
}

static struct value value_load(const struct prop *prop, const struct mqtt_props *p)
{
    const void *field = (const uint8_t *)p + prop->offset;
    struct value v = {0};

    switch (prop->wire) {
    case WIRE_NONE:
    case WIRE_PAIR:
        break;
    case WIRE_U8:
        v.number = *(const uint8_t *)field;
        break;
    case WIRE_U16:
        v.number = *(const uint16_t *)field;
        break;
    case WIRE_U32:
    case WIRE_VARINT:
        v.number = *(const uint32_t *)field;
        break;
    case WIRE_TEXT:
    case WIRE_BINARY:
        v.text = *(const struct slice *)field;
        break;
    }
    return v;
}

bool mqtt_props_get(const struct mqtt_props *p, enum mqtt_prop id, struct mqtt_prop_value *ret)
{
    const struct prop *prop = prop_of((unsigned)id);

    if (prop == NULL || prop->wire == WIRE_PAIR || !mqtt_props_has(p, id))
        return false;
    struct value v = value_load(prop, p);
    ret->kind = prop->wire == WIRE_TEXT     ? MQTT_PROP_TEXT
                : prop->wire == WIRE_BINARY ? MQTT_PROP_BINARY
                                            : MQTT_PROP_NUMBER;
    ret->number = v.number;
    ret->text = v.text;
    return true;
}

static uint8_t breach(uint8_t code, const char *why, const char **ret_why)
{
    *ret_why = why;
    return code;
}

static uint8_t value_check(const struct value *v, unsigned id, const char **ret_why)
{
    switch (props[id].range) {
    case RANGE_ANY:
        break;
    case RANGE_BOOL:
        if (v->number > 1)
            return breach(MQTT_REASON_PROTOCOL_ERROR, "a property that is 0 or 1 has another value",
                          ret_why);
        break;
    case RANGE_NOT_ZERO:
        if (v->number == 0 && id == MQTT_PROP_TOPIC_ALIAS)
            return breach(MQTT_REASON_TOPIC_ALIAS_INVALID, "Topic Alias is 0", ret_why);
        if (v->number == 0)
            return breach(MQTT_REASON_PROTOCOL_ERROR, "a property that must not be 0 is 0",
                          ret_why);
        break;
    case RANGE_TOPIC:
        if (!mqtt_topic_name_valid(v->text))
            return breach(MQTT_REASON_PROTOCOL_ERROR, "Response Topic is not a topic name",
                          ret_why);
        break;
    }
    return 0;
}

static uint8_t allowed_check(unsigned id, enum mqtt_type where, const char **ret_why)
{
    const struct prop *prop = prop_of(id);

    if (prop == NULL)
        return breach(MQTT_REASON_MALFORMED_PACKET, "there is no property with such an identifier",
                      ret_why);
    if ((prop->where >> (unsigned)where & 1) == 0)
        return breach(MQTT_REASON_MALFORMED_PACKET, "a property does not belong in this packet",
                      ret_why);
    return 0;
}

/* MQTT 5, 3.1.2.11.10. */
static uint8_t together_check(const struct mqtt_props *p, const char **ret_why)
{
    if (mqtt_props_has(p, MQTT_PROP_AUTHENTICATION_DATA) &&
        !mqtt_props_has(p, MQTT_PROP_AUTHENTICATION_METHOD))
        return breach(MQTT_REASON_PROTOCOL_ERROR,
                      "Authentication Data without Authentication Method", ret_why);
    return 0;
}

static bool may_repeat(unsigned id, enum mqtt_type where)
{
    return id == MQTT_PROP_USER_PROPERTY ||
           (id == MQTT_PROP_SUBSCRIPTION_IDENTIFIER && where == MQTT_TYPE_PUBLISH);
}

static uint8_t read_one(struct wire_reader *r, enum mqtt_type where, struct mqtt_props *p,
                        const char **ret_why)
{
    /* Identifiers are variable byte integers, and all known ones are below 128. */
    uint8_t id = wire_get_u8(r);
    uint8_t code = allowed_check(id, where, ret_why);

    if (code != 0)
        return code;
    if (mqtt_props_has(p, (enum mqtt_prop)id) && !may_repeat(id, where))
        return breach(MQTT_REASON_PROTOCOL_ERROR, "a property is there twice", ret_why);
    struct value v = value_get(r, props[id].wire);
    if (r->why != NULL)
        return breach(MQTT_REASON_MALFORMED_PACKET, r->why, ret_why);
    mqtt_props_set(p, (enum mqtt_prop)id);
    value_store(&v, &props[id], p);
    return value_check(&v, id, ret_why);
}

uint8_t mqtt_props_read(struct slice bytes, enum mqtt_type where, struct mqtt_props *ret,
                        const char **ret_why)
{
    struct wire_reader r = wire_reader_of(bytes);

    *ret = (struct mqtt_props){0};
    while (wire_left(&r) > 0) {
        uint8_t code = read_one(&r, where, ret, ret_why);
        if (code != 0)
            return code;
    }
    if (mqtt_props_has(ret, MQTT_PROP_USER_PROPERTY) ||
        mqtt_props_has(ret, MQTT_PROP_SUBSCRIPTION_IDENTIFIER))
        ret->user = bytes;
    return together_check(ret, ret_why);
}

/* The lowest property in the set, taken off it. */
static unsigned take_lowest(uint64_t *set)
{
    unsigned id = (unsigned)__builtin_ctzll(*set);

    *set &= *set - 1;
    return id;
}

uint8_t mqtt_props_check(const struct mqtt_props *p, enum mqtt_type where, const char **ret_why)
{
    for (uint64_t left = p->present; left != 0;) {
        unsigned id = take_lowest(&left);
        uint8_t code = allowed_check(id, where, ret_why);
        if (code != 0)
            return code;
        struct value v = value_load(&props[id], p);
        code = value_check(&v, id, ret_why);
        if (code != 0)
            return code;
    }
    return together_check(p, ret_why);
}

/* The next property with this identifier in a run; the run was checked when it was read or is our
   own, so a bad one just ends the walk. */
static bool run_next(struct slice *rest, unsigned wanted, struct value *ret)
{
    struct wire_reader r = wire_reader_of(*rest);

    while (wire_left(&r) > 0) {
        unsigned id = wire_get_u8(&r);
        const struct prop *prop = prop_of(id);
        if (prop == NULL)
            break;
        struct value v = value_get(&r, prop->wire);
        if (r.why != NULL)
            break;
        if (id == wanted) {
            *rest = slice_of(r.at, wire_left(&r));
            *ret = v;
            return true;
        }
    }
    *rest = slice_of(NULL, 0);
    return false;
}

bool mqtt_props_user_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
    struct value v;

    if (!run_next(rest, MQTT_PROP_USER_PROPERTY, &v))
        return false;
    *ret_name = v.text;
    *ret_value = v.second;
    return true;
}

bool mqtt_props_subscription_next(struct slice *rest, uint32_t *ret_id)
{
    struct value v;

    if (!run_next(rest, MQTT_PROP_SUBSCRIPTION_IDENTIFIER, &v))
        return false;
    *ret_id = v.number;
    return true;
}

/* All of that identifier in the run; false if there is none. */
static bool put_run(struct wire_writer *w, struct slice run, unsigned id)
{
    struct value v;
    bool any = false;

    while (run_next(&run, id, &v)) {
        value_put(w, id, &v);
        any = true;
    }
    return any;
}

static void put_all(struct wire_writer *w, const struct mqtt_props *p)
{
    for (uint64_t left = p->present; left != 0;) {
        unsigned id = take_lowest(&left);
        const struct prop *prop = prop_of(id);
        if (prop == NULL || prop->wire == WIRE_PAIR)
            continue;
        if (id == MQTT_PROP_SUBSCRIPTION_IDENTIFIER && put_run(w, p->user, id))
            continue;
        struct value v = value_load(prop, p);
        value_put(w, id, &v);
    }
    put_run(w, p->user, MQTT_PROP_USER_PROPERTY);
}

size_t mqtt_props_size(const struct mqtt_props *p)
{
    struct wire_writer w = {0};

    if (p->present == 0 && p->user.len == 0)
        return 0;
    put_all(&w, p);
    return w.bad ? SIZE_MAX : w.size;
}

uint8_t *mqtt_props_write(const struct mqtt_props *p, uint8_t *at)
{
    struct wire_writer w = {0};

    w.at = at;
    put_all(&w, p);
    return w.at;
}

bool mqtt_props_add_user(struct buf *run, struct slice name, struct slice value)
{
    struct value v = {.text = name, .second = value};
    struct wire_writer w = {0};

    value_put(&w, MQTT_PROP_USER_PROPERTY, &v);
    if (w.bad)
        return false;
    uint8_t *at = buf_reserve(run, w.size);
    if (at == NULL)
        return false;
    buf_commit(run, w.size);
    w = (struct wire_writer){.at = at};
    value_put(&w, MQTT_PROP_USER_PROPERTY, &v);
    return true;
}
