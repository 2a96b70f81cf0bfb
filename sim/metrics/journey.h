/*
 * journey.h — the way of one remote command: the moments it passes and the stages between them.
 *
 * All moments are usec_t on one clock (timeunit.h), whichever thread stamped them.
 */
#ifndef METRICS_JOURNEY_H
#define METRICS_JOURNEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timeunit.h"

/* ORDER JOURNEY_MARK */
enum journey_mark {
    JOURNEY_INTENDED, /* when the schedule wanted it sent */
    JOURNEY_SENT,     /* when the companion did send it */
    JOURNEY_ACCEPTED, /* the companion saw that the cloud accepted it */
    JOURNEY_SMS_SENT, /* the wake-up message left */
    JOURNEY_WOKEN,    /* the vehicle woke up by it */
    JOURNEY_BOOTED,   /* and begins to connect */
    JOURNEY_TCP_UP,   /* the vehicle's connection, if it had to make one */
    JOURNEY_TLS_DONE,
    JOURNEY_CONNACKED,
    JOURNEY_CONNECTED,       /* online: subscribed, ready to receive */
    JOURNEY_RECEIVED,        /* the vehicle has the command */
    JOURNEY_STARTED,         /* the actuator began to move */
    JOURNEY_ACTED,           /* the actuator arrived */
    JOURNEY_REPORTED,        /* the vehicle sent its report or response */
    JOURNEY_REPORT_ACCEPTED, /* the cloud accepted that */
    JOURNEY_SEEN,            /* the companion saw the result */
    JOURNEY_MARK_COUNT,
};

/* ORDER JOURNEY_OUTCOME */
enum journey_outcome {
    JOURNEY_OPEN,      /* still under way */
    JOURNEY_SUCCEEDED, /* the companion saw the desired result */
    JOURNEY_REJECTED,  /* the cloud or the vehicle refused it */
    JOURNEY_FAILED,    /* the vehicle tried and could not */
    JOURNEY_EXPIRED,   /* dropped because its expiry had passed */
    JOURNEY_LOST,      /* known never to arrive: connection, message or shard gone */
    JOURNEY_TIMED_OUT, /* the companion gave up waiting */
    JOURNEY_OUTCOME_COUNT,
};

#define JOURNEY_TOKEN_MAX                                                                          \
    64 /* with the NUL; longer tokens are told apart by their first 63 bytes */
#define JOURNEY_KIND_MAX 32
/* How tokens of the companion page's commands begin; what follows is the moment of the click, in
   microseconds since the Unix epoch, "-" and something random. */
#define JOURNEY_PAGE "page-"

struct journey {
    char token[JOURNEY_TOKEN_MAX];
    char kind[JOURNEY_KIND_MAX]; /* "unlock", "climate", … or "" */
    uint32_t vehicle_index;
    enum journey_outcome outcome;
    uint32_t marked; /* bit per mark that is present */
    usec_t at[JOURNEY_MARK_COUNT];
    usec_t ended; /* when recorder_journey_end() was told; 0 while open */
};

/* A stage is the time from one mark to another. */
struct journey_stage {
    const char *name;
    enum journey_mark from, to;
    uint32_t needs;      /* further marks that must be present, as bits */
    bool succeeded_only; /* a quick refusal must not make commands look fast */
};

#define JOURNEY_STAGE_COUNT 10
extern const struct journey_stage journey_stages[JOURNEY_STAGE_COUNT];

static inline bool journey_has(const struct journey *j, enum journey_mark mark)
{
    return (j->marked >> mark & 1u) != 0;
}

/* From intended to seen, or to its end if the companion never saw a result; 0 while open. */
usec_t journey_total(const struct journey *j);
/* "intended", "sent", … */
const char *journey_mark_name(enum journey_mark mark);
/* "succeeded", "rejected", "timed_out", … */
const char *journey_outcome_name(enum journey_outcome outcome);

#endif
