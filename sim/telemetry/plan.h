/*
 * plan.h — how the cars of one model do telemetry: what they collect of their own accord, how they
 * write it down, and what they do while offline. Read from a document of JSON, which is what the
 * options of the Lua part become; docs/telemetry.md has its members.
 *
 * Shared by reference count.  Borrows the schema.
 */
#ifndef TELEMETRY_PLAN_H
#define TELEMETRY_PLAN_H

#include "telemetry/campaign.h"
#include "telemetry/pack.h"

struct plan {
    const struct signal_schema *schema;
    enum telemetry_format format;
    char *topic; /* with {thing}, {model}, {kind}, {vin} */
    char *kind;
    uint8_t qos; /* 0 or 1 */
    bool deflate;
    struct campaign *rules[CAMPAIGNS_MAX];
    size_t rule_count;
    bool receives;    /* campaigns from the cloud */
    uint8_t *secret;  /* by signal: 1 if it is to be sealed; NULL: none is */
    size_t batch_max; /* samples of a message */
    usec_t batch_age; /* after which one goes out though it is not full */
    size_t waiting_max;
    bool persist; /* what waits survives a loss of power */
    bool has_key;
    struct seal_key key;
    unsigned references;
};

/* With one reference. `key` may be NULL, unless something is to be sealed. NULL with ERROR_FAILED.
 */
struct plan *plan_parse(struct slice json, const struct signal_schema *schema,
                        const struct seal_key *key, struct error *err);
struct plan *plan_keep(struct plan *p);
/* NULL is fine. */
void plan_drop(struct plan *p);

struct plan_names {
    const char *thing, *vin;
    const char *standard; /* where the plan says nothing; may have placeholders as well */
};
/* Appends the topic, placeholders filled in. */
bool plan_topic(const struct plan *p, const struct plan_names *names, struct buf *out);

#endif
