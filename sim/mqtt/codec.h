/*
 * codec.h — MQTT 3.1.1 and 5 control packets, to bytes and back (docs.oasis-open.org, mqtt/v3.1.1
 * and mqtt/v5.0). Clause numbers in the sources are those of MQTT 5 unless they say otherwise.
 *
 * Pure: no I/O, no state, no allocation but the growth of the buffer encoded into. Decoding
 * borrows: every slice in a decoded packet points into the bytes it was decoded from. Any thread.
 *
 *     received bytes → mqtt_decode_frame() until OK → mqtt_decode(the first ret_total bytes)
 *
 * Promises  any bytes are safe to decode; what decodes also encodes, and that decodes to the same.
 */
#ifndef MQTT_CODEC_H
#define MQTT_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "mqtt/client.h" /* enum mqtt_version, struct mqtt_message, _will, _filter */
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/type.h"

/* The largest packet the protocol can express: 5 bytes of header, 268,435,455 remaining. */
#define MQTT_PACKET_MAX ((size_t)268435460)

struct mqtt_packet_connect {
    enum mqtt_version version;
    struct slice client_id;
    struct slice username, password; /* data NULL: absent */
    uint16_t keep_alive_s;
    bool clean_start; /* 3.1.1: clean session */
    bool has_will;
    /* will.delay_s and will.message.props.will_delay_interval agree once decoded; to encode, a
       delay_s that is not 0 wins. */
    struct mqtt_will will;
    struct mqtt_props props; /* all `props` here: MQTT 5; ignored and left empty on 3.1.1 */
};

struct mqtt_packet_connack {
    bool session_present;
    uint8_t reason_code; /* 3.1.1: return code */
    struct mqtt_props props;
};

struct mqtt_packet_publish {
    uint16_t packet_id; /* 0 on QoS 0 */
    struct mqtt_message message;
};

/* PUBACK, PUBREC, PUBREL, PUBCOMP. */
struct mqtt_packet_ack {
    uint16_t packet_id;
    uint8_t reason_code; /* 0 on 3.1.1 */
    struct mqtt_props props;
};

/* SUBSCRIBE, UNSUBSCRIBE. */
struct mqtt_packet_subscribe {
    uint16_t packet_id;
    struct mqtt_props props;
    struct slice entries; /* as on the wire; walk with mqtt_subscription_next() */
};

/* SUBACK, UNSUBACK. */
struct mqtt_packet_suback {
    uint16_t packet_id;
    struct mqtt_props props;
    struct slice codes; /* one byte per filter; empty for UNSUBACK of 3.1.1 */
};

/* DISCONNECT, AUTH. */
struct mqtt_packet_reason {
    uint8_t reason_code;
    struct mqtt_props props;
};

/* The member named by `type` counts; the others are undefined. PINGREQ and PINGRESP have none. */
struct mqtt_packet {
    enum mqtt_type type;
    union {
        struct mqtt_packet_connect connect;
        struct mqtt_packet_connack connack;
        struct mqtt_packet_publish publish;
        struct mqtt_packet_ack ack;
        struct mqtt_packet_subscribe subscribe;
        struct mqtt_packet_suback suback;
        struct mqtt_packet_reason reason;
    };
};

/* One filter of a SUBSCRIBE; of an UNSUBSCRIBE only `filter` counts. */
struct mqtt_subscription {
    struct slice filter;
    uint8_t qos;
    bool no_local, retain_as_published; /* MQTT 5 */
    uint8_t retain_handling;            /* MQTT 5: 0, 1 or 2 */
};

enum mqtt_decode {
    MQTT_DECODE_OK,        /* a whole packet is there */
    MQTT_DECODE_NEED_MORE, /* so far so good */
    MQTT_DECODE_MALFORMED, /* no packet starts like this: close (0x81) */
    MQTT_DECODE_TOO_LARGE, /* past max_packet: close (0x95) */
    MQTT_DECODE_COUNT
};
const char *mqtt_decode_name(enum mqtt_decode outcome);

/* Looks at the first bytes of a stream. *ret_total is the packet's whole length with OK; with
   NEED_MORE how many bytes the stream must have at least before asking again is worth while (the
   packet's whole length as soon as its header is there); untouched otherwise. max_packet counts
   header and all; MQTT_PACKET_MAX: no limit of our own. */
enum mqtt_decode mqtt_decode_frame(const uint8_t *data, size_t len, size_t max_packet,
                                   size_t *ret_total);

/* Decodes one whole packet, no byte more. `version` is what the connection speaks; CONNECT brings
   its own. 0, or the reason code for the breach of the protocol (0x81 malformed packet, 0x82
   protocol error, …) with a sentence in *ret_why (static); *ret is undefined then. */
uint8_t mqtt_decode(struct slice packet, enum mqtt_version version, struct mqtt_packet *ret,
                    const char **ret_why);

/* Takes the first entry off *rest, which starts as packet.subscribe.entries. False at the end. */
bool mqtt_subscription_next(struct slice *rest, enum mqtt_type type, struct mqtt_subscription *ret);
/* Appends an entry as SUBSCRIBE or UNSUBSCRIBE carry it. False past the ceiling of the buffer or if
   the filter is longer than 65,535 bytes. */
bool mqtt_subscription_add(struct buf *entries, enum mqtt_type type,
                           const struct mqtt_subscription *s);

/* Each appends one packet to `out`, all of it or nothing. False if `out` would pass its ceiling
   (which sets out->overflow), or if the packet cannot be expressed: a string or binary field over
   65,535 bytes, the whole over MQTT_PACKET_MAX. What the values mean is not checked. */
bool mqtt_encode(struct buf *out, enum mqtt_version version, const struct mqtt_packet *packet);

/* The hot path, straight from the arguments; packet_id counts with QoS above 0 only. */
bool mqtt_encode_publish(struct buf *out, enum mqtt_version version,
                         const struct mqtt_message *message, uint16_t packet_id);
/* PUBACK, PUBREC, PUBREL or PUBCOMP. */
bool mqtt_encode_ack(struct buf *out, enum mqtt_version version, enum mqtt_type type,
                     uint16_t packet_id, uint8_t reason_code);
bool mqtt_encode_pingreq(struct buf *out);
/* props NULL: none. */
bool mqtt_encode_subscribe(struct buf *out, enum mqtt_version version, uint16_t packet_id,
                           const struct mqtt_props *props, const struct mqtt_filter *filters,
                           size_t count);
bool mqtt_encode_disconnect(struct buf *out, enum mqtt_version version, uint8_t reason_code);

/* Marks an encoded PUBLISH as a repetition (MQTT-3.3.1-1). */
static inline void mqtt_publish_set_dup(uint8_t *packet)
{
    packet[0] |= 0x08;
}

#endif
