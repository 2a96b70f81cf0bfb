/*
 * presence.h — who is, and was, connected: one record per client id, and the lifecycle and
 * subscription events that AWS IoT publishes about it (contract 2).
 *
 * A record outlives its connection, because its versionNumber, its policy (offline sessions are
 * still delivered to) and its filters do. It is forgotten an hour after the connection has ended.
 *
 * Owns      the records. Records are valid until presence_sweep() forgets them.
 */
#ifndef CLOUD_CLIENTS_PRESENCE_H
#define CLOUD_CLIENTS_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/slice.h"
#include "base/table.h"
#include "base/text.h"
#include "cloud/clients/actions.h"
#include "cloud/registry/access.h"

#define PRESENCE_CLIENT_ID_MAX 128
/* Filters of one SUBSCRIBE, and so of one subscription event (contract 6.8). */
#define PRESENCE_EVENT_TOPICS 8

/* ORDER PRESENCE_REASON */
enum presence_reason {
    PRESENCE_NONE,
    PRESENCE_AUTH_ERROR,
    PRESENCE_CLIENT_INITIATED,
    PRESENCE_CLIENT_ERROR,
    PRESENCE_CONNECTION_LOST,
    PRESENCE_DUPLICATE_CLIENT_ID,
    PRESENCE_KEEP_ALIVE_TIMEOUT,
    PRESENCE_SERVER_ERROR,
    PRESENCE_SERVER_INITIATED,
    PRESENCE_API_INITIATED,
    PRESENCE_REASON_COUNT
};
/* "CONNECTION_LOST": as in the event. */
const char *presence_reason_name(enum presence_reason reason);
/* From the end of the broker's log, which it writes just before it ends a connection: the last word
   about that client, or PRESENCE_NONE. */
enum presence_reason presence_reason_from_log(struct slice tail, const char *client_id);

struct first_contact_certificate;

/* A client as the broker introduces it. All borrowed. */
struct presence_peer {
    const void *handle; /* the broker's; tells two connections of one client id apart */
    const char *client_id;
    const char *address;
    const char *common_name, *unit; /* certificate subject; NULL: none */
    const char *principal;          /* 64 hex digits, or the user; NULL: neither */
    const char *user;               /* whom an authorizer has let in (authorizer.h), by his policy's
                                       name; NULL: who comes with a certificate */
    bool owner;                     /* came over the socket that only fleetsim's user can open */
    const char *attributes;         /* of its certificate (policy_variable.h); NULL: none */
    bool clean_start;
    bool
        is_thing; /* its certificate is attached to a thing of its client id: the registry's word */
    const struct first_contact_certificate *certificate; /* NULL: the fleet's own */
};

struct client {
    char *id;
    const void *handle;           /* NULL: not connected */
    enum presence_reason closing; /* why the connection will end, if that is known already */
    struct access_view view;      /* the policies that hold for it */
    char *common_name, *unit;     /* or NULL */
    char *attributes;             /* of its certificate (policy_variable.h); or NULL */
    bool owner;                   /* no events about it */
    bool is_user;                 /* an authorizer has let him in; `principal` is his name */
    bool persistent;              /* its session outlives the connection */
    bool was_another;             /* the connection before this one had another certificate */
    bool cut_off;  /* the server has ended while it was connected: nobody was told yet */
    bool is_thing; /* attached to a thing of its own name, when it was last looked at */
    char principal[65];
    char address[64];
    char session_id[37];
    int64_t version;
    int64_t connected_ms;
    int64_t gone_at; /* ms, while not connected */
    enum presence_reason gone_why;
    char **filters; /* in force; as subscribed, with $share */
    size_t filter_count;
    size_t *document_filters; /* the presence's */
};

struct presence {
    struct table clients;    /* by client id */
    size_t document_filters; /* of them all, that take update/documents of any shadow */
    struct rng rng;
    /* A client has connected, is gone, or is forgotten. NULL: nobody wants to know. */
    void (*changed)(void *ctx, const char *client_id);
    void *ctx;
    int64_t tell_at; /* ms: when those that were cut off are told of; 0: there are none */
    /* Filters of the SUBSCRIBE or UNSUBSCRIBE that is being served. */
    struct client *event_client; /* NULL: none */
    bool event_subscribed;
    char *event_topics[PRESENCE_EVENT_TOPICS];
    size_t event_topic_count;
};

void presence_init(struct presence *p, uint64_t seed);
void presence_done(struct presence *p);

/* NULL if unknown. */
struct client *presence_find(const struct presence *p, const char *client_id);
size_t presence_connected_count(const struct presence *p);

/* The client as a policy sees it, but for its thing; valid as long as the client. */
struct policy_principal presence_principal(const struct client *client);
/* Whose policies hold for it; likewise. */
struct access_subject presence_subject(const struct client *client);
/* The first for one who knocks. */
struct policy_principal presence_peer_principal(const struct presence_peer *peer);

/* The peer is let in: makes or renews its record, and publishes `connected`, after the
   `disconnected` of the connection that it takes over. NULL: no memory; the events so far stand. */
struct client *presence_connect(struct presence *p, const struct presence_peer *peer,
                                int64_t now_ms, struct cloud_actions *out);
/* The peer is authenticated but may not connect. */
bool presence_refuse(struct presence *p, const struct presence_peer *peer, int64_t now_ms,
                     struct cloud_actions *out);
/* `reason` counts unless the client's own `closing` says better. */
bool presence_disconnect(struct presence *p, struct client *client, enum presence_reason reason,
                         int64_t now_ms, struct cloud_actions *out);

/* One filter of a SUBSCRIBE or UNSUBSCRIBE: keeps the client's filters, collects the event. */
bool presence_subscribe(struct presence *p, struct client *client, const char *filter,
                        int64_t now_ms, struct cloud_actions *out);
bool presence_unsubscribe(struct presence *p, struct client *client, const char *filter,
                          int64_t now_ms, struct cloud_actions *out);
/* Has anybody subscribed to update/documents of any shadow, as far as the filter tells? */
bool presence_hears_documents(const struct presence *p);
/* Has the client subscribed to exactly that filter? */
bool presence_has_filter(const struct client *client, const char *filter);
/* Publishes the collected event, if there is one. */
bool presence_flush(struct presence *p, int64_t now_ms, struct cloud_actions *out);
/* Publishes what is due about the clients that were connected when the server ended and have not
   come back since: a SERVER_INITIATED_DISCONNECT. */
bool presence_tell_cut_off(struct presence *p, int64_t now_ms, struct cloud_actions *out);
/* Ends every connection that was made with one of these certificates: the keys, ids. */
bool presence_cut(struct presence *p, const struct table *principals, struct cloud_actions *out);
/* Appends a line of JSON, {"client":ID,…}, for each record but the owner's. */
void presence_save(const struct presence *p, int64_t now_ms, struct text *to);
/* Takes over such a line, as of a client that is not connected, or not any more. False: it is none,
   or no memory. */
bool presence_load(struct presence *p, const cJSON *record, int64_t now_ms);
/* Forgets clients that have been gone for an hour. */
void presence_sweep(struct presence *p, int64_t now_ms);

#endif
