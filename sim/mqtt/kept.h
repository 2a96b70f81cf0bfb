/*
 * kept.h — a packet that was seen, kept in few bytes until somebody wants to read it: as the line
 * that describe.h makes of it, or field by field.
 *
 * Of a PUBLISH the end of a long payload may be left out. Secrets are never shown.
 */
#ifndef MQTT_KEPT_H
#define MQTT_KEPT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/buf.h"
#include "mqtt/describe.h"

struct mqtt_kept;

/* A copy of the packet, with at most `payload_max` bytes of its payload (at least
   MQTT_DESCRIBE_PAYLOAD_MAX), and the topic that its alias stands for. NULL: it is broken, or long
   for another reason than its payload; then `line` has its description instead. The describer
   must see every packet once, here or in mqtt_describe_next(). Released by free(). */
struct mqtt_kept *mqtt_keep(struct mqtt_describer *d, bool outgoing, struct slice packet,
                            enum mqtt_version version, size_t payload_max, struct buf *line);
/* Bytes that it takes. */
size_t mqtt_kept_size(const struct mqtt_kept *k);
/* Appends the line that mqtt_describe_next() would have made. */
void mqtt_kept_describe(const struct mqtt_kept *k, struct buf *out);
/* Adds to the object: `type`; of a PUBLISH `topic`, `qos`, `id`, `dup`, `retain`, `bytes` and
   `payload` (text) or `hex`, `cut` if its end is missing; `fields` and `properties` by name; `bad`:
   true if it carries a reason code that is a failure. docs/report.md has them all. */
void mqtt_kept_json(const struct mqtt_kept *k, cJSON *object);

#endif
