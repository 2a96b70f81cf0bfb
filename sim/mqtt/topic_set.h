/*
 * topic_set.h — the topics of a car's commands and telemetry, as patterns: fleetsim's own
 * (fleetsim/topics.h), or those of another cloud.
 *
 * A pattern has %s for the thing, and where there is a second thing to say (the companion that
 * asked, the kind of telemetry) a second %s behind it. Device shadows and presence are AWS IoT's
 * and have no choice.
 */
#ifndef MQTT_TOPIC_SET_H
#define MQTT_TOPIC_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/slice.h"

enum { TOPIC_PATTERN_MAX = 128 };

struct topic_set {
    char request[TOPIC_PATTERN_MAX];   /* thing */
    char response[TOPIC_PATTERN_MAX];  /* thing, companion */
    char config[TOPIC_PATTERN_MAX];    /* thing */
    char telemetry[TOPIC_PATTERN_MAX]; /* thing, kind */
};

void topic_set_defaults(struct topic_set *set);
/* "request=fleet/{thing}/in", "response=fleet/{thing}/out/{app}", "config=…{thing}…",
   "telemetry=…{thing}…{kind}…": each {…} once, in this order, as a level of its own. ERROR_USAGE
   says what is wrong. */
bool topic_set_choose(struct topic_set *set, const char *text, struct error *err);

/* The topic; free() it. `second` may be NULL. */
char *topic_pattern_make(const char *pattern, const char *thing, const char *second);
/* Is it a topic of that pattern? The parts borrow the topic. */
bool topic_pattern_match(const char *pattern, struct slice topic, struct slice *ret_thing,
                         struct slice *ret_second);

#endif
