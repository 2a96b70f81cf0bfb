/*
 * wire_client.h — an MQTT client that tells the wire what it waits for, around another client that
 * does the work. Only in virtual time: the fences it adds are seen by the broker, not by the owner.
 *
 * Owns      the client it wraps.
 */
#ifndef FLEET_WIRE_CLIENT_H
#define FLEET_WIRE_CLIENT_H

#include "fleet/wire.h"
#include "mqtt/client.h"

struct wire_client;

/* To be given to the maker of the inner client as its events and ctx, then completed. */
struct wire_client *wire_client_new(struct wire *wire, const struct mqtt_client_events *events,
                                    void *ctx);
extern const struct mqtt_client_events wire_client_events;
/* Adopts `inner`. The result is freed by mqtt_client_free(). */
struct mqtt_client *wire_client_wrap(struct wire_client *c, struct mqtt_client *inner);

#endif
