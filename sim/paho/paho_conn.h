/*
 * paho_conn.h — one attempt to connect, and the connection that comes of it, on Paho's MQTTAsync:
 * what cars and companions have in common.
 *
 * Hides Paho's two sets of callbacks (MQTT 3.1.1 and 5), puts failures into words, and keeps Paho
 * awake while something is under way. A connection is never connected twice: whoever wants to
 * reconnect makes a new one, so that nothing of the old one's queues is sent late and unasked.
 *
 * Owns      the Paho handle.
 * Borrows   setup, events and ctx, until paho_conn_free() returns.
 * Promises  events come on Paho's threads, or from inside paho_conn_free(), one at a time (under
 *           Paho's lock), and not after paho_conn_free(); `down` comes at most once.
 * Threads   the functions are for one thread, which is none of Paho's.
 */
#ifndef PAHO_PAHO_CONN_H
#define PAHO_PAHO_CONN_H

#include <MQTTAsync.h>
#include <openssl/types.h>

#include "mqtt/client.h"

/* Strings may be NULL, but for the URI. */
struct paho_conn_setup {
    const char *uri;     /* or several with commas between (paho_uris.h) */
    const char *ca_file; /* PEM; NULL: the system's trust store */
    const char *cert_file, *key_file;
    const char *alpn;        /* wire format: length, name */
    const char *whose;       /* "this car's certificate", for the words; NULL: cert_file */
    const X509 *certificate; /* to find the socket by (paho_socket.h); NULL: by its port */
    int max_buffered;        /* publishes that Paho may hold */
    bool insecure;
};

struct paho_conn_down {
    enum mqtt_close why;
    uint8_t reason_code; /* of CONNACK or DISCONNECT, else 0 */
    const char *text;    /* a sentence */
    usec_t at;
};

/* A message on its way in; borrowed. */
struct paho_arrival {
    struct slice topic, payload;
    struct slice props; /* as on the wire, for mqtt_props_read() */
    uint8_t qos;
    bool retain, dup;
};

/* Must not block. */
struct paho_conn_events {
    /* props: NULL on 3.1.1. */
    void (*connected)(void *ctx, bool session_present, const MQTTProperties *props);
    void (*down)(void *ctx, const struct paho_conn_down *down);
    void (*message)(void *ctx, const struct paho_arrival *arrival);
    void (*disconnected)(void *ctx); /* our DISCONNECT is out; may be NULL */
};

struct paho_conn;

/* Starts connecting; the three time-outs count as one, in whole seconds. NULL with err for what is
   known at once. */
struct paho_conn *paho_conn_new(const struct paho_conn_setup *setup,
                                const struct mqtt_connect *connect,
                                const struct paho_conn_events *events, void *ctx,
                                struct error *err);
/* Says DISCONNECT if connected and not cut. NULL is a no-op. */
void paho_conn_free(struct paho_conn *c);

/* DISCONNECT after what is queued; then comes `disconnected`. False: the connection is gone. */
bool paho_conn_disconnect(struct paho_conn *c, uint8_t reason_code, const struct mqtt_props *props);

/* Ends the connection without a DISCONNECT; `down` follows. False if that is not possible. */
bool paho_conn_cut(struct paho_conn *c);

/* For paho_exchange.h. */
MQTTAsync paho_conn_handle(const struct paho_conn *c);
bool paho_conn_is_5(const struct paho_conn *c);

#endif
