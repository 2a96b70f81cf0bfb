/*
 * rules.h — basic ingest (contract 6.10): what is published to $aws/rules/<rule>/<rest> goes
 * straight to that rule, and to no subscriber. The local cloud has one rule, "republish", which
 * does what AWS's action of that name is mostly used for: publishes the message again as <rest>.
 */
#ifndef CLOUD_RULES_H
#define CLOUD_RULES_H

#include <stdbool.h>

/* Is it a topic of basic ingest? */
bool rules_is_ingest(const char *topic);
/* <rest>, within the topic, if it is for the rule that republishes; else NULL. */
const char *rules_republished(const char *topic);

#endif
