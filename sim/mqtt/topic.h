/*
 * topic.h — MQTT topic names and filters (MQTT 5, 4.7 and 4.8.2), and templates that take a topic
 * apart. Pure; no allocation; all slices borrow from the arguments.
 */
#ifndef MQTT_TOPIC_H
#define MQTT_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* A topic to publish to: 1 to 65,535 bytes of UTF-8 without U+0000 and without wildcards. */
bool mqtt_topic_name_valid(struct slice topic);

/* A filter to subscribe to: '+' fills a level, '#' fills the last; after "$share/" a group without
   wildcards and then a filter. */
bool mqtt_topic_filter_valid(struct slice filter);

/* Does a message to `topic` reach a subscription to `filter`? Wildcards in the first level do not
   match topics that start with '$' (MQTT-4.7.2-1); of a shared subscription the part after the
   group counts. Both are taken to be valid. */
bool mqtt_topic_matches(struct slice filter, struct slice topic);

/* Takes a topic apart after a template, level by level:
 *     "$aws/things/{thing}/shadow/{op...}" on "$aws/things/car/shadow/update/delta"
 *     captures "car" and "update/delta".
 * {name} captures one level, {name...} (last) one or more; neither captures nothing at all. '+' and
 * '#' are as in filters and capture nothing; other levels stand for themselves. Captures are stored
 * in order, at most `max`; further ones match and are dropped. *captures is undefined on false.
 */
bool topic_match(const char *template, struct slice topic, struct slice *captures, size_t max);

#endif
