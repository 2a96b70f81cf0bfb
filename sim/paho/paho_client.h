/*
 * paho_client.h — a vehicle's mqtt_client (mqtt/client.h) on Paho's MQTTAsync instead of the native
 * engine: the stack that many real TCUs ship with, for fleets of up to about a thousand.
 *
 * Each connect uses a Paho client of its own, so that nothing of an old connection's queues is sent
 * late and unasked. Paho's callbacks become letters to the loop.
 *
 * Owns      its Paho client, its unacknowledged packets.
 * Promises  those of client.h.
 *
 * What Paho does not offer, and what is done about it:
 *  - Phases: TCP and TLS cannot be told apart; only MQTT_PHASE_CONNACK is reported. One time-out,
 *    the sum of the three, covers them all, in whole seconds.
 *  - Packets: there is no `packet` event. Packet ids are this client's, not those on the wire.
 *  - abort: over TLS with a client certificate of its own the socket is found (paho_socket.h) and
 *    shut down without a DISCONNECT. Otherwise MQTT 5 says DISCONNECT with 0x04, so that the broker
 *    sends the will, and 3.1.1 can say an ordinary DISCONNECT only.
 *  - On a resumed session what is unacknowledged is sent as new messages, without DUP: nothing is
 *    lost, but a message of QoS 2 may then arrive twice. A connect with clean_start, or in the
 *    other MQTT version, drops them.
 *  - Of a publish that succeeded neither the reason code nor the remark is known: it counts as 0.
 *  - A connection that ends without a word is MQTT_CLOSE_TCP whether the peer closed it or a
 *    PINGRESP is missing; so is one that the broker closes right after its DISCONNECT, which Paho
 *    does not read then. Certificates that Paho itself turns down may look the same.
 */
#ifndef PAHO_PAHO_CLIENT_H
#define PAHO_PAHO_CLIENT_H

#include "loop/loop.h"
#include "mqtt/client.h"
#include "mqtt/profile.h"

struct paho_client_config {
    const char *uri;     /* "mqtts://host:port", mqtt://, wss://, ws://; or several, with commas */
    const char *ca_file; /* PEM, verifies the server; NULL: the system's */
    struct slice pem;    /* the client's certificate chain and private key, PEM; empty: none */
    const char *alpn;    /* protocol to ask for; NULL: none */
    bool insecure;       /* do not verify the server */
    const struct mqtt_profile *profile; /* kept to as by the native engine; NULL: none */
};

/* Everything is copied but `events`, `ctx`, the profile and the loop. Free with mqtt_client_free().
 */
struct mqtt_client *paho_client_new(struct loop *loop, const struct paho_client_config *config,
                                    const struct mqtt_client_events *events, void *ctx);
/* Another certificate and key; counts from the next connect on. */
void paho_client_set_pem(struct mqtt_client *client, struct slice pem);

#endif
