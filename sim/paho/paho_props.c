#include "paho/paho_props.h"

#include "mqtt/remark.h"

#define REMARK_PROPS_MAX 65536

/* ---- from Paho ---- */

static void put_number(struct buf *to, uint32_t value, unsigned bytes)
{
    uint8_t out[4];

    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    buf_append(to, out, bytes);
}

/* Variable Byte Integer (MQTT 5, 1.5.5). */
static void put_variable(struct buf *to, uint32_t value)
{
    do {
        uint8_t byte = (uint8_t)(value & 0x7f);
        value >>= 7;
        byte |= value != 0 ? 0x80 : 0;
        buf_append(to, &byte, 1);
    } while (value != 0);
}

static void put_text(struct buf *to, MQTTLenString text)
{
    uint32_t len = text.len > 0 && text.len <= UINT16_MAX ? (uint32_t)text.len : 0;

    put_number(to, len, 2);
    if (len != 0)
        buf_append(to, text.data, len);
}

static void put_property(struct buf *to, const MQTTProperty *p)
{
    put_variable(to, (uint32_t)p->identifier);
    switch (MQTTProperty_getType(p->identifier)) {
    case MQTTPROPERTY_TYPE_BYTE:
        put_number(to, p->value.byte, 1);
        break;
    case MQTTPROPERTY_TYPE_TWO_BYTE_INTEGER:
        put_number(to, p->value.integer2, 2);
        break;
    case MQTTPROPERTY_TYPE_FOUR_BYTE_INTEGER:
        put_number(to, p->value.integer4, 4);
        break;
    case MQTTPROPERTY_TYPE_VARIABLE_BYTE_INTEGER:
        put_variable(to, p->value.integer4);
        break;
    case MQTTPROPERTY_TYPE_UTF_8_STRING_PAIR:
        put_text(to, p->value.data);
        put_text(to, p->value.value);
        break;
    default:
        put_text(to, p->value.data);
        break;
    }
}

void paho_props_encode(const MQTTProperties *from, struct buf *to)
{
    for (int i = 0; i < from->count; i++)
        put_property(to, &from->array[i]);
}

void paho_props_remark(const MQTTProperties *from, enum mqtt_type type, char *ret, size_t size)
{
    struct mqtt_props props = {0};
    const char *why = NULL;
    struct buf wire;

    buf_init(&wire, REMARK_PROPS_MAX);
    paho_props_encode(from, &wire);
    if (mqtt_props_read(buf_slice(&wire), type, &props, &why) != 0)
        props = (struct mqtt_props){0};
    mqtt_remark(&props, ret, size);
    buf_done(&wire);
}

/* ---- to Paho ---- */

void paho_props_add_number(MQTTProperties *to, enum MQTTPropertyCodes code, uint32_t value)
{
    MQTTProperty p = {.identifier = code};

    switch (MQTTProperty_getType(code)) {
    case MQTTPROPERTY_TYPE_BYTE:
        p.value.byte = (unsigned char)value;
        break;
    case MQTTPROPERTY_TYPE_TWO_BYTE_INTEGER:
        p.value.integer2 = (unsigned short)value;
        break;
    default:
        p.value.integer4 = value;
        break;
    }
    MQTTProperties_add(to, &p);
}

/* Paho copies; its struct merely lacks the const. */
static MQTTLenString borrow(struct slice text)
{
    return (MQTTLenString){.len = (int)text.len, .data = (char *)(uintptr_t)text.data};
}

void paho_props_add(MQTTProperties *to, const struct mqtt_props *from)
{
    struct mqtt_prop_value value;
    struct slice rest = from->user;
    struct slice name;
    struct slice text;

    for (unsigned id = 1; from->present != 0 && id < MQTT_PROP_COUNT; id++) {
        if (!mqtt_props_get(from, (enum mqtt_prop)id, &value))
            continue;
        MQTTProperty p = {.identifier = (enum MQTTPropertyCodes)id};
        p.value.data = borrow(value.text);
        if (value.kind == MQTT_PROP_NUMBER)
            paho_props_add_number(to, p.identifier, value.number);
        else
            MQTTProperties_add(to, &p);
    }
    while (mqtt_props_user_next(&rest, &name, &text)) {
        MQTTProperty p = {.identifier = MQTTPROPERTY_CODE_USER_PROPERTY};
        p.value.data = borrow(name);
        p.value.value = borrow(text);
        MQTTProperties_add(to, &p);
    }
}
