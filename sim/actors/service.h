/*
 * service.h — the command service of a connected-vehicle platform: an actor beside the cars that
 * takes commands from people's apps, voices and web pages, and sees to it that each car gets them.
 *
 * A companion (companion.h) with a session that outlives its connections. It keeps who is online
 * from lifecycle events, decides by dispatch.h, publishes requests, and tells the apps of the users
 * who own a car how their commands fare, on app/fleetsim/<user>/commands/<car>. What it cannot do
 * itself, to send text messages and to look into the index of connectivity, its owner does for it.
 *
 * Owns      its companion, a record of each car that it had to do with, the commands.
 * Borrows   the loop, the recorder, the events table and ctx; all outlive it.
 * Clock     the script clock (loop.h), so that hours of waiting pass in virtual time.
 * Threads   every function is called on the loop's thread, and may be called from inside any event
 *           but service_free(); no event comes from inside a call.
 */
#ifndef ACTORS_SERVICE_H
#define ACTORS_SERVICE_H

#include "actors/companion.h"
#include "actors/dispatch.h"
#include "metrics/recorder.h"

#define SERVICE_CHANNEL_MAX 16

struct service;

struct service_options {
    struct companion_options link; /* copied, as companion_new() does */
    struct dispatch_rules rules;
    struct recorder *recorder; /* NULL: nothing is recorded */
    bool watch_all;            /* listen to the events of every car, also of those not dealt with
                                  yet; it comes to that by itself when they are many */
};

/* 5 s to confirm that a car is offline; text messages after 0, 10, 30, 70 and 150 s; 10 s to
   subscribe; sessions of an hour. */
void service_rules_defaults(struct dispatch_rules *rules);

/* A command as somebody gives it. Strings are copied. */
struct service_order {
    const char *thing;
    const char *id; /* its request id, 1 to 64 bytes; the same again is the same command */
    const char *command_json; /* what the car is to do */
    const char *user;         /* who; NULL: nobody that is known */
    const char *channel; /* "app", "voice", "web", …: 1 to SERVICE_CHANNEL_MAX of a-z 0-9 - _ */
    usec_t front;        /* from the user's word to the service */
    usec_t expiry;       /* from the user's word */
    void *tag;           /* comes back with each change of status */
};

/* How a command fares; valid during the call only. */
struct service_status {
    const char *thing, *id;
    void *tag;
    enum dispatch_status status;
    const char *reason, *description; /* NULL: none */
    struct slice answer;              /* what the car said, as it came; empty: nothing yet */
    usec_t at;                        /* clock_now() when that became known */
};

/* Any member may be NULL. */
struct service_events {
    void (*connected)(void *ctx);
    void (*ready)(void *ctx); /* service_is_ready() */
    void (*lost)(void *ctx, const struct companion_lost *e);
    void (*connecting)(void *ctx);
    void (*fenced)(void *ctx);
    /* Before anything is published, or subscribed. */
    void (*speaks)(void *ctx);
    void (*status)(void *ctx, const struct service_status *e);
    void (*sent)(void *ctx, const char *thing, const char *id, bool again, usec_t at);
    /* Send the car a text message, for this command. */
    void (*tap)(void *ctx, const char *thing, const char *id, bool again);
    /* What an index of connectivity would say of a car; false: it cannot say, now. */
    bool (*look_up)(void *ctx, const char *thing, bool *ret_connected);
    /* Something about a car, for its timeline. */
    void (*note)(void *ctx, const char *thing, const char *what, const char *text, usec_t at);
};

/* Starts connecting; NULL with err for what is known at once. */
struct service *service_new(struct loop *loop, const struct service_options *options,
                            const struct service_events *events, void *ctx, struct error *err);
/* Gone, with all that is open; no event follows. NULL is a no-op. */
void service_free(struct service *s);

/* Connected, and told of the comings and goings of each car that it deals with. */
bool service_is_ready(const struct service *s);
/* The service goes away for a while, and comes back; commands wait, its session is kept. */
void service_close(struct service *s);
void service_open(struct service *s);
/* As companion_fence(). */
bool service_fence(struct service *s);

/* From now on this user owns this car too; only owners may give it commands, if it has any. False:
   a name that cannot be a level of a topic. */
bool service_own(struct service *s, const char *user, const char *thing, struct error *err);

/* Takes a command. ret_tag: of the first command of this id and car, which need not be this one.
   False with err: a bad name, id, channel or JSON. */
bool service_command(struct service *s, const struct service_order *order, void **ret_tag,
                     struct error *err);
/* Who is online, as the service sees it. */
enum car_link service_presence(struct service *s, const char *thing);

#endif
