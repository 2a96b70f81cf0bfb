#include "mqtt/client.h"

const char *mqtt_close_name(enum mqtt_close why)
{
    /* ORDER MQTT_CLOSE */
    static const char *const names[MQTT_CLOSE_COUNT] = {
        "resolve", "tcp", "tls", "timeout", "refused", "keep-alive", "protocol", "server"};

    return (unsigned)why < MQTT_CLOSE_COUNT ? names[why] : "unknown";
}
