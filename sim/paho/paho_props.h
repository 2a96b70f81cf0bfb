/* paho_props.h — MQTT 5 properties between Paho's form and ours (mqtt/props.h). Pure. */
#ifndef PAHO_PAHO_PROPS_H
#define PAHO_PAHO_PROPS_H

#include <MQTTAsync.h>

#include "mqtt/props.h"

/* Appends the properties as they are on the wire, for mqtt_props_read(). */
void paho_props_encode(const MQTTProperties *from, struct buf *to);

/* mqtt_remark() of the properties of a packet of that type. */
void paho_props_remark(const MQTTProperties *from, enum mqtt_type type, char *ret, size_t size);

/* Adds a copy of every property, user properties too; free with MQTTProperties_free(). */
void paho_props_add(MQTTProperties *to, const struct mqtt_props *from);
void paho_props_add_number(MQTTProperties *to, enum MQTTPropertyCodes code, uint32_t value);

#endif
