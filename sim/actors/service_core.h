/*
 * service_core.h — what the files of a command service share: service.c (cars, commands, what is
 * said), service_events.c (what it hears), service_parcel.c (that what is said arrives).
 */
#ifndef ACTORS_SERVICE_CORE_H
#define ACTORS_SERVICE_CORE_H

#include "actors/service.h"
#include "actors/service_document.h"

/* Commands that are over and remembered, per car: their ids are known, late answers are taken. */
#define SERVICE_REMEMBERED 64
/* What could not be published is tried again after so long. */
#define SERVICE_RETRY (500 * USEC_PER_MSEC)
/* The index, where it could not say, is asked again after so long. */
#define SERVICE_LOOK_UP         (250 * USEC_PER_MSEC)
#define SERVICE_UNACKED_BUCKETS 256
/* More cars than that are watched by wildcards: each takes 4 of the 50 subscriptions that a
   connection may have (contract 6.8). */
#define SERVICE_WATCH_MOST 11

struct service_command {
    struct dispatch_command base;
    void *tag;
    char *json, *user; /* user NULL: nobody */
    char channel[SERVICE_CHANNEL_MAX + 1];
    usec_t asked_at, sent_at; /* by the script clock */
    usec_t answered_at;       /* clock_now(), stamped on Paho's thread; 0: not yet */
    int64_t issued_at_ms, expires_at_ms;
    struct service_reason reason;
    char *answer; /* as it came, or NULL */
};

struct service_car {
    struct service_car *next; /* of its bucket */
    struct service *service;
    char *thing;
    struct dispatch dispatch;
    struct loop_timer timer;
    bool watching; /* its events come */
    char **owners;
    size_t owner_count;
};

/* A publish that is to be acknowledged: a request, or (with a topic) what a user is told. */
struct service_parcel {
    struct service_parcel *next;
    uint64_t publish_id;
    struct service_car *car;
    char id[DISPATCH_ID_MAX + 1];
    char *topic, *payload;
};

struct service {
    struct loop *loop;
    const struct service_events *events;
    void *ctx;
    struct dispatch_rules rules;
    struct recorder *recorder;
    struct companion *companion;
    bool connected;
    bool was_connected; /* ever: there may be something to catch up with */
    bool watch_all, watching_all;
    size_t watched, watching; /* cars one by one: asked for, granted */
    struct service_car **cars;
    size_t bucket_count, car_count;
    struct service_parcel *unacked[SERVICE_UNACKED_BUCKETS]; /* by publish id */
    struct service_parcel *waiting, **last_waiting;          /* for a connection */
};

/* ---- service.c ---- */

/* NULL: none of that name. */
struct service_car *service_find_car(const struct service *s, const char *thing);
/* Made if it is new. */
struct service_car *service_car(struct service *s, const char *thing);
/* Something has changed: does what is to be done, in a turn of its own. */
void service_wake(struct service_car *car);
void service_run(struct service_car *car);
void service_count(const struct service *s, const char *counter);
/* Of a car of which nothing was heard yet: what the index says. */
void service_look_up(struct service_car *car);

/* ---- service_events.c ---- */

void service_disconnected(struct service *s);

extern const struct companion_events service_companion_events;

/* ---- service_parcel.c ---- */

/* A request was handed to the companion. */
void service_await_ack(struct service *s, const struct service_parcel *parcel, const char *id);
/* Publishes topic and payload, which it takes, now or when there is a connection. */
void service_post(struct service *s, const struct service_parcel *parcel);
/* Publishes what waits. */
void service_flush(struct service *s);
void service_on_acked(void *ctx, const struct companion_acked *e);
void service_drop_parcels(struct service *s);

#endif
