/*
 * companion.h — an actor beside the cars: the mobile app, or an observer in the cloud.
 *
 * One MQTT connection on Eclipse Paho's MQTTAsync, so that times are stamped on Paho's threads: a
 * simulation loop that stalls shows as latency instead of hiding it. What arrives is handed to the
 * loop as letters (loop_post) and told through struct companion_events, on the loop's thread.
 *
 *     companion_new → connected → watching… → (shadow | response | presence | acked)*
 *                   ↖  lost  ↙   back-off with full jitter (contract 6.12), watches are renewed
 *
 * Owns      its Paho handle, copies of all option strings, its list of watches.
 * Borrows   the loop, the events table and ctx; all outlive it.
 * Promises  every function is called on the loop's thread, and may be called from inside any event,
 *           companion_free() too; no event from inside a call, none after companion_free(); each
 *           publish gets exactly one `acked` event, unless the companion is freed first.
 * Blocks    briefly (TLS write and Paho's lock, tens of µs); for as long as the resolver does when
 *           a host name is being resolved at that moment.
 */
#ifndef ACTORS_COMPANION_H
#define ACTORS_COMPANION_H

#include <stdbool.h>
#include <stdint.h>

#include "actors/companion_topic.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/timeunit.h"
#include "loop/loop.h"
#include "mqtt/client.h"
#include "paho/paho_tls.h"

struct companion;
struct topic_set;

/* Strings are copied. Zero or NULL means the default. */
struct companion_options {
    const char *host; /* name or address, also what the certificate is checked against */
    uint16_t port;
    const char *uri;       /* instead of host and port: mqtts:// wss:// mqtt:// ws:// */
    const char *client_id; /* required: also names the response topic, so no / + # and not empty */
    int mqtt_version;      /* 4 (3.1.1) or 5; default 5 */
    const char *ca_file;   /* PEM; default: the system's trust store */
    const char *cert_file; /* PEM, leaf first, then intermediates; default: no client certificate */
    const char *key_file;  /* PEM; default: cert_file */
    const struct topic_set *topics; /* borrowed; default: topic_set_defaults() */
    const char *alpn;               /* e.g. "x-amzn-mqtt-ca" for port 443 (contract 6.1) */
    bool insecure;                  /* do not verify the server's certificate */
    bool watch_at_most_once;   /* subscribe with QoS 0: cheaper for the observer of a large fleet */
    uint16_t keep_alive_s;     /* default 30 */
    uint32_t session_expiry_s; /* the session outlives its connections for so long (on 3.1.1 for as
                                  long as the broker keeps it); default: it does not */
    usec_t connect_timeout;    /* default 10 s; whole seconds */
    usec_t backoff_base;       /* default 500 ms */
    usec_t backoff_cap;        /* default 30 s */
    uint64_t seed;             /* of the jitter */
};

/* Names and payloads in events are NUL-terminated, and valid during the call only. */

struct companion_connected {
    usec_t at;            /* CONNACK, on Paho's thread */
    usec_t ready_at;      /* SUBACK for the response topic: requests may be sent */
    bool responses;       /* false: that subscription was refused */
    bool session_present; /* what came meanwhile is not lost */
    unsigned attempt;     /* 1: the first; counts on until a connection has been stable for 20 s */
};

struct companion_lost {
    const char *text;    /* a sentence: "certificate verify failed (is ca.pem the CA that …)" */
    uint8_t reason_code; /* of a CONNACK or DISCONNECT, else 0 */
    bool was_connected;  /* false: an attempt to connect failed */
    usec_t at;
    usec_t retry_in;
};

struct companion_watching {
    const char *thing; /* NULL: companion_watch_all() */
    unsigned flags;
    bool ok;
    const char *text; /* ok: ""; else the refused filters */
    usec_t at;        /* the last SUBACK */
};

struct companion_shadow {
    const char *thing;
    const char *name; /* NULL: the classic shadow */
    enum companion_verb verb;
    enum companion_outcome outcome;
    struct slice payload;     /* as it came: untrusted */
    const char *client_token; /* NULL: none */
    int64_t version;          /* -1: none */
    int code;                 /* of a rejection, else 0 */
    usec_t received_at;
};

struct companion_response {
    const char *thing;
    const char *request_id; /* correlation data, else the payload's "requestId"; NULL: neither */
    bool correlated;        /* it came as correlation data */
    struct slice payload;
    usec_t received_at;
};

struct companion_presence {
    const char *client_id;
    bool connected;
    int64_t version;        /* versionNumber; -1: none */
    const char *session_id; /* "" if absent */
    const char *reason;     /* disconnectReason, "" if absent */
    bool client_initiated;
    int64_t timestamp_ms; /* the cloud's; 0: none */
    usec_t received_at;
};

/* A client has subscribed or unsubscribed. */
struct companion_listening {
    const char *client_id;
    bool subscribed;
    const char *session_id; /* "" if absent */
    struct slice topics;    /* JSON, a list of filters: untrusted; empty if absent */
    usec_t received_at;
};

/* How an execution of AWS IoT Commands stands: an event, or the answer to a question. */
struct companion_execution {
    const char *thing;        /* NULL: it does not say */
    const char *execution_id; /* NULL: it does not say */
    const char *status;       /* "SUCCEEDED", …; NULL if it was rejected */
    bool rejected;            /* the service did not take the question, or knows of none */
    struct slice payload;
    usec_t received_at;
};

/* A publish that was handed to Paho. */
struct companion_publish {
    uint64_t id;    /* from 1, per companion */
    usec_t sent_at; /* clock_now() right before it is given to Paho; above 100 in flight, or the
                       server's Receive Maximum, it waits its turn from then on */
};

struct companion_acked {
    struct companion_publish publish;
    bool ok;          /* PUBACK came and says success */
    int reason_code;  /* MQTT 5 reason code, else 0 */
    const char *text; /* "" if ok; why not, with a reason code: what the broker said beside it */
    usec_t at;
};

/* The answer to one companion_subscribe() or companion_unsubscribe(). */
struct companion_subscribed {
    uint64_t id; /* what that call returned; of a renewed subscription, which need not be known */
    bool ok;
    int reason_code;    /* of SUBACK or UNSUBACK; 3.1.1: QoS, or 0x80 */
    const char *remark; /* what the broker said beside it, "" if nothing */
    usec_t at;
};

/* What the owner wants to hear; any member may be NULL. */
struct companion_events {
    void (*connected)(void *ctx, const struct companion_connected *e);
    void (*lost)(void *ctx, const struct companion_lost *e);
    /* All SUBACKs of one watch came; again after each reconnect. */
    void (*watching)(void *ctx, const struct companion_watching *e);
    void (*shadow)(void *ctx, const struct companion_shadow *e);
    void (*response)(void *ctx, const struct companion_response *e);
    void (*presence)(void *ctx, const struct companion_presence *e);
    void (*listening)(void *ctx, const struct companion_listening *e);
    void (*execution)(void *ctx, const struct companion_execution *e);
    void (*acked)(void *ctx, const struct companion_acked *e);
    void (*subscribed)(void *ctx, const struct companion_subscribed *e);
    /* What a companion_subscribe() asked for; besides the events above, if it is that too. */
    void (*message)(void *ctx, const struct mqtt_message *message, usec_t received_at);
    /* After `lost`: another attempt to connect begins. */
    void (*connecting)(void *ctx);
    /* The answer to companion_fence(), unless the connection ends first. */
    void (*fenced)(void *ctx);
};

/* Chooses what all companions of the process offer in TLS (NULL: OpenSSL's defaults) and starts
   Paho's threads ahead of the first of them, which then connects 100 ms sooner. Never needed; while
   there is no companion, e.g. while the broker starts. */
bool companion_prepare(const struct paho_tls *tls, struct error *err);

/* Starts connecting; NULL with err for what can be known at once (a missing file, a bad name). */
struct companion *companion_new(struct loop *loop, const struct companion_options *options,
                                const struct companion_events *events, void *ctx,
                                struct error *err);
/* Says DISCONNECT if connected, and is gone: no event follows. NULL is a no-op. */
void companion_free(struct companion *c);
/* Says DISCONNECT and stays away, until companion_open(); no `lost` event. Publishes that were
   still waiting get their `acked`, not ok. Idempotent. */
void companion_close(struct companion *c);
/* Connects again after companion_close(); a no-op otherwise. */
void companion_open(struct companion *c);

const char *companion_client_id(const struct companion *c);
/* From the `connected` event until the `lost` event. */
bool companion_is_connected(const struct companion *c);

/* What besides update, get and delete accepted and rejected, presence and responses. */
enum companion_watch_flags {
    COMPANION_WATCH_DOCUMENTS = 1,   /* update/documents: two states and metadata each time */
    COMPANION_WATCH_DELTA = 2,       /* update/delta */
    COMPANION_WATCH_NAMED = 4,       /* every message about every named shadow */
    COMPANION_WATCH_LIFECYCLE = 8,   /* presence and subscriptions only: no shadows */
    COMPANION_WATCH_EXECUTIONS = 16, /* companion_watch_executions() */
    COMPANION_WATCH_UPDATES = 32     /* update/accepted and update/rejected only: no presence; with
                                        COMPANION_WATCH_NAMED, of named shadows as well */
};

/* Remembered, and subscribed now if connected and at every connect. Watching the same thing again
   with the same flags only repeats the `watching` event. False: the name is not a thing's. */
bool companion_watch(struct companion *c, const char *thing, unsigned flags, struct error *err);
/* Every thing, by wildcards. */
void companion_watch_all(struct companion *c, unsigned flags);

/* The events of executions that this companion starts; `watching` has its client id as the thing.
 */
void companion_watch_executions(struct companion *c);

/* Subscribes to any filter, also "$share/group/filter", and repeats that at every connect. A filter
   subscribed to before is given new options. `subscribed` tells the answer, unless the connection
   ends first; if that was the first one, or if it says no, the subscription is dropped. False: not
   connected, not a filter, or not on this broker. The options count on MQTT 5 only. */
bool companion_subscribe(struct companion *c, const struct mqtt_filter *filter, uint64_t *ret_id,
                         struct error *err);
/* False: not subscribed, or not connected, which ends the subscription as well. */
bool companion_unsubscribe(struct companion *c, struct slice filter, uint64_t *ret_id,
                           struct error *err);

/* Begins a round trip behind all that was said so far; when `fenced` comes, whatever the broker had
   to say until then has been told, and all publishes are acknowledged. False: not connected. */
bool companion_fence(struct companion *c);

/* All that publish: false with err when not connected, or when the arguments cannot make a message;
   ret may be NULL. QoS 1. Names of things and shadows are contract 1.1's. */

/* One of a thing's shadows. */
struct companion_twin {
    const char *thing;
    const char *name; /* NULL: the classic one */
};

/* {"state":{"desired":STATE},"clientToken":TOKEN} to …/shadow/update; token NULL: none. */
bool companion_desire(struct companion *c, struct companion_twin twin, const char *state_json,
                      const char *token, struct companion_publish *ret, struct error *err);
bool companion_get_shadow(struct companion *c, struct companion_twin twin, const char *token,
                          struct companion_publish *ret, struct error *err);
bool companion_delete_shadow(struct companion *c, struct companion_twin twin, const char *token,
                             struct companion_publish *ret, struct error *err);
/* Any bytes to …/shadow/update, as an ill-behaved app would. */
bool companion_update_raw(struct companion *c, struct companion_twin twin, struct slice payload,
                          struct companion_publish *ret, struct error *err);

/* One remote command (contract 9.1). Sending the same request_id twice is a duplicate; an
   expires_at_ms in the past an expired command. */
struct companion_request {
    const char *thing;
    const char *command_json; /* any JSON value */
    const char *request_id;
    usec_t expiry;         /* from issued_at_ms; 0: never expires */
    int64_t issued_at_ms;  /* wall clock; 0: now */
    int64_t expires_at_ms; /* wall clock; 0: issued_at_ms + expiry */
    bool bare;             /* MQTT 5: leave out the properties, as a 3.1.1 app does */
};

/* Of commands. */
const struct topic_set *companion_topics(const struct companion *c);
/* {"requestId","responseTopic","issuedAt","expiresAt"?,"command"} to cmd/fleetsim/<thing>/request;
   on MQTT 5 also Response Topic, Correlation Data, Content Type and, if there is time left, Message
   Expiry Interval (whole seconds, rounded up). */
bool companion_request(struct companion *c, const struct companion_request *request,
                       struct companion_publish *ret, struct error *err);

/* One execution of AWS IoT Commands, by the local cloud's stand-in for the HTTPS API
   (docs/cloud.md). The command is named after the companion. */
struct companion_start {
    const char *thing;
    const char *execution_id; /* 1 to 64 of A-Z a-z 0-9 _ - */
    const char *command_json; /* any JSON value: the request's payload */
    uint32_t timeout_s;       /* 0: the service's default, 10 s */
};
bool companion_execute(struct companion *c, const struct companion_start *start,
                       struct companion_publish *ret, struct error *err);
/* Asks how it stands. */
bool companion_get_execution(struct companion *c, const char *thing, const char *execution_id,
                             struct error *err);

/* Any message; QoS 0 is acked as soon as it is out. Properties count on MQTT 5 only. */
bool companion_publish(struct companion *c, const struct mqtt_message *message,
                       struct companion_publish *ret, struct error *err);
/* Likewise, QoS 1. */
bool companion_publish_raw(struct companion *c, const char *topic, struct slice payload,
                           struct companion_publish *ret, struct error *err);

#endif
