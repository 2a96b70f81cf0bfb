#include "mqtt/failover.h"

#include "base/xmem.h"

/* CONNACK's return code of 3.1.1; then MQTT 5's reason codes of CONNACK and DISCONNECT. */
static bool sends_away(uint8_t code)
{
    static const uint8_t codes[] = {
        0x03, /* server unavailable, 3.1.1 */
        0x88, /* server unavailable */
        0x89, /* server busy */
        0x8b, /* server shutting down */
        0x9c, /* use another server */
        0x9d, /* server moved */
        0x9f, /* connection rate exceeded */
    };

    for (size_t i = 0; i < sizeof codes; i++)
        if (codes[i] == code)
            return true;
    return false;
}

bool failover_is_due(const struct mqtt_closed *closed, bool online)
{
    if (closed->why == MQTT_CLOSE_REFUSED || closed->why == MQTT_CLOSE_SERVER)
        return sends_away(closed->reason_code);
    return !online;
}

char *failover_end(struct endpoint **endpoint, const struct mqtt_closed *closed, bool online)
{
    struct endpoint *tried = *endpoint;

    if (tried == NULL || endpoint_next(tried) == tried)
        return NULL;
    if (failover_is_due(closed, online))
        *endpoint = endpoint_next(tried);
    return xasprintf("%s: %s", endpoint_url(tried), closed->text != NULL ? closed->text : "");
}
