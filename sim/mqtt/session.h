/*
 * session.h — the native engine: an mqtt_client (mqtt/client.h) of its own, MQTT 3.1.1 and 5,
 * over a link of sim/net. Built for thousands in one process.
 *
 * Owns      its link, its unacknowledged packets, the beginning of a packet that has not wholly
 *           arrived.
 * Borrows   the net, endpoint, TLS context and identity of its configuration.
 * Promises  those of client.h. The `packet` event alone comes from inside the calls that queue a
 *           packet; CONNECT is reported when it leaves. Without TLS there is no MQTT_PHASE_TLS.
 *
 * Each attempt goes to one endpoint; failover.h says which end of it sends the next to another.
 *
 * Choices where MQTT leaves one:
 *  - Up to 100 publishes of QoS 1 and 2 are kept; those past the broker's Receive Maximum wait
 *    their turn.
 *  - On a resumed session PUBRELs, then PUBLISHes with DUP are sent again, in order. If the broker
 *    has no session any more (Session Present 0), PUBLISHes are sent as new messages, without DUP:
 *    nothing is lost, but a message of QoS 2 may then arrive twice. One for which PUBREC had come
 *    is not sent again: it is published with 0x92, Packet Identifier not found. A connect with
 *    clean_start, or in the other MQTT version, drops them all.
 *  - A publish that the broker has declared too large, or of a QoS or retain that it does not take,
 *    is refused like one past the limit.
 *  - What the profile's broker would not take is refused by name. Its messages a second are kept to
 *    by waiting: publishes of any QoS then wait among the 100 that are kept; those of QoS 0 are
 * gone with the connection. A keep-alive is brought into its range.
 *  - Topic aliases are the engine's own affair, both ways: 8 are offered to the broker, and used
 *    for the last 8 topics if the broker takes them. Messages come and go with their topics; an
 * alias among the properties of a publish is ignored. A PUBLISH that is sent again, or had to wait,
 *    has its topic in full.
 *  - PINGREQ goes out when nothing was sent, or nothing received, for a keep-alive; PINGRESP is due
 *    within half a keep-alive.
 *  - An incoming message of QoS 2 is delivered at its PUBLISH (method B of MQTT 5, figure 4.3) and
 *    its packet id kept until PUBREL, over lost connections too. On MQTT 5 at most 100 may be
 *    between the two (Receive Maximum), or the connection ends with 0x93.
 */
#ifndef MQTT_SESSION_H
#define MQTT_SESSION_H

#include "loop/loop.h"
#include "mqtt/client.h"
#include "mqtt/profile.h"
#include "net/endpoint.h"
#include "net/net.h"
#include "net/tls.h"

struct mqtt_session_config {
    struct net *net; /* of the same loop */
    struct endpoint *endpoint;
    struct tls_context *tls;            /* NULL: plain TCP */
    struct tls_identity identity;       /* leaf.len 0: no client certificate */
    int64_t clock_offset;               /* as in struct link_options */
    const struct mqtt_profile *profile; /* NULL: no limits but the broker's own; fixed at _new() */
};

/* The configuration is copied, with borrowed pointers; so is `events` (the pointer). Free with
   mqtt_client_free(). */
struct mqtt_client *mqtt_session_new(struct loop *loop, const struct mqtt_session_config *config,
                                     const struct mqtt_client_events *events, void *ctx);

/* Another endpoint, identity (after provisioning, after a rotation) or clock; counts from the next
   connect. */
void mqtt_session_configure(struct mqtt_client *client, const struct mqtt_session_config *config);

#endif
