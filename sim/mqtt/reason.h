/*
 * reason.h — MQTT 5 reason codes (MQTT 5, table 2-6) and MQTT 3.1.1 return codes: names, and which
 * packet may carry which.
 */
#ifndef MQTT_REASON_H
#define MQTT_REASON_H

#include <stdbool.h>
#include <stdint.h>

#include "mqtt/type.h"

/* Those this program compares with; the table in reason.c has them all. */
enum mqtt_reason {
    MQTT_REASON_SUCCESS = 0x00,
    MQTT_REASON_DISCONNECT_WITH_WILL = 0x04,
    MQTT_REASON_NO_MATCHING_SUBSCRIBERS = 0x10,
    MQTT_REASON_CONTINUE_AUTHENTICATION = 0x18,
    MQTT_REASON_UNSPECIFIED_ERROR = 0x80, /* from here on a failure */
    MQTT_REASON_MALFORMED_PACKET = 0x81,
    MQTT_REASON_PROTOCOL_ERROR = 0x82,
    MQTT_REASON_UNSUPPORTED_PROTOCOL_VERSION = 0x84,
    MQTT_REASON_CLIENT_IDENTIFIER_NOT_VALID = 0x85,
    MQTT_REASON_NOT_AUTHORIZED = 0x87,
    MQTT_REASON_KEEP_ALIVE_TIMEOUT = 0x8d,
    MQTT_REASON_SESSION_TAKEN_OVER = 0x8e,
    MQTT_REASON_PACKET_IDENTIFIER_IN_USE = 0x91,
    MQTT_REASON_PACKET_IDENTIFIER_NOT_FOUND = 0x92,
    MQTT_REASON_RECEIVE_MAXIMUM_EXCEEDED = 0x93,
    MQTT_REASON_TOPIC_ALIAS_INVALID = 0x94,
    MQTT_REASON_PACKET_TOO_LARGE = 0x95,
    MQTT_REASON_QUOTA_EXCEEDED = 0x97,
    MQTT_REASON_PAYLOAD_FORMAT_INVALID = 0x99
};

/* "Not authorized" for 0x87; "unknown" for a code the standard does not have. 0x00 is "Success". */
const char *mqtt_reason_name(uint8_t code);
/* The same, where the meaning depends on the packet: 0x00 is "Normal disconnection" in DISCONNECT
   and "Granted QoS 0" in SUBACK. */
const char *mqtt_reason_name_in(enum mqtt_type type, uint8_t code);
/* The code of that name in a packet of this type; upper and lower case are the same. False if there
   is none. */
bool mqtt_reason_find(enum mqtt_type type, const char *name, uint8_t *ret);
/* May an MQTT 5 packet of this type carry the code? */
bool mqtt_reason_allowed(enum mqtt_type type, uint8_t code);

/* CONNACK return codes of MQTT 3.1.1 (table 3.1): "Connection Refused, not authorized" for 5;
   "unknown" past 5. */
const char *mqtt_return_name(uint8_t code);

#endif
