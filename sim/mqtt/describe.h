/*
 * describe.h — an MQTT packet as one line of text, for timelines and traces.
 *
 *     PUBLISH q1 id=7 dup $aws/things/X/shadow/update {"state":…} (312 B)     312: the payload
 *     CONNACK session-present=0 code=0x87 Not authorized
 *
 * Passwords, authentication data and whatever follows a '?' in a user name never appear. Control
 * characters are escaped, so that a line stays a line.
 */
#ifndef MQTT_DESCRIBE_H
#define MQTT_DESCRIBE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"
#include "mqtt/alias.h"
#include "mqtt/client.h"
#include "mqtt/reason.h"

struct mqtt_packet;

/* Of a payload or text that is longer only the first bytes are shown. */
#define MQTT_DESCRIBE_PAYLOAD_MAX 400

/* Appends the line, without a newline. What cannot be decoded is described as such, with the breach
   and its first bytes in hexadecimal. False if `out` reached its ceiling; the
   line is cut then. */
bool mqtt_describe(struct slice packet, enum mqtt_version version, struct buf *out);

/* What the topic aliases of one car's connection stand for, learnt from its packets: a PUBLISH
   without a topic is then shown with the one that it means, and its alias among the properties.
   Zero-initialised: knows none. */
struct mqtt_describer {
    struct alias_table *in, *out;
};
/* As mqtt_describe(). Must see every packet, as a CONNECT ends what the aliases before it meant. */
bool mqtt_describe_next(struct mqtt_describer *d, bool outgoing, struct slice packet,
                        enum mqtt_version version, struct buf *out);
void mqtt_describer_done(struct mqtt_describer *d);

/* ---- for those who look at packets themselves ---- */

/* Decodes it, as mqtt_decode() does, with the topic that its alias stands for. `d` may be NULL. */
uint8_t mqtt_describer_decode(struct mqtt_describer *d, bool outgoing, struct slice packet,
                              enum mqtt_version version, struct mqtt_packet *ret,
                              const char **ret_why);
/* Appends the line of a packet; the payload of a PUBLISH had `payload_size` bytes, of which its
   first are there. */
void mqtt_describe_decoded(const struct mqtt_packet *packet, enum mqtt_version version,
                           size_t payload_size, struct buf *out);
/* Can it be shown as text? */
bool mqtt_is_printable(struct slice s);

#endif
