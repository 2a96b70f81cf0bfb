/*
 * rules.h — AWS IoT's rules as a table: messages whose topic matches go to a file, to an HTTP
 * server or, under another topic, back into the cloud; and basic ingest (contract 6.10), where what
 * is published to $aws/rules/<rule>/<rest> goes straight to that rule, and to no subscriber.
 *
 * {"rules":[{"name":"…","topic":"…","republish":"…","file":"…","http":"…","payload":{…}}]}
 * docs/cloud.md says what the members mean. The rule "republish" is always there: it publishes the
 * message again as <rest>.
 *
 * A message that a rule has made starts no other rule.
 *
 * Owns      the table.
 * Errors    no memory: false, and the actions so far stand.
 */
#ifndef CLOUD_RULES_H
#define CLOUD_RULES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "base/text.h"
#include "cloud/clients/actions.h"

#define RULES_MAX 100

struct rule;

struct rules {
    struct rule *items;
    size_t count;
    uint64_t dropped; /* messages that a rule could not make anything of */
};

void rules_init(struct rules *r);
void rules_done(struct rules *r);
/* Adds the rules of a document, or one rule; all or none. Relative paths are below `folder`. The
   error (ERROR_USAGE) names the rule and the member. */
bool rules_add_document(struct rules *r, struct slice text, const char *folder, struct error *err);
bool rules_add(struct rules *r, const cJSON *rule, const char *folder, struct error *err);
bool rules_remove(struct rules *r, const char *name);
/* Of the rules that came while the cloud ran: appends a line of JSON, {"rule":{…}}, for each, and
   takes over such a line. False: it is none, or no memory. */
void rules_remember(struct rules *r, const char *name);
void rules_save(const struct rules *r, struct text *to);
bool rules_load(struct rules *r, const cJSON *record);

struct rules_message {
    const char *topic;
    const char *client_id; /* NULL: the cloud itself */
    struct slice payload;
};

/* What the rules make of a message: publishes, files, posts. */
bool rules_apply(struct rules *r, const struct rules_message *message, int64_t now_ms,
                 struct cloud_actions *out);
/* Likewise of one that came by basic ingest; unknown rules take it silently. */
bool rules_ingest(struct rules *r, const struct rules_message *message, int64_t now_ms,
                  struct cloud_actions *out);

/* Is it a topic of basic ingest? */
bool rules_is_ingest(const char *topic);
/* <rest>, within the topic, if it is for the rule that republishes; else NULL. */
const char *rules_republished(const char *topic);

#endif
