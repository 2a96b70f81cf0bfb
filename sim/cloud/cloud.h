/*
 * cloud.h — what a TCU sees of AWS IoT Core, without a broker: policy, presence, device shadows.
 *
 * Every function is one event of the broker with the wall time; the answer is a verdict on it and a
 * list of actions to carry out. No I/O, no clock, no globals, and no lack of memory ends it.
 *
 * Threads   one.
 */
#ifndef CLOUD_CLOUD_H
#define CLOUD_CLOUD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "cloud/clients/actions.h"
#include "cloud/clients/presence.h"

/* ORDER CLOUD_VERDICT */
enum cloud_verdict {
    CLOUD_ALLOW,
    CLOUD_DENY,                 /* quietly: not delivered, or a failure in the SUBACK */
    CLOUD_CLOSE_NOT_AUTHORIZED, /* the rest closes the connection (contract 7.3) */
    CLOUD_CLOSE_BAD_TOPIC,
    CLOUD_CLOSE_BAD_FILTER,
    CLOUD_CLOSE_QUOTA,
    CLOUD_CLOSE_SILENT, /* a certificate that may not connect: no CONNACK (contract 4.2, 4.4) */
    CLOUD_NO_MEMORY,
    CLOUD_VERDICT_COUNT
};
const char *cloud_verdict_name(enum cloud_verdict verdict);
/* The MQTT 5 DISCONNECT reason that goes with a closing verdict, else 0. */
uint8_t cloud_verdict_reason_code(enum cloud_verdict verdict);

struct cloud;
struct issuer;

/* The seed makes session identifiers. NULL: no memory. */
struct cloud *cloud_new(uint64_t seed);
void cloud_free(struct cloud *cloud);

/* CONNECT. CLOUD_ALLOW or a closing verdict. */
enum cloud_verdict cloud_connect(struct cloud *cloud, const struct presence_peer *peer,
                                 int64_t now_ms, struct cloud_actions *out);
/* Is that connection the current one of its client id? */
bool cloud_is_current(const struct cloud *cloud, const void *handle, const char *client_id);
/* The handle of the connection that is open under a client id, or NULL. */
const void *cloud_handle(const struct cloud *cloud, const char *client_id);
/* Shows visit() each authority whose certificates may be registered, with its PEM. */
void cloud_each_authority(const struct cloud *cloud,
                          void (*visit)(void *ctx, const char *id, const char *pem), void *ctx);
/* Changes with the set of these. */
unsigned cloud_authorities_changed(const struct cloud *cloud);
/* Who signs for the cloud (issuer.h); it must outlive it. NULL: nobody. */
void cloud_set_issuer(struct cloud *cloud, const struct issuer *issuer);

/* Where the cloud puts files that cars download by presigned URLs (cloud_presign()). */
struct cloud_shelf {
    /* Whole or not at all; for nobody else to read. */
    bool (*write)(void *ctx, const char *name, struct slice bytes);
    void (*remove)(void *ctx, const char *name);
    void *ctx;
};
/* Copied. Without one nothing is put anywhere. */
void cloud_set_shelf(struct cloud *cloud, const struct cloud_shelf *shelf);

/* A connection has ended. Ignored unless it is current: the broker may tell twice, and tells about
   clients that were never let in. */
bool cloud_disconnect(struct cloud *cloud, const void *handle, const char *client_id,
                      enum presence_reason reason, int64_t now_ms, struct cloud_actions *out);

/* One filter of a SUBSCRIBE or UNSUBSCRIBE. */
enum cloud_verdict cloud_subscribe(struct cloud *cloud, const char *client_id, const char *filter,
                                   int64_t now_ms, struct cloud_actions *out);
enum cloud_verdict cloud_unsubscribe(struct cloud *cloud, const char *client_id, const char *filter,
                                     int64_t now_ms, struct cloud_actions *out);

struct cloud_message {
    const void *handle; /* the connection it came over */
    const char *client_id;
    const char *topic;
    struct slice payload;
    bool retain;
};

/* May the client publish this? Also asked for a will, at whose time the connection is no longer
   current: then the worst is CLOUD_DENY. */
enum cloud_verdict cloud_publish(struct cloud *cloud, const struct cloud_message *message,
                                 int64_t now_ms);
/* A message that was allowed: the services act on it. Wills never come here (contract 6.7). */
enum cloud_verdict cloud_message(struct cloud *cloud, const struct cloud_message *message,
                                 int64_t now_ms, struct cloud_actions *out);
/* A will that was allowed: no service acts on it, but rules do. */
bool cloud_will(struct cloud *cloud, const struct cloud_message *message, int64_t now_ms,
                struct cloud_actions *out);
/* What the rules make of messages of the cloud's own: of those in `said` that no rule has made. */
bool cloud_follow(struct cloud *cloud, const struct cloud_actions *said, int64_t now_ms,
                  struct cloud_actions *out);
/* From now on clients are kept within AWS IoT's rates (quota.h). */
void cloud_keep_quotas(struct cloud *cloud);
/* From now on placeholders in documents of jobs become URLs: what presign_read() takes. */
bool cloud_presign(struct cloud *cloud, const char *how);
/* Adds rules (rules.h): a document, whose files are below `folder`. */
bool cloud_add_rules(struct cloud *cloud, struct slice text, const char *folder, struct error *err);

/* A policy of that name that comes with every start, in the place of one if there is (contract 7);
   before cloud_load(), whose word counts for more. */
bool cloud_put_policy(struct cloud *cloud, const char *name, struct slice document, int64_t now_ms,
                      struct error *err);

/* Why the latest CLOUD_CLOSE_NOT_AUTHORIZED of a connected client came, in words; valid until the
   next event. */
const char *cloud_denial(const struct cloud *cloud);

/* May the client receive this? `retain`: the message carries the flag. */
enum cloud_verdict cloud_deliver(struct cloud *cloud, const char *client_id, const char *topic,
                                 bool retain, int64_t now_ms);

/* Does the client subscribe to what it publishes there itself? */
bool cloud_hears_itself(const struct cloud *cloud, const char *client_id, const char *topic);

/* What the owner publishes to: {"command":"disconnect","clientId":"…","preventWillMessage":false}
   (contract 6.11), {"command":"status"}, {"command":"rule","rule":{…}} or
   {"command":"remove-rule","name":"…"} (rules.h), each with a "clientToken" if you like. The answer
   goes to CLOUD_CONTROL_TOPIC "/response", to the asker alone: {} or {"error":"…"}. */
#define CLOUD_CONTROL_TOPIC "$CONTROL/cloud/v1"
bool cloud_control(struct cloud *cloud, const char *client_id, struct slice payload,
                   struct cloud_actions *out);

/* What has to outlive the broker, as lines of JSON. False: no memory. */
bool cloud_save(const struct cloud *cloud, int64_t now_ms, struct text *to);
/* Changes with whatever cloud_save() may have to say. */
uint64_t cloud_changes(const struct cloud *cloud);
/* What of it a person would count: "1,000 things, 12 policies, 3 jobs"; "nothing". */
void cloud_describe(const struct cloud *cloud, struct text *to);
/* The same of cloud_save()'s lines. */
void cloud_describe_lines(struct slice text, struct text *to);
/* Into a new cloud. Lines that are not cloud_save()'s are left out: it returns how many. */
size_t cloud_load(struct cloud *cloud, struct slice text, int64_t now_ms);

/* What must not be lost before the next cloud_save(): certificates and policies, of which clients
   are told that they hold. From now on changes of them are noted. */
void cloud_begin_journal(struct cloud *cloud);
/* Appends lines of what has changed since the last call; none: nothing has. False: no memory. */
bool cloud_journal(struct cloud *cloud, struct text *to);
/* Takes over such lines, in the place of what is there: it returns how many it has left out. */
size_t cloud_replay(struct cloud *cloud, struct slice text);
/* The number of the next batch of such lines: whoever keeps them counts. */
uint64_t cloud_batch(const struct cloud *cloud);
void cloud_set_batch(struct cloud *cloud, uint64_t number);

/* Between events, as often as you like: publishes what has been collected, forgets what is old. */
bool cloud_tick(struct cloud *cloud, int64_t now_ms, struct cloud_actions *out);

#endif
