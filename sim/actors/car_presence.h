/*
 * car_presence.h — is a car connected, and does it listen to requests, as far as lifecycle and
 * subscription events tell (contract 2)? Pure: each event comes with the time at which it came.
 *
 *     unknown → online ⇄ leaving → offline → online …
 *
 * Events may come late, twice and in any order. versionNumber says which connection one is about:
 * what is older than the newest connection heard of is stale. A connection that is lost may be back
 * at once, so a car is only *leaving* until nothing newer was heard for a while.
 *
 * A subscription outlives its connection if the session does, and no event says so: it is believed
 * for as long as a session is kept.
 */
#ifndef ACTORS_CAR_PRESENCE_H
#define ACTORS_CAR_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timeunit.h"

/* A moment that does not come. */
#define CAR_PRESENCE_NEVER UINT64_MAX

/* ORDER CAR_LINK */
enum car_link {
    CAR_LINK_UNKNOWN, /* nothing was heard of it */
    CAR_LINK_ONLINE,
    CAR_LINK_LEAVING, /* disconnected, perhaps only for a moment */
    CAR_LINK_OFFLINE,
    CAR_LINK_COUNT
};
const char *car_link_name(enum car_link link); /* "online" */

struct car_presence_rules {
    usec_t confirm_offline;  /* leaving for so long: offline */
    bool trust_goodbye;      /* a car that said DISCONNECT is offline at once */
    usec_t subscribe_within; /* after so long without an event it is taken to listen all the same */
    usec_t session_expiry;   /* so long its subscriptions outlive a connection */
};

struct car_presence {
    enum car_link link;
    int64_t version; /* of the newest connection heard of; -1: none */
    usec_t since;    /* when it came online, or left; of unknown: when it was first asked for */
    bool subscribed;
    char session[40];            /* sessionIdentifier of the newest connection, or "" */
    char subscribed_session[40]; /* of the connection in which it subscribed last */
};

/* ORDER CAR_NEWS */
enum car_news {
    CAR_NEWS_STALE,    /* about an older connection, or known already: nothing changed */
    CAR_NEWS_TAKEN,    /* something changed */
    CAR_NEWS_RETURNED, /* a leaving car is back: the disconnect was none to speak of */
};

/* An event as it came; strings are borrowed. */
struct car_event {
    int64_t version;     /* versionNumber; -1: none, as from brokers other than AWS IoT */
    const char *session; /* sessionIdentifier, or "" */
    bool goodbye;        /* clientInitiatedDisconnect */
};

void car_presence_init(struct car_presence *p, usec_t now);
enum car_news car_presence_connected(struct car_presence *p, const struct car_presence_rules *r,
                                     const struct car_event *e, usec_t now);
enum car_news car_presence_disconnected(struct car_presence *p, const struct car_presence_rules *r,
                                        const struct car_event *e, usec_t now);
/* To its requests. Subscription events have no version. */
enum car_news car_presence_subscribed(struct car_presence *p, const char *session, usec_t now);
enum car_news car_presence_unsubscribed(struct car_presence *p, const char *session, usec_t now);

/* What an index of connectivity says of a car of which no event has come. No-op otherwise. */
void car_presence_learn(struct car_presence *p, bool connected, usec_t now);
/* Events may have been missed: what was known of its connection is forgotten. */
void car_presence_forget(struct car_presence *p, usec_t now);
/* Nobody listens to its requests, as the broker found. */
void car_presence_deaf(struct car_presence *p, usec_t now);

/* Lets time pass: leaving becomes offline. */
void car_presence_tick(struct car_presence *p, const struct car_presence_rules *r, usec_t now);
/* When the next tick may change something, or CAR_PRESENCE_NEVER. */
usec_t car_presence_due(const struct car_presence *p, const struct car_presence_rules *r,
                        usec_t now);
/* May a request be sent to it? */
bool car_presence_ready(const struct car_presence *p, const struct car_presence_rules *r,
                        usec_t now);

#endif
