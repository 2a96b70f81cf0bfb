/*
 * orders.h — the documents by which the cloud tells a car its campaigns, and what the car says of
 * them. One document names them all: it takes the place of the one before.
 *
 *     {"token": "t1", "campaigns": [{…}, {…}]}           see campaign.h
 *     {"status": "ACCEPTED", "token": "t1",
 *      "campaigns": [{"id": "a", "status": "ACTIVE"},
 *                    {"id": "b", "status": "REJECTED", "reason": "no signal 'x' in model y"}]}
 */
#ifndef TELEMETRY_ORDERS_H
#define TELEMETRY_ORDERS_H

#include "telemetry/campaign.h"

struct orders {
    struct campaign *campaigns[CAMPAIGNS_MAX]; /* the accepted ones */
    size_t count;
};

/* Reads a document and appends the car's answer. An empty one names no campaign. False: the whole
   document is refused, and what was in force stays. */
bool orders_read(struct slice payload, const struct signal_schema *schema, int64_t wall_ms,
                 struct orders *ret, struct buf *answer);
void orders_done(struct orders *o);
/* Appends what a car says when a campaign has come to its end. */
void orders_ended(const struct campaign *campaign, struct buf *answer);

#endif
