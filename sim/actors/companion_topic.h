/*
 * companion_topic.h — which of the topics a companion listens to a topic is (contract 1.1, 2;
 * fleetsim/topics.h). Pure.
 */
#ifndef ACTORS_COMPANION_TOPIC_H
#define ACTORS_COMPANION_TOPIC_H

#include <stdbool.h>

#include "base/slice.h"

/* ORDER COMPANION_VERB */
enum companion_verb {
    COMPANION_VERB_GET,
    COMPANION_VERB_UPDATE,
    COMPANION_VERB_DELETE,
    COMPANION_VERB_COUNT
};
const char *companion_verb_name(enum companion_verb verb); /* "update" */

/* ORDER COMPANION_OUTCOME */
enum companion_outcome {
    COMPANION_OUTCOME_ACCEPTED,
    COMPANION_OUTCOME_REJECTED,
    COMPANION_OUTCOME_DELTA,
    COMPANION_OUTCOME_DOCUMENTS,
    COMPANION_OUTCOME_COUNT
};
const char *companion_outcome_name(enum companion_outcome outcome); /* "accepted" */

enum companion_topic_kind {
    COMPANION_TOPIC_OTHER,  /* none of ours; the rest of the struct is empty */
    COMPANION_TOPIC_SHADOW, /* subject: thing; detail: shadow name, empty: classic; verb, outcome */
    COMPANION_TOPIC_RESPONSE,     /* subject: thing; detail: the companion that asked */
    COMPANION_TOPIC_CONNECTED,    /* subject: client id */
    COMPANION_TOPIC_DISCONNECTED, /* subject: client id */
    COMPANION_TOPIC_SUBSCRIBED,   /* subject: client id */
    COMPANION_TOPIC_UNSUBSCRIBED, /* subject: client id */
    COMPANION_TOPIC_EXECUTION, /* an event (subject: the command, detail: the status) or an answer
                                  (subject: thing, detail: the execution, outcome) */
    COMPANION_TOPIC_KIND_COUNT
};
const char *companion_topic_kind_name(enum companion_topic_kind kind);

/* Slices point into the parsed topic. */
struct companion_topic {
    enum companion_topic_kind kind;
    struct slice subject;
    struct slice detail;
    enum companion_verb verb;
    enum companion_outcome outcome;
};

/* `responses` is the pattern of topic_set.h. Any bytes will do; false means COMPANION_TOPIC_OTHER.
 */
bool companion_topic_parse(const char *responses, struct slice topic, struct companion_topic *ret);

#endif
