/* failover.h — which ends of a connection send the next attempt to another endpoint. */
#ifndef MQTT_FAILOVER_H
#define MQTT_FAILOVER_H

#include "mqtt/client.h"
#include "net/endpoint.h"

/* The attempt came to nothing, but for a refusal that another broker of the same cloud would
   repeat; or the broker sends its clients away (unavailable, busy, shutting down, use another
   server, moved, connection rate exceeded). online: CONNACK had come. */
bool failover_is_due(const struct mqtt_closed *closed, bool online);

/* Takes *endpoint to the next one if that is due. The text with the endpoint that it is about, to
   be freed; NULL if there is no other one (or none at all). */
char *failover_end(struct endpoint **endpoint, const struct mqtt_closed *closed, bool online);

#endif
