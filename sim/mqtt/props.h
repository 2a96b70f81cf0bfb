/*
 * props.h — MQTT 5 properties (MQTT 5, section 2.2.2), decoded whole, without allocation.
 *
 * Strings and binary data borrow from the packet they were read from. User properties and
 * subscription identifiers may repeat; the raw property bytes are kept so that they can be walked.
 */
#ifndef MQTT_PROPS_H
#define MQTT_PROPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "mqtt/type.h"

/* Property identifiers, MQTT 5 table 2-4. */
enum mqtt_prop {
    MQTT_PROP_PAYLOAD_FORMAT_INDICATOR = 0x01,
    MQTT_PROP_MESSAGE_EXPIRY_INTERVAL = 0x02,
    MQTT_PROP_CONTENT_TYPE = 0x03,
    MQTT_PROP_RESPONSE_TOPIC = 0x08,
    MQTT_PROP_CORRELATION_DATA = 0x09,
    MQTT_PROP_SUBSCRIPTION_IDENTIFIER = 0x0b,
    MQTT_PROP_SESSION_EXPIRY_INTERVAL = 0x11,
    MQTT_PROP_ASSIGNED_CLIENT_IDENTIFIER = 0x12,
    MQTT_PROP_SERVER_KEEP_ALIVE = 0x13,
    MQTT_PROP_AUTHENTICATION_METHOD = 0x15,
    MQTT_PROP_AUTHENTICATION_DATA = 0x16,
    MQTT_PROP_REQUEST_PROBLEM_INFORMATION = 0x17,
    MQTT_PROP_WILL_DELAY_INTERVAL = 0x18,
    MQTT_PROP_REQUEST_RESPONSE_INFORMATION = 0x19,
    MQTT_PROP_RESPONSE_INFORMATION = 0x1a,
    MQTT_PROP_SERVER_REFERENCE = 0x1c,
    MQTT_PROP_REASON_STRING = 0x1f,
    MQTT_PROP_RECEIVE_MAXIMUM = 0x21,
    MQTT_PROP_TOPIC_ALIAS_MAXIMUM = 0x22,
    MQTT_PROP_TOPIC_ALIAS = 0x23,
    MQTT_PROP_MAXIMUM_QOS = 0x24,
    MQTT_PROP_RETAIN_AVAILABLE = 0x25,
    MQTT_PROP_USER_PROPERTY = 0x26,
    MQTT_PROP_MAXIMUM_PACKET_SIZE = 0x27,
    MQTT_PROP_WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28,
    MQTT_PROP_SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29,
    MQTT_PROP_SHARED_SUBSCRIPTION_AVAILABLE = 0x2a,
    MQTT_PROP_COUNT
};

/* `present` has bit (1 << id) for every property that occurs. Fields without their bit are zero. */
struct mqtt_props {
    uint64_t present;
    struct slice content_type, response_topic, correlation_data;
    struct slice assigned_client_identifier, authentication_method, authentication_data;
    struct slice response_information, server_reference, reason_string;
    uint32_t message_expiry_interval, session_expiry_interval, will_delay_interval;
    uint32_t maximum_packet_size, subscription_identifier; /* the last, if repeated */
    uint16_t server_keep_alive, receive_maximum, topic_alias_maximum, topic_alias;
    uint8_t payload_format_indicator, request_problem_information, request_response_information;
    uint8_t maximum_qos, retain_available, wildcard_subscription_available;
    uint8_t subscription_identifier_available, shared_subscription_available;
    /* A run of encoded properties in which only those that may repeat count: user properties and
       subscription identifiers. In: all property bytes of the packet if it has any of those. Out:
       what mqtt_props_add_user() made, or the run of a packet that was read; its subscription
       identifiers go out only if `present` has them. */
    struct slice user;
};

static inline bool mqtt_props_has(const struct mqtt_props *p, enum mqtt_prop id)
{
    return (p->present >> id & 1) != 0;
}

/* Marks a property as present; the caller sets its field. */
static inline void mqtt_props_set(struct mqtt_props *p, enum mqtt_prop id)
{
    p->present |= (uint64_t)1 << id;
}

static inline void mqtt_props_unset(struct mqtt_props *p, enum mqtt_prop id)
{
    p->present &= ~((uint64_t)1 << id);
}

/* The properties of a will are a set of their own, inside CONNECT (MQTT 5, 3.1.3.2). */
#define MQTT_PROPS_WILL ((enum mqtt_type)0)

/* "Session Expiry Interval", or "unknown". */
const char *mqtt_prop_name(enum mqtt_prop id);

/* What a property holds, whatever its type: `number`, or `text` for texts and binary data. */
struct mqtt_prop_value {
    enum { MQTT_PROP_NUMBER, MQTT_PROP_TEXT, MQTT_PROP_BINARY } kind;
    uint32_t number;
    struct slice text;
};

/* False if the property is not there, or is the User Property (see mqtt_props_user_next()). */
bool mqtt_props_get(const struct mqtt_props *p, enum mqtt_prop id, struct mqtt_prop_value *ret);

/* Reads property bytes (without the length in front) of a packet of type `where`. 0, or a reason
   code with a sentence in *ret_why (static): unknown or not allowed there, given twice, cut short,
   a text that is not UTF-8, a value that mqtt_props_check() refuses. *ret is undefined then. */
uint8_t mqtt_props_read(struct slice bytes, enum mqtt_type where, struct mqtt_props *ret,
                        const char **ret_why);

/* Are these properties allowed in `where`, and their values in range? 0, or a reason code as above.
   The texts are taken to be UTF-8. */
uint8_t mqtt_props_check(const struct mqtt_props *p, enum mqtt_type where, const char **ret_why);

/* How many bytes mqtt_props_write() writes (without the length in front); SIZE_MAX if a text or
   binary value is longer than 65,535 bytes. */
size_t mqtt_props_size(const struct mqtt_props *p);
/* Writes the properties in ascending order, user properties last; returns one past the end. */
uint8_t *mqtt_props_write(const struct mqtt_props *p, uint8_t *at);

/* Takes the next user property off *rest, which starts as props.user; false at the end. */
bool mqtt_props_user_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value);
/* The same for subscription identifiers. */
bool mqtt_props_subscription_next(struct slice *rest, uint32_t *ret_id);
/* Appends an encoded user property to a run; then set props.user to the run. False past the ceiling
   of the buffer or if a text is longer than 65,535 bytes. */
bool mqtt_props_add_user(struct buf *run, struct slice name, struct slice value);

#endif
