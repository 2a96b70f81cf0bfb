/* remark.h — what a broker says beside a reason code (MQTT 5), as one line for people. */
#ifndef MQTT_REMARK_H
#define MQTT_REMARK_H

#include <stddef.h>

#include "mqtt/props.h"

/* Room enough for what is worth reading. */
#define MQTT_REMARK_SIZE 320

/* "not today; use another server: b.example; region=eu": reason string, server reference, user
   properties. Cut to `size` with its NUL; control characters become '?'. Empty if there is none. */
void mqtt_remark(const struct mqtt_props *props, char *text, size_t size);

#endif
