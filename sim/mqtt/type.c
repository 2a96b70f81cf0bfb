#include "mqtt/type.h"

#include <stddef.h>

const char *mqtt_type_name(enum mqtt_type type)
{
    static const char *const names[MQTT_TYPE_COUNT] = {
        [MQTT_TYPE_CONNECT] = "CONNECT",   [MQTT_TYPE_CONNACK] = "CONNACK",
        [MQTT_TYPE_PUBLISH] = "PUBLISH",   [MQTT_TYPE_PUBACK] = "PUBACK",
        [MQTT_TYPE_PUBREC] = "PUBREC",     [MQTT_TYPE_PUBREL] = "PUBREL",
        [MQTT_TYPE_PUBCOMP] = "PUBCOMP",   [MQTT_TYPE_SUBSCRIBE] = "SUBSCRIBE",
        [MQTT_TYPE_SUBACK] = "SUBACK",     [MQTT_TYPE_UNSUBSCRIBE] = "UNSUBSCRIBE",
        [MQTT_TYPE_UNSUBACK] = "UNSUBACK", [MQTT_TYPE_PINGREQ] = "PINGREQ",
        [MQTT_TYPE_PINGRESP] = "PINGRESP", [MQTT_TYPE_DISCONNECT] = "DISCONNECT",
        [MQTT_TYPE_AUTH] = "AUTH",
    };
    unsigned i = (unsigned)type;

    return i < MQTT_TYPE_COUNT && names[i] != NULL ? names[i] : "reserved";
}
