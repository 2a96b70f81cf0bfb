/*
 * type.h — the MQTT control packet types (MQTT 5, table 2-1) and the fixed-header flags they carry.
 */
#ifndef MQTT_TYPE_H
#define MQTT_TYPE_H

#include <stdbool.h>
#include <stdint.h>

enum mqtt_type {
    MQTT_TYPE_CONNECT = 1,
    MQTT_TYPE_CONNACK,
    MQTT_TYPE_PUBLISH,
    MQTT_TYPE_PUBACK,
    MQTT_TYPE_PUBREC,
    MQTT_TYPE_PUBREL,
    MQTT_TYPE_PUBCOMP,
    MQTT_TYPE_SUBSCRIBE,
    MQTT_TYPE_SUBACK,
    MQTT_TYPE_UNSUBSCRIBE,
    MQTT_TYPE_UNSUBACK,
    MQTT_TYPE_PINGREQ,
    MQTT_TYPE_PINGRESP,
    MQTT_TYPE_DISCONNECT,
    MQTT_TYPE_AUTH,
    MQTT_TYPE_COUNT
};

/* "PUBLISH"; "reserved" for 0 and what is no type. */
const char *mqtt_type_name(enum mqtt_type type);

/* The type in a packet's first byte, 0 to 15. */
static inline enum mqtt_type mqtt_type_of(uint8_t first_byte)
{
    return (enum mqtt_type)(first_byte >> 4);
}

/* The flags that all types but PUBLISH must carry (MQTT 5, 2.1.3): 2 for PUBREL, SUBSCRIBE and
   UNSUBSCRIBE, else 0. */
static inline uint8_t mqtt_type_flags(enum mqtt_type type)
{
    return type == MQTT_TYPE_PUBREL || type == MQTT_TYPE_SUBSCRIBE || type == MQTT_TYPE_UNSUBSCRIBE
               ? 2
               : 0;
}

/* May a packet start with this byte? False for type 0 and for reserved flags (MQTT-2.1.3-1); the
   flags of PUBLISH are its decoder's concern. */
static inline bool mqtt_type_first_byte_ok(uint8_t first_byte)
{
    enum mqtt_type type = mqtt_type_of(first_byte);

    return type == MQTT_TYPE_PUBLISH ||
           ((int)type != 0 && (first_byte & 0x0f) == mqtt_type_flags(type));
}

#endif
