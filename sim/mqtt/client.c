#include "mqtt/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"

const char *mqtt_close_name(enum mqtt_close why)
{
    /* ORDER MQTT_CLOSE */
    static const char *const names[MQTT_CLOSE_COUNT] = {
        "resolve", "tcp", "tls", "timeout", "refused", "keep-alive", "protocol", "server"};

    return (unsigned)why < MQTT_CLOSE_COUNT ? names[why] : "unknown";
}

bool mqtt_client_refuse(struct mqtt_client *c, const char *fmt, ...)
{
    char text[sizeof((struct error *)0)->text];
    va_list ap;

    free(c->refusal);
    c->refusal = NULL;
    if (fmt == NULL)
        return false;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->refusal = xstrdup(text);
    return false;
}
