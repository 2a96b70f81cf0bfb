/*
 * dispatch.h — the commands for one car, and what is to be done for them now. Pure: what happens
 * goes in with its time, what is to be done comes out; nothing here knows of a broker or a clock.
 *
 *     new → created → (waking) → sent → succeeded | rejected | failed | timed_out
 *               └──────┴─────────────→ expired: it was never sent, and never will be
 *
 * First in, first out: the next command goes out when the former is answered or dead. A car that is
 * offline is tapped on the shoulder, again and again with growing pauses, and gets the command once
 * it is connected and listens. A request that may not have reached the car goes again under the
 * same id, which cars execute once.
 *
 * Owns      nothing: commands are the caller's, linked in from dispatch_add() until dispatch_trim()
 *           or dispatch_take() hands them back.
 */
#ifndef ACTORS_DISPATCH_H
#define ACTORS_DISPATCH_H

#include <stddef.h>

#include "actors/car_presence.h"

#define DISPATCH_ID_MAX 64

/* ORDER DISPATCH_STATUS */
enum dispatch_status {
    DISPATCH_NEW,     /* on its way to the service */
    DISPATCH_CREATED, /* waits for its turn, or for its car */
    DISPATCH_WAKING,  /* its car is offline and gets text messages */
    DISPATCH_SENT,
    DISPATCH_SUCCEEDED, /* from here on: over */
    DISPATCH_REJECTED,
    DISPATCH_FAILED,
    DISPATCH_TIMED_OUT, /* sent, but not answered in time; an answer may still come */
    DISPATCH_EXPIRED,   /* never sent */
    DISPATCH_STATUS_COUNT
};
const char *dispatch_status_name(enum dispatch_status status); /* "SUCCEEDED" */
/* What a car says: DISPATCH_STATUS_COUNT if it is no final status. */
enum dispatch_status dispatch_status_of(const char *name);
static inline bool dispatch_is_over(enum dispatch_status status)
{
    return status >= DISPATCH_SUCCEEDED;
}

struct dispatch_command {
    struct dispatch_command *next;
    char id[DISPATCH_ID_MAX + 1];
    usec_t arrives;  /* at the service: earlier ones are served first */
    usec_t deadline; /* what is not answered by then is dead */
    enum dispatch_status status, told;
    bool answered;    /* by the car */
    bool undelivered; /* sent, but it may not have arrived */
};

struct dispatch_rules {
    struct car_presence_rules presence;
    usec_t tap_every; /* the pause after the first text message */
    double tap_backoff;
    unsigned taps_most; /* for one spell of being offline */
};

struct dispatch {
    struct car_presence presence;
    struct dispatch_command *first;             /* open */
    struct dispatch_command *over, **last_over; /* oldest first */
    size_t over_count;
    unsigned taps;
    usec_t tap_at;
};

enum dispatch_what {
    DISPATCH_SEND, /* publish the request of this command */
    DISPATCH_TAP,  /* send its car a text message */
    DISPATCH_TELL, /* its status has changed */
};

struct dispatch_action {
    enum dispatch_what what;
    struct dispatch_command *command;
    bool again; /* it was sent, or tapped for, before */
};

void dispatch_init(struct dispatch *d, usec_t now);
/* Takes a command whose id, arrival and deadline are set. */
void dispatch_add(struct dispatch *d, struct dispatch_command *command);
/* Open or over; NULL: none of that id. */
struct dispatch_command *dispatch_find(const struct dispatch *d, const char *id);

enum dispatch_reply {
    DISPATCH_REPLY_TAKEN,
    DISPATCH_REPLY_LATE,      /* to a command that had timed out: now it is known how it went */
    DISPATCH_REPLY_DUPLICATE, /* answered before */
    DISPATCH_REPLY_STRAY,     /* to no command of this car */
};
/* The car has answered; `status` is over. */
enum dispatch_reply dispatch_answer(struct dispatch *d, const char *id,
                                    enum dispatch_status status);
/* The car listens (anew): what was sent before may have been lost. */
void dispatch_subscribed(struct dispatch *d, const char *session, usec_t now);
/* The broker did not get the request; or, deaf, nobody listened to it. */
void dispatch_undelivered(struct dispatch *d, const char *id, bool deaf, usec_t now);
/* Somebody has given this command again: its status is told once more. */
void dispatch_repeated(struct dispatch_command *command);
/* The service has lost its session: answers and events may have been missed. */
void dispatch_resync(struct dispatch *d, usec_t now);

/* What is to be done next; the caller does it, and asks again until there is nothing. `linked`: is
   the service connected? */
bool dispatch_next(struct dispatch *d, const struct dispatch_rules *rules, usec_t now, bool linked,
                   struct dispatch_action *ret);
/* When there may be something to do again, or CAR_PRESENCE_NEVER. Call after dispatch_next() has
   found nothing. */
usec_t dispatch_due(const struct dispatch *d, const struct dispatch_rules *rules, usec_t now);

/* The oldest command that is over, if more than `keep` are remembered, else NULL. */
struct dispatch_command *dispatch_trim(struct dispatch *d, size_t keep);
/* Any command, NULL if there is none left. */
struct dispatch_command *dispatch_take(struct dispatch *d);

#endif
